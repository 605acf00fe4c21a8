"""Compute nbviz/colormaps.json: `python tools/colormaps.py`.

The perceptual maps are curves in OKLab (Ottosson 2020), whose lightness L in 0..1 follows what the eye sees:
equal steps in the value become equal steps in lightness, and no edge appears where the data has none.

ember  sequential, dark violet through red and orange to pale yellow, L rising linearly
tide   diverging, blue through light grey to red, L falling linearly and equally on both sides
grey   the value itself as an sRGB grey
jet    the classic rainbow by its formula; uneven in lightness, so it is never a default
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ANCHORS = 33
TARGET = Path(__file__).parent.parent / "nbviz" / "colormaps.json"

_LAB_TO_LMS = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def linear_rgb(lab: Floats) -> Floats:
    """OKLab (…, 3) to linear-light RGB; outside 0..1 where a screen cannot show the colour."""
    light: Floats = (lab @ _LAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T
    return light


def oklab(srgb: Floats) -> Floats:
    """sRGB (…, 3) in 0..1 to OKLab."""
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lab: Floats = np.cbrt(light @ np.linalg.inv(_LMS_TO_RGB).T) @ np.linalg.inv(_LAB_TO_LMS).T
    return lab


def srgb(lab: Floats) -> Floats:
    """OKLab to sRGB in 0..1, clipped."""
    light = linear_rgb(lab).clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def polar(lightness: Floats, chroma: Floats, degrees: Floats) -> Floats:
    """OKLab from lightness, chroma and hue angle; chroma is reduced to what a screen can show, lightness never."""
    hue = np.radians(degrees)
    direction = np.stack([np.zeros_like(hue), np.cos(hue), np.sin(hue)], -1)
    base = np.stack([lightness, np.zeros_like(hue), np.zeros_like(hue)], -1)
    low, high = np.zeros_like(chroma), chroma.copy()
    for _ in range(40):
        middle = (low + high) / 2
        shown = linear_rgb(base + middle[:, None] * direction)
        fits = ((shown >= 0) & (shown <= 1)).all(-1)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    lab: Floats = base + low[:, None] * direction
    return lab


def ember() -> Floats:
    """Sequential: hue turns from violet (300°) over red (20°) and orange to yellow (105°) while L rises."""
    t = np.linspace(0, 1, ANCHORS)
    stops = np.array([0, 0.25, 0.5, 0.75, 1])
    degrees = np.interp(t, stops, [300, 345, 395, 426, 465])
    chroma = np.interp(t, stops, [0.075, 0.16, 0.19, 0.165, 0.085])
    return srgb(polar(np.interp(t, [0, 1], [0.16, 0.96]), smooth(chroma), smooth(degrees)))


def tide() -> Floats:
    """Diverging: blue (255°) below zero, red (27°) above; chroma and darkness grow with the distance from zero."""
    t = np.linspace(-1, 1, ANCHORS)
    distance = np.abs(t)
    return srgb(polar(0.955 - 0.535 * distance, 0.15 * distance, np.where(t < 0, 255.0, 27.0)))


def smooth(values: Floats) -> Floats:
    """Round the corners of a polyline by a short moving average, ends kept."""
    padded = np.concatenate([2 * values[0] - values[4:0:-1], values, 2 * values[-1] - values[-2:-6:-1]])
    return np.convolve(padded, np.ones(9) / 9, "valid")


def grey() -> Floats:
    return np.linspace(0, 1, ANCHORS)[:, None].repeat(3, 1)


def jet() -> Floats:
    t = np.linspace(0, 1, ANCHORS)[:, None]
    colours: Floats = (1.5 - np.abs(4 * t - np.array([3, 2, 1]))).clip(0, 1)
    return colours


def hexes(colours: Floats) -> list[str]:
    """sRGB in 0..1 as `#rrggbb`."""
    return ["#" + bytes(row).hex() for row in np.rint(colours * 255).astype(np.uint8)]


def colormaps() -> dict[str, dict[str, object]]:
    """The content of colormaps.json."""
    maps = {"ember": (False, ember()), "tide": (True, tide()), "grey": (False, grey()), "jet": (False, jet())}
    return {name: {"signed": signed, "anchors": hexes(colours)} for name, (signed, colours) in maps.items()}


if __name__ == "__main__":
    TARGET.write_text(json.dumps(colormaps(), indent=1) + "\n")
