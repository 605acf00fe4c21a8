"""Heat maps of classes, to be laid over the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ... import images as pictures
from ...address import Sum, Target
from ...errors import BadRequest
from ...methods import Attribution, Method, Recording
from ..session import Bytes, Report, Session
from .common import Result, finite, method_named


def overlay(
    session: Session,
    report: Report,
    image: int,
    method: str,
    targets: list[Any],
    layer: str | None,
    params: dict[str, Any] | None = None,
) -> Result:
    """Heat maps of one or several classes; a method that samples reports its map so far at every step."""
    row = method_named(method, "class")
    recording = session.recording(image)
    options = _options(row, layer, params)
    aims = targets or [None]
    found: list[Attribution] = []
    for i, target in enumerate(aims):
        of = f" of class {i + 1} of {len(aims)}" if len(aims) > 1 else ""
        report(i, len(aims), f"{row.label}{of}")
        if "on_step" in row.accepts:
            options["on_step"] = _reporting(session, report, row, recording, found, len(aims))
        found.append(row.function(session.net, recording, _aim(session, target), **options))
    return _heat_maps(session, row, recording, found)


def _aim(session: Session, target: Any) -> Any:
    """A pair is one class minus another."""
    if not isinstance(target, list):
        return target
    plus, minus = map(session.net.logit, target)
    return plus - minus


def _options(row: Method, layer: str | None, params: dict[str, Any] | None) -> dict[str, Any]:
    """The method's keyword arguments, checked."""
    options = row.options(params or {})
    if layer is not None and "layer" not in row.accepts:
        raise BadRequest(f"{row.label} is not computed at a layer, so there is none to choose.")
    return {**options, "layer": layer} if "layer" in row.accepts else options


def _reporting(
    session: Session, report: Report, row: Method, recording: Recording, done: list[Attribution], targets: int
) -> Callable[..., None]:
    """What a sampling method calls at every step: tells the step, and shows the map so far if it will be seen."""

    def on_step(step: int, steps: int, partial: Callable[[], Attribution]) -> None:
        begun = len(done) * steps
        message = f"{row.label}: {step} of {steps}"
        report(
            begun + step, targets * steps, message,
            lambda: _heat_maps(session, row, recording, [*done, partial()]),
        )  # fmt: skip

    return on_step


def _heat_maps(session: Session, row: Method, recording: Recording, found: list[Attribution]) -> Result:
    heat = [torch.from_numpy(a.heatmap()) for a in found]
    scaled = [_heat_codes(a, h) for a, h in zip(found, heat, strict=True)]
    meta = {
        "method": row.name,
        "label": row.label,
        "layer": found[0].layer,
        "height": heat[0].shape[0],
        "width": heat[0].shape[1],
        "signed": found[0].signed,
        "maps": [
            {
                **_class_facts(session, recording.logits[0], a.target),
                "lo": lo,
                "hi": hi,
                "empty": not bool(h.any()),
                # What this picture lacks and what the method is to be read with are two things.
                "note": " – ".join(filter(None, (a.note, row.note))),
                "numbers": finite(a.numbers),
            }
            for a, h, (_, lo, hi) in zip(found, heat, scaled, strict=True)
        ],
    }
    return meta, [codes for codes, _, _ in scaled]


def _heat_codes(found: Attribution, heat: torch.Tensor) -> tuple[Bytes, float, float]:
    """Bytes of a map with the values they stand for."""
    if found.signed and found.space == "input":
        # A few pixels of many times the usual size would leave all others without colour.
        scale = pictures.robust_scale(heat)
        return pictures.normalise(heat, (-scale, scale) if scale else "signed")
    return pictures.normalise(heat, "signed" if found.signed else "unsigned")


def _class_facts(session: Session, logits: torch.Tensor, target: Target | None) -> dict[str, Any]:
    """The class of a map, and the one that it is compared with where the target is a difference."""
    if isinstance(target, Sum):
        (_, plus), (_, minus) = target.parts
        return {"target": _class(session, logits, plus), "minus": _class(session, logits, minus)}
    return {"target": _class(session, logits, target), "minus": None}


def _class(session: Session, logits: torch.Tensor, target: Target | None) -> dict[str, Any]:
    index = getattr(target, "index", 0)
    values = logits.detach().float()
    return {
        "index": index,
        "label": session.net.label(index),
        "logit": float(values[index]),
        "probability": float(values.softmax(0)[index]),
    }
