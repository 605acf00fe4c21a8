"""The strongest patch of the data set for each of some channels of a layer, as the tiles of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ... import images as pictures
from ...address import Unit
from ...errors import NbvizError, OutOfRange
from ..session import Report, Session
from .common import Result, atlas_of, joined

if TYPE_CHECKING:
    from ...atlas import Atlas, Patch

TILE_PIXELS = 64
"""Longest side of a tile: what the layer's units see of a picture is reduced to it, all of them by one factor."""
DEAD = "dead: no picture of the data set brings it above zero"

Shape = tuple[int, int]


def strongest(session: Session, report: Report, layer: str, first: int, count: int) -> Result:
    """The strongest patches of channels `first` … `first + count - 1`; empty, and why, for those without one."""
    atlas, found = atlas_of(session), session.net.layer(layer)
    if first + count > found.channels:
        raise OutOfRange(f"Layer {found.name!r} has channels 0 to {found.channels - 1}, not {first + count - 1}.")
    seen, total = atlas.progress
    reach = _reach(session, found.name)
    factor = min(1.0, TILE_PIXELS / max(reach))
    files: list[bytes] = []
    told: list[dict[str, Any]] = []
    for channel in range(first, first + count):
        report(channel - first, count, f"strongest patches of {found.name}: {channel} of {found.channels} units")
        file, facts = _tile(atlas, Unit(found.name, channel), factor)
        files.append(file)
        told.append({"channel": channel, "length": len(file), **facts})
    height, width = (max(1, round(side * factor)) for side in reach)
    meta = {
        "layer": found.name,
        "channels": found.channels,
        "height": height,
        "width": width,
        "seen": seen,
        "total": total,
        "complete": atlas.complete,
        "tiles": told,
    }
    return meta, [joined(files)]


def _reach(session: Session, layer: str) -> Shape:
    """Height and width of what a unit sees of a picture, where no border cuts it."""
    field, (height, width) = session.net.layer(layer).receptive_field, session.net.input_size
    return (height, width) if field is None else (min(field.size[0], height), min(field.size[1], width))


def _tile(atlas: Atlas, unit: Unit, factor: float) -> tuple[bytes, dict[str, Any]]:
    patch = next(iter(atlas.top(unit, k=1)), None)
    if patch is None:
        return b"", _facts(None, "no picture was looked at so far")
    if patch.score <= 0:
        return b"", _facts(patch, DEAD)
    try:
        image = patch.image
    except NbvizError as error:
        return b"", _facts(patch, str(error))
    if image is None:
        return b"", _facts(patch, "it sees nothing but the border")
    return _file(image, patch, factor), _facts(patch, "")


def _facts(patch: Patch | None, note: str) -> dict[str, Any]:
    named = {} if patch is None else {"score": patch.score, "name": patch.name, "label": patch.label}
    return {"score": None, "name": "", "label": None, **named, "note": note}


def _file(image: Image.Image, patch: Patch, factor: float) -> bytes:
    """The patch at the layer's scale; one larger than the layer's tile, of a picture of another size, fits into it."""
    y0, x0, y1, x1 = patch.box
    factor = min(factor, TILE_PIXELS / max(y1 - y0, x1 - x0))
    size = max(1, round((x1 - x0) * factor)), max(1, round((y1 - y0) * factor))
    small = image.convert("RGB")
    if small.size != size:
        small = small.resize(size, Image.Resampling.BOX)
    return pictures.encode(np.asarray(small), "webp")
