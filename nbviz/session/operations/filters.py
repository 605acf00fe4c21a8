"""The filters of a convolution as pictures."""

from __future__ import annotations

import torch
from torch import Tensor

from ...methods import filters
from ..session import Report, Session
from .common import Result

# A tile shows no more input planes than can be told apart; those with the largest weights are shown.
PLANES = 16
POINTS = 64
"""The same for planes of a single weight."""


def filters_of(session: Session, report: Report, layer: str | None) -> Result:
    """The filters of a convolution around grey, each stretched over its own largest weight, which travels with it."""
    found = filters(session.net, layer)
    count, inputs, height, width = found.values.shape
    channels = inputs if inputs in (1, 3) else 1
    planes = found.values.reshape(count, inputs // channels, channels, height, width)
    planes, which = _strongest(planes, POINTS if height == width == 1 else PLANES)
    tops = planes.abs().flatten(1).amax(1)
    codes = (planes / tops.clamp_min(1e-12)[:, None, None, None, None] * 127).round().add(128).to(torch.uint8)
    meta = {
        "layer": found.layer,
        "count": count,
        "height": height,
        "width": width,
        "channels": channels,
        "planes": planes.shape[1],
        "inputs": inputs,
        "scale": float(tops.max()),
        "note": "each filter on its own scale, grey is zero",
    }
    return meta, [codes.permute(0, 1, 3, 4, 2).numpy(), tops.numpy().astype("<f4"), which.numpy().astype("<i4")]


def _strongest(planes: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Of planes (filters, planes, …) at most `most` a filter, those of the largest norm first, with their numbers."""
    if planes.shape[1] <= most:
        return planes, torch.arange(planes.shape[1]).expand(len(planes), -1)
    norms = planes.flatten(2).norm(dim=2)
    which = norms.argsort(dim=1, descending=True, stable=True)[:, :most]
    index = which[(...,) + (None,) * (planes.dim() - 2)].expand(-1, -1, *planes.shape[2:])
    return planes.gather(1, index), which
