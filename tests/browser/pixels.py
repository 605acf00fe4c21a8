"""What a person sees, as numbers."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
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


def held(shown: Locator) -> Picture:
    """The pixels that an image or a canvas holds, before the browser lays them on the screen: (H, W, 3) uint8."""
    address: str = shown.evaluate(
        """async (shown) => {
            if (shown instanceof HTMLCanvasElement) return shown.toDataURL();
            await shown.decode();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [shown.naturalWidth, shown.naturalHeight];
            canvas.getContext("2d").drawImage(shown, 0, 0);
            return canvas.toDataURL();
        }"""
    )
    png = base64.b64decode(address.partition(",")[2])
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


@dataclass(frozen=True)
class Box:
    """A rectangle of the window, in CSS pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """0 where nothing is left of it."""
        return max(0.0, self.bottom - self.top)

    def overlaps(self, other: Box) -> bool:
        """Whether they share more than an edge; rounding aside."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide > 0.5 and high > 0.5


def seen(shown: Locator) -> Box:
    """The part of an element that no element around it cuts off, by scrolling or otherwise."""
    left, top, right, bottom = shown.evaluate(
        """element => {
            let { left, top, right, bottom } = element.getBoundingClientRect();
            const around = of => of.assignedSlot ?? of.parentElement ?? of.getRootNode().host;
            // What a page says of its body holds for the window.
            for (let outer = around(element); outer && outer !== document.body; outer = around(outer)) {
                if (getComputedStyle(outer).overflowY === "visible") continue;
                const box = outer.getBoundingClientRect();
                [left, top] = [Math.max(left, box.left), Math.max(top, box.top)];
                [right, bottom] = [Math.min(right, box.right), Math.min(bottom, box.bottom)];
            }
            return [left, top, right, bottom];
        }"""
    )
    return Box(left, top, right, bottom)
