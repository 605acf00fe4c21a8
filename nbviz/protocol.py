"""The messages between kernel and page; `js/src/protocol.ts` mirrors them, `tests/contract/` holds both to it."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import BadRequest

SLOTS = (
    "picture",
    "thumbnails",
    "maps",
    "overlay",
    "projection",
    "excites",
    "gallery",
    "strongest",
    "interaction",
    "neighbours",
    "patches",
    "examples",
    "filters",
    "survey",
    "census",
    "contributions",
    "groups",
    "occlude",
    "picture_b",
    "maps_b",
    "overlay_b",
    "projection_b",
    "excites_b",
    "gallery_b",
    "filters_b",
    "upload",
    "adopt",
    "original",
    "dream",
    "inversion",
)
"""The panels that ask."""
MOST_TERMS = 8
"""Units that one picture may be searched for together."""
MOST_LAYERS = 16
"""Layers whose memory of a picture is asked for at once."""


@dataclass(frozen=True)
class Check:
    """Whether a value from the page fits, and what would, in words."""

    fits: Callable[[Any], bool]
    what: str

    def or_null(self) -> Check:
        """The same, or nothing at all."""
        return Check(lambda value: value is None or self.fits(value), f"{self.what}, or null")


def _is_count(value: Any) -> bool:
    # A bool is an int to isinstance, and never what is meant here.
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_class_or_two(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2 and all(map(_is_count, value))
    return value is None or _is_count(value) or pair


def _are_params(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and (item is None or isinstance(item, (str, int, float, bool)))
        for name, item in value.items()
    )


def _are_terms(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 0 < len(value) <= MOST_TERMS
        and all(isinstance(t, list) and len(t) == 2 and WEIGHT.fits(t[0]) and NAME.fits(t[1]) for t in value)
    )


def _is_dreamt(value: Any) -> bool:
    kinds = {"layer": NAME, "unit": NAME, "logit": COUNT}
    return isinstance(value, Mapping) and len(value) == 1 and all(k in kinds and kinds[k].fits(value[k]) for k in value)


def _is_aim(value: Any) -> bool:
    kinds = {"unit": NAME, "logit": COUNT, "probability": COUNT, "terms": TERMS}
    return isinstance(value, Mapping) and len(value) == 1 and all(k in kinds and kinds[k].fits(value[k]) for k in value)


TEXT = Check(lambda value: isinstance(value, str), "a text")
NAME = Check(lambda value: isinstance(value, str) and value != "", "a text that is not empty")
COUNT = Check(_is_count, "a whole number from 0")
WEIGHT = Check(
    lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value), "a number"
)
SIZE = Check(lambda value: _is_count(value) and value > 0, "a whole number from 1")
SLOT = Check(lambda value: value in SLOTS, f"one of {', '.join(SLOTS)}")
CLASSES = Check(
    lambda value: isinstance(value, list) and bool(value) and all(map(_is_class_or_two, value)),
    "a list of at least one class index, null, or pair of class indices",
)
BOX = Check(lambda value: isinstance(value, list) and len(value) == 4 and all(map(_is_count, value)), "four pixels")
TERMS = Check(_are_terms, f"a list of 1 to {MOST_TERMS} pairs of a weight and a unit")
AIM = Check(
    _is_aim,
    "an object with either unit (a text), logit or probability (a class index), or terms (pairs of a weight and a "
    "unit)",
)
IMAGES = Check(
    lambda value: isinstance(value, list) and bool(value) and all(_is_count(item) for item in value),
    "a list of at least one picture's number",
)
DREAMT = Check(_is_dreamt, "an object with either layer or unit (a text) or logit (a class index)")
LAYERS = Check(
    lambda value: isinstance(value, list) and 0 < len(value) <= MOST_LAYERS and all(NAME.fits(name) for name in value),
    f"a list of 1 to {MOST_LAYERS} layers",
)
POSITIVE = Check(lambda value: WEIGHT.fits(value) and value > 0, "a number above 0")
PARAMS = Check(_are_params, "an object of plain values by the names of a method's parameters")

# The operations a page may ask for, with the arguments each needs. What may be null may also be left out.
OPERATIONS: dict[str, dict[str, Check]] = {
    "picture": {"image": COUNT},
    "thumbnails": {},
    "maps": {"image": COUNT, "layer": NAME},
    "overlay": {
        "image": COUNT,
        "method": NAME,
        "targets": CLASSES,
        "layer": NAME.or_null(),
        "params": PARAMS.or_null(),
    },
    "projection": {"image": COUNT, "unit": NAME, "method": NAME, "params": PARAMS.or_null()},
    "synthesis": {
        "target": AIM,
        "steps": SIZE,
        "size": SIZE.or_null(),
        "seed": COUNT,
        "param": NAME.or_null(),
    },
    "gallery": {"layer": NAME, "steps": SIZE, "size": SIZE.or_null(), "seed": COUNT},
    "interaction": {"a": NAME, "b": NAME, "count": SIZE, "steps": SIZE, "size": SIZE.or_null(), "seed": COUNT},
    "neighbours": {"image": COUNT, "unit": NAME},
    "patches": {"unit": NAME, "method": NAME},
    "strongest": {"layer": NAME, "first": COUNT, "count": SIZE},
    "examples": {"unit": NAME, "bin": COUNT},
    "adopt": {"picture": COUNT},
    "filters": {"layer": NAME.or_null()},
    "occlude": {"image": COUNT, "box": BOX, "fill": NAME, "target": COUNT.or_null()},
    "upload": {"file": NAME, "name": TEXT, "part": COUNT, "parts": SIZE},
    "extremes": {"images": IMAGES.or_null()},
    "contributions": {"image": COUNT, "layer": NAME, "target": COUNT.or_null()},
    "groups": {"images": IMAGES, "layer": NAME, "count": SIZE, "seed": COUNT},
    "original": {"image": COUNT, "size": SIZE.or_null()},
    "dream": {
        "image": COUNT,
        "target": DREAMT,
        "guide": COUNT.or_null(),
        "octaves": SIZE,
        "steps": SIZE,
        "strength": POSITIVE,
        "size": SIZE.or_null(),
        "seed": COUNT,
    },
    "inversion": {"image": COUNT, "layers": LAYERS.or_null(), "steps": SIZE, "seed": COUNT},
}


@dataclass(frozen=True)
class Hello:
    """A view was opened or reconnected."""

    view_id: str


@dataclass(frozen=True)
class Request:
    """Compute `op` and answer to `rid`; a newer request of the same `slot` supersedes this one.

    `network` is 0, which need not be said, or 1 for the one beside it.
    """

    rid: str
    slot: str
    op: str
    args: Mapping[str, Any] = field(default_factory=dict)
    network: int = 0


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
        return Hello(_field(content, "view_id", NAME))
    if kind == "cancel":
        return Cancel(_field(content, "rid", NAME))
    if kind == "frame_ack":
        return FrameAck(_field(content, "rid", NAME), _field(content, "seq", COUNT))
    if kind == "request":
        return _request(content)
    raise BadRequest(
        f"There is no message of type {reprlib.repr(kind)}; known are hello, request, cancel and frame_ack."
    )


def _request(content: Mapping[str, Any]) -> Request:
    op = _field(content, "op", NAME)
    if op not in OPERATIONS:
        raise BadRequest(f"There is no operation {reprlib.repr(op)}; known are {', '.join(OPERATIONS)}.")
    args = {name: _field(content, name, check, op) for name, check in OPERATIONS[op].items()}
    network = _field(content, "network", COUNT) if "network" in content else 0
    return Request(_field(content, "rid", NAME), _field(content, "slot", SLOT), op, args, network)


def with_bytes(request: Request, buffers: Sequence[Any]) -> Request:
    """A part of an upload with its bytes, which travel beside the message, as the argument `data`."""
    if request.op != "upload":
        return request
    if len(buffers) != 1:
        raise BadRequest(f"A part of an upload comes with one buffer, not {len(buffers)}.")
    return replace(request, args={**request.args, "data": bytes(buffers[0])})


def _field(content: Mapping[str, Any], name: str, check: Check, op: str = "") -> Any:
    value = content.get(name)
    if check.fits(value):
        return value
    message = repr(op or content.get("type"))
    if name not in content:
        raise BadRequest(f"The message {message} lacks {name!r}, {check.what}.")
    raise BadRequest(f"{name!r} of {message} must be {check.what}, not {reprlib.repr(value)}.")


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
