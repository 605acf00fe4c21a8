"""What a person sees, as numbers."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    Picture = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]

# Differences up to this many of 256 levels are rounding and antialiasing.
NOISE = 8


def picture(shown: Locator | Page) -> Picture:
    """An element (scrolled into view) or a page as it is painted: (H, W, 3) uint8."""
    png = shown.screenshot(animations="disabled")
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def changed(before: Picture, after: Picture) -> float:
    """Share of the pixels, 0 to 1, that changed visibly; 1 where the size changed."""
    if before.shape != after.shape:
        return 1.0
    distance = np.abs(before.astype(np.int16) - after.astype(np.int16)).max(axis=-1)
    return float((distance > NOISE).mean())


def differs(before: Picture, after: Picture, share: float = 0.01) -> bool:
    """Whether at least `share` of the pixels changed visibly."""
    return changed(before, after) >= share


def is_blank(shown: Picture, share: float = 0.01) -> bool:
    """Whether one colour fills all but less than `share` of the pixels."""
    colours, counts = np.unique(shown.reshape(-1, 3), axis=0, return_counts=True)
    background = np.broadcast_to(colours[counts.argmax()], shown.shape)
    return changed(background, shown) < share
