"""All maps of a layer on one picture."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from ...errors import NotFinite
from ..session import Report, Session
from .common import Result

# Maps larger than this are averaged down for the grid: a tile has some 48 pixels. And all of them together stay a
# message that is there at once.
GRID_PIXELS = 56
GRID_BYTES = 2**21


def maps(session: Session, report: Report, image: int, layer: str) -> Result:
    """All maps of a layer, each on its own scale, with the scales, the true maxima and where they are."""
    full = session.recording(image).maps(layer).detach().float()
    channels, height, width = full.shape
    flat = full.flatten(1)
    if not bool(torch.isfinite(flat).all()):
        raise NotFinite(f"Layer {layer!r} computes NaN or infinity on this picture.")
    maxima, places = flat.max(1)
    small = full
    factor = min(GRID_PIXELS / max(height, width), (GRID_BYTES / full.numel()) ** 0.5)
    if factor < 1:
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
        "field": _field(session, layer, (height, width)),
    }
    floats = [t.cpu().numpy().astype("<f4") for t in (lows, highs, maxima)]
    return meta, [codes.cpu().numpy(), *floats, places.cpu().numpy().astype("<i4")]


def _field(session: Session, layer: str, grid: tuple[int, int]) -> dict[str, Any] | None:
    """What each row and column of the map sees of the picture; None where that is not known or not so simple."""
    field = session.net.layer(layer).receptive_field
    # A picture that was given as a tensor may be smaller or larger than the one the boxes were followed on.
    if field is None or field.grid != grid or (edges := field.edges) is None:
        return None
    rows, columns = (ends.tolist() for ends in edges)
    return {"size": list(field.size), "rows": rows, "columns": columns}
