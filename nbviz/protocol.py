"""The messages between kernel and page; `js/src/protocol.ts` mirrors them, `tests/contract/` holds both to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import BadRequest

# The operations a page may ask for, with the arguments each needs and their types.
OPERATIONS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "picture": {"image": int},
    "maps": {"image": int, "layer": str},
    "overlay": {"image": int, "method": str, "targets": list, "layer": (str, type(None))},
    "projection": {"image": int, "unit": str, "method": str},
    "synthesis": {"target": dict, "steps": int, "size": (int, type(None)), "seed": int},
    "filters": {"layer": (str, type(None))},
}


@dataclass(frozen=True)
class Hello:
    """A view was opened or reconnected."""

    view_id: str


@dataclass(frozen=True)
class Request:
    """Compute `op` and answer to `rid`; a newer request of the same `slot` supersedes this one."""

    rid: str
    slot: str
    op: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Cancel:
    """Nobody waits for `rid` any more."""

    rid: str


@dataclass(frozen=True)
class FrameAck:
    """Frame `seq` of `rid` has been painted."""

    rid: str
    seq: int


Incoming = Hello | Request | Cancel | FrameAck


def parse(content: Any) -> Incoming:
    """A message of the page; `BadRequest` says what does not fit."""
    if not isinstance(content, Mapping):
        raise BadRequest(f"A message must be an object, not {type(content).__name__}.")
    kind = content.get("type")
    if kind == "hello":
        return Hello(_field(content, "view_id", str))
    if kind == "cancel":
        return Cancel(_field(content, "rid", str))
    if kind == "frame_ack":
        return FrameAck(_field(content, "rid", str), _field(content, "seq", int))
    if kind == "request":
        return _request(content)
    raise BadRequest(f"There is no message of type {kind!r}; known are hello, request, cancel and frame_ack.")


def _request(content: Mapping[str, Any]) -> Request:
    op = _field(content, "op", str)
    if op not in OPERATIONS:
        raise BadRequest(f"There is no operation {op!r}; known are {', '.join(OPERATIONS)}.")
    args = {name: _field(content, name, kind, op) for name, kind in OPERATIONS[op].items()}
    return Request(_field(content, "rid", str), _field(content, "slot", str), op, args)


def _field(content: Mapping[str, Any], name: str, kind: type | tuple[type, ...], op: str = "") -> Any:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if name not in content and type(None) not in kinds:
        raise BadRequest(f"The message {op or content.get('type')!r} lacks {name!r}.")
    value = content.get(name)
    # A bool is an int to isinstance, and never what is meant here.
    if isinstance(value, bool) or not isinstance(value, kinds):
        wanted = " or ".join("null" if k is type(None) else k.__name__ for k in kinds)
        raise BadRequest(f"{name!r} of {op or content.get('type')!r} must be {wanted}, not {type(value).__name__}.")
    return value


def welcome(revision: int) -> dict[str, Any]:
    """Answer to hello: the kernel is there, with weights of this revision."""
    return {"type": "welcome", "revision": revision}


def ack(rid: str) -> dict[str, Any]:
    """The request arrived and waits for its turn."""
    return {"type": "ack", "rid": rid, "state": "queued"}


def progress(rid: str, seq: int, step: int, steps: int, message: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Step `step` of `steps`; a partial picture comes in the buffers, described by `meta`."""
    facts = {"seq": seq, "step": step, "steps": steps, "message": message, "meta": dict(meta)}
    return {"type": "progress", "rid": rid, **facts}


def result(rid: str, op: str, key: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    """The answer; equal keys mean equal content."""
    return {"type": "result", "rid": rid, "op": op, "key": key, "meta": dict(meta)}


def failure(rid: str, op: str, kind: str, message: str, traceback: str) -> dict[str, Any]:
    """The request failed: an exception's class name, one sentence, and the traceback for whoever unfolds it."""
    return {"type": "failure", "rid": rid, "op": op, "kind": kind, "message": message, "traceback": traceback}


def cancelled(rid: str) -> dict[str, Any]:
    """The request was cancelled or superseded."""
    return {"type": "cancelled", "rid": rid}


def stale(revision: int) -> dict[str, Any]:
    """The weights changed; results of an older revision are of the past."""
    return {"type": "stale", "revision": revision}
