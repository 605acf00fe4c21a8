"""Why a unit fires on the picture."""

from __future__ import annotations

from typing import Any

import torch

from ... import images as pictures
from ...address import Unit
from ...errors import OutOfRange
from ...methods import Attribution, Recording
from ..session import Report, Session
from .common import Result, finite, method_named


def projection(
    session: Session, report: Report, image: int, unit: str, method: str, params: dict[str, Any] | None = None
) -> Result:
    """A unit carried back to the pixels by one of the unit methods."""
    row = method_named(method, "unit")
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
        "numbers": finite(found.numbers),
    }
    return meta, [codes]


def _require_place(recording: Recording, unit: Unit) -> None:
    """A picture that was given as a tensor may be smaller than the input that units are checked against."""
    height, width = recording.maps(unit.layer).shape[1:]
    if unit.position and (unit.position[0] >= height or unit.position[1] >= width):
        raise OutOfRange(
            f"On this picture the maps of {unit.layer!r} are {height}×{width}; there is no position {unit.position}."
        )
