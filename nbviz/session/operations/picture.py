"""The pictures of a session, as the network sees them."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from ..session import Bytes, Report, Session
from .common import Result

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
        "note": session.picture(image).note,
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
