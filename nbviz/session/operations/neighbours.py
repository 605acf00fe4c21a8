"""What comes in to a unit and what goes out of it, each with its map on the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from ... import images as pictures
from ...methods import Recording, Side, neighbours
from ..session import Bytes, Report, Session
from .common import Result

THUMBNAIL_PIXELS = 32
"""Longest side of a neighbour's map."""


def neighbours_of(session: Session, report: Report, image: int, unit: str) -> Result:
    """The strongest neighbours on both sides, their maps, and where weights decide their kernels."""
    recording = session.recording(image)
    found = neighbours(session.net, recording, unit)
    incoming, maps_in, kernels_in = _facts(recording, found.incoming)
    outgoing, maps_out, kernels_out = _facts(recording, found.outgoing)
    meta = {"unit": str(found.unit), "incoming": incoming, "outgoing": outgoing}
    return meta, [_joined([*maps_in, *maps_out]), _joined([*kernels_in, *kernels_out])]


def _facts(recording: Recording, side: Side) -> tuple[dict[str, Any], list[Bytes], list[Bytes]]:
    """What the page is told of a side; its kernels share one scale, so that they compare."""
    kernels = [one.kernel for one in side.neighbours if one.kernel is not None]
    scale = max((float(kernel.abs().max()) for kernel in kernels), default=0.0)
    maps = [_map(recording, one.unit.layer, one.unit.channel) for one in side.neighbours]
    told = [
        {
            "unit": str(one.unit),
            "influence": one.influence,
            "height": codes.shape[0],
            "width": codes.shape[1],
            "lo": lo,
            "hi": hi,
            "kernel": [0, 0] if one.kernel is None else list(one.kernel.shape),
        }
        for one, (codes, lo, hi) in zip(side.neighbours, maps, strict=True)
    ]
    facts = {"basis": side.basis, "note": side.note, "scale": scale, "neighbours": told}
    return facts, [codes for codes, _, _ in maps], [pictures.signed_picture(k, scale or None) for k in kernels]


def _map(recording: Recording, layer: str, channel: int) -> tuple[Bytes, float, float]:
    """A channel's map, made small, as bytes between its least and its largest value."""
    full = recording.maps(layer)[channel].detach().float()
    factor = min(1.0, THUMBNAIL_PIXELS / max(full.shape))
    size = [max(1, round(side * factor)) for side in full.shape]
    small = full if factor == 1 else F.interpolate(full[None, None], size, mode="area")[0, 0]
    lo, hi = float(small.min()), float(small.max())
    codes = ((small - lo) / ((hi - lo) or 1.0) * 255).round().to(torch.uint8)
    return codes.cpu().numpy(), lo, hi


def _joined(parts: list[Bytes]) -> Bytes:
    return np.concatenate([part.ravel() for part in parts]) if parts else np.zeros(0, np.uint8)
