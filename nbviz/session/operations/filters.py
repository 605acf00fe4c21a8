"""The filters of a convolution as pictures."""

from __future__ import annotations

import torch

from ...methods import filters
from ..session import Report, Session
from .common import Result


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
