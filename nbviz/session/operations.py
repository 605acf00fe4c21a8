"""What a page can ask for: each operation turns the methods' results into small facts and raw bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from .. import images as pictures
from ..address import Target, Unit
from ..errors import BadRequest, NotFinite, OutOfRange, UnknownName, close_matches
from ..methods import METHODS, Attribution, Method, Recording, filters
from .session import Bytes, Report, Session

Result = tuple[dict[str, Any], list[Bytes]]

# Maps larger than this are averaged down for the grid: a tile has some 48 pixels.
GRID_PIXELS = 56
# Longest side of a thumbnail, twice its size in the page; and of all together at most, to stay a quick message.
THUMBNAIL_PIXELS = 48
THUMBNAIL_BYTES = 2**20


def picture(session: Session, report: Report, image: int) -> Result:
    """The picture as the network sees it, with its five most probable classes."""
    recording = session.recording(image)
    height, width = recording.picture.shape[:2]
    best = session.net.ranked(recording.logits[0], 5) if session.net.classes else []
    meta = {
        "height": height,
        "width": width,
        "name": session.picture(image).name,
        "predictions": [vars(p) for p in best],
    }
    return meta, [recording.picture]


def thumbnails(session: Session, report: Report) -> Result:
    """All pictures as the network gets them, small, without running it."""
    of_each = (THUMBNAIL_BYTES / len(session.pictures) / 3) ** 0.5
    side = int(min(THUMBNAIL_PIXELS, max(8, of_each)))
    small = []
    for i, one in enumerate(session.pictures):
        report(i, len(session.pictures), "thumbnails")
        small.append(_thumbnail(session.net.denormalise(one.x).float(), side))
    return {"sizes": [list(picture.shape[:2]) for picture in small]}, small


def _thumbnail(pixels: torch.Tensor, side: int) -> Bytes:
    """Pixels (1, C, H, W) in [0, 1] as uint8 (h, w, 3), the longer side at most `side`."""
    height, width = pixels.shape[2:]
    factor = min(1.0, side / max(height, width))
    colours = pixels if pixels.shape[1] in (1, 3) else pixels.mean(1, keepdim=True)
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    small = F.interpolate(colours.clamp(0, 1), size, mode="area")[0].mul(255).round().to(torch.uint8)
    return np.ascontiguousarray(small.expand(3, -1, -1).permute(1, 2, 0).cpu().numpy())


def maps(session: Session, report: Report, image: int, layer: str) -> Result:
    """All maps of a layer, each on its own scale, with the scales, the true maxima and where they are."""
    full = session.recording(image).maps(layer).detach().float()
    channels, height, width = full.shape
    flat = full.flatten(1)
    if not bool(torch.isfinite(flat).all()):
        raise NotFinite(f"Layer {layer!r} computes NaN or infinity on this picture.")
    maxima, places = flat.max(1)
    small = full
    if max(height, width) > GRID_PIXELS:
        factor = GRID_PIXELS / max(height, width)
        size = (max(1, round(height * factor)), max(1, round(width * factor)))
        small = F.interpolate(full[None], size, mode="area")[0]
    lows, highs = small.flatten(1).min(1).values, small.flatten(1).max(1).values
    spans = (highs - lows).where(highs > lows, torch.ones_like(highs))
    codes = ((small - lows[:, None, None]) / spans[:, None, None] * 255).round().to(torch.uint8)
    meta = {
        "layer": layer,
        "channels": channels,
        "height": small.shape[1],
        "width": small.shape[2],
        "full": [height, width],
        "lo": float(lows.min()),
        "hi": float(highs.max()),
    }
    floats = [t.cpu().numpy().astype("<f4") for t in (lows, highs, maxima)]
    return meta, [codes.cpu().numpy(), *floats, places.cpu().numpy().astype("<i4")]


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
    row = _method(method, "class")
    recording = session.recording(image)
    options = _options(row, layer, params)
    aims = targets or [None]
    found: list[Attribution] = []
    for i, target in enumerate(aims):
        of = f" of class {i + 1} of {len(aims)}" if len(aims) > 1 else ""
        report(i, len(aims), f"{row.label}{of}")
        if "on_step" in row.accepts:
            options["on_step"] = _reporting(session, report, row, recording, found, len(aims))
        found.append(row.function(session.net, recording, target, **options))
    return _heat_maps(session, row, recording, found)


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
                "target": _class_facts(session, recording.logits[0], a.target),
                "lo": lo,
                "hi": hi,
                "empty": not bool(h.any()),
                # What this picture lacks and what the method is to be read with are two things.
                "note": " – ".join(filter(None, (a.note, row.note))),
                "numbers": _finite(a.numbers),
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


def projection(
    session: Session, report: Report, image: int, unit: str, method: str, params: dict[str, Any] | None = None
) -> Result:
    """A unit carried back to the pixels by one of the unit methods."""
    row = _method(method, "unit")
    aim = session.net.unit(unit)
    recording = session.recording(image)
    _require_place(recording, aim)
    found: Attribution = row.function(session.net, recording, aim, **row.options(params or {}))
    values = found.values if found.values.shape[0] in (1, 3) else torch.from_numpy(found.heatmap())[None]
    scale = pictures.robust_scale(values)
    codes = pictures.signed_picture(values, scale or None)
    field = session.net.layer(aim.layer).receptive_field
    position = recording.locate(aim)
    meta = {
        "method": method,
        "label": row.label,
        "unit": str(aim),
        "value": found.score,
        "position": list(position),
        "height": codes.shape[0],
        "width": codes.shape[1],
        "channels": values.shape[0],
        "scale": scale,
        "box": None if field is None else [int(edge) for edge in field.box(*position)],
        "note": found.note or row.note,
        "numbers": _finite(found.numbers),
    }
    return meta, [codes]


def synthesis(
    session: Session, report: Report, target: dict[str, Any], steps: int, size: int | None, seed: int
) -> Result:
    """Activation maximisation, reporting every step with the picture so far."""
    from ..synthesis import Step, visualize

    aim = _synthesis_target(session, target)
    natural = session.natural_max(aim) if isinstance(aim, Unit) else None

    def on_step(step: Step) -> None:
        def partial() -> Result:
            frame = step.picture()
            meta = {"height": frame.shape[0], "width": frame.shape[1], "value": step.value, "natural_ratio": None}
            return meta, [frame]

        report(step.step, step.steps, f"step {step.step} of {step.steps}", partial)

    found = visualize(session.net, aim, steps=steps, size=size, seed=seed, on_step=on_step, natural_max=natural)
    frame = np.asarray(found.image.convert("RGB"))
    meta = {
        "height": frame.shape[0],
        "width": frame.shape[1],
        "value": found.value,
        "natural_ratio": found.natural_ratio,
        "objective": str(found.objective),
        "activation": found.value if found.activation is None else found.activation,
        "steps": found.steps,
        "seed": found.seed,
        "trace": list(found.trace),
        "code": found.code,
    }
    return meta, [frame]


def filters_of(session: Session, report: Report, layer: str | None) -> Result:
    """The filters of a convolution, each on its own scale around grey."""
    found = filters(session.net, layer)
    count, inputs, height, width = found.values.shape
    channels = inputs if inputs in (1, 3) else 1
    tops = found.values.abs().flatten(1).amax(1).clamp_min(1e-12)
    planes = found.values.reshape(count, inputs // channels, channels, height, width) / tops[:, None, None, None, None]
    codes = (planes * 127).round().add(128).to(torch.uint8).permute(0, 1, 3, 4, 2)
    meta = {
        "layer": found.layer,
        "count": count,
        "height": height,
        "width": width,
        "channels": channels,
        "planes": inputs // channels,
        "scale": float(tops.max()),
        "note": "each filter on its own scale, grey is zero",
    }
    return meta, [codes.numpy()]


OPERATIONS: dict[str, Callable[..., Result]] = {
    "picture": picture,
    "thumbnails": thumbnails,
    "maps": maps,
    "overlay": overlay,
    "projection": projection,
    "synthesis": synthesis,
    "filters": filters_of,
}


def _method(name: str, asks: str) -> Method:
    row = METHODS.get(name)
    if row is None:
        raise UnknownName(f"There is no method {name!r}.{close_matches(name, METHODS)}")
    if row.asks != asks:
        fitting = ", ".join(m.name for m in METHODS.values() if m.asks == asks)
        raise BadRequest(f"{row.label} asks for a {row.asks}, not for a {asks}; for that there are {fitting}.")
    return row


def _finite(numbers: Mapping[str, float]) -> dict[str, float]:
    """Numbers as a message can carry them: JSON has no NaN and no infinity."""
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}


def _require_place(recording: Recording, unit: Unit) -> None:
    """A picture that was given as a tensor may be smaller than the input that units are checked against."""
    height, width = recording.maps(unit.layer).shape[1:]
    if unit.position and (unit.position[0] >= height or unit.position[1] >= width):
        raise OutOfRange(
            f"On this picture the maps of {unit.layer!r} are {height}×{width}; there is no position {unit.position}."
        )


def _class_facts(session: Session, logits: torch.Tensor, target: Target | None) -> dict[str, Any]:
    index = getattr(target, "index", 0)
    values = logits.detach().float()
    return {
        "index": index,
        "label": session.net.label(index),
        "logit": float(values[index]),
        "probability": float(values.softmax(0)[index]),
    }


def _synthesis_target(session: Session, target: dict[str, Any]) -> Target:
    net = session.net
    makers: dict[str, Callable[[Any], Target]] = {"unit": net.unit, "logit": net.logit, "probability": net.probability}
    for name, make in makers.items():
        if name in target:
            return make(target[name])
    raise BadRequest(f"A synthesis asks for one of {', '.join(makers)}, not {', '.join(target) or 'nothing'}.")
