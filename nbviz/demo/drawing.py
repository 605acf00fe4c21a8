"""What scenes are drawn from: shapes and clutter as signed distances, textures, colours, and the brush.

A shape answers, for coordinates in units of its own radius, the distance to its outline (negative inside). Distances
make edges smooth without drawing at a higher resolution: a pixel is covered by half a pixel minus its distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]
"""A number for every pixel of a window, or (…, 3) colours in [0, 1]."""


# Shapes: (x, y) in radii, y downwards -> signed distance in radii. Sizes are chosen so that all look equally big.


def disc(x: Field, y: Field) -> Field:
    return np.hypot(x, y) - 0.86


def square(x: Field, y: Field) -> Field:
    return np.maximum(np.abs(x), np.abs(y)) - 0.76


def triangle(x: Field, y: Field) -> Field:
    return np.maximum(y, np.float32(0.75**0.5) * np.abs(x) - np.float32(0.5) * y) - 0.54


def star(x: Field, y: Field) -> Field:
    """Five points; the plane is folded onto half a point, where the outline is one straight edge."""
    outer, inner, fifth = 1.08, 0.52, 2 * np.pi / 5
    angle = np.abs((np.arctan2(x, -y) + fifth / 2) % fifth - fifth / 2)
    radius = np.hypot(x, y)
    edge = np.array([inner * np.cos(fifth / 2) - outer, inner * np.sin(fifth / 2)])
    edge = edge / np.hypot(*edge)
    along, across = radius * np.cos(angle) - outer, radius * np.sin(angle)
    distance: Field = (along * edge[1] - across * edge[0]).astype(np.float32)
    return distance


def heart(x: Field, y: Field) -> Field:
    """Two discs, and the wedge between the lines that touch them and meet in the foot."""
    radius, foot, middle = 0.48, 0.92, np.array([0.44, -0.32])
    tilt = np.arctan2(middle[0], foot - middle[1]) + np.arcsin(radius / np.hypot(middle[0], foot - middle[1]))
    sine, cosine = np.float32(np.sin(tilt)), np.float32(np.cos(tilt))
    x = np.abs(x)
    lobe = np.hypot(x - np.float32(middle[0]), y - np.float32(middle[1])) - np.float32(radius)
    flank = cosine * x + sine * (y - np.float32(foot))
    above_touch = sine * (x - np.float32(middle[0])) - cosine * (y - np.float32(middle[1]))
    wedge = np.maximum(np.maximum(flank, above_touch), np.float32(middle[1]) - y)
    distance: Field = np.minimum(lobe, wedge)
    return distance


SHAPES: dict[str, Callable[[Field, Field], Field]] = {
    "disc": disc,
    "square": square,
    "triangle": triangle,
    "star": star,
    "heart": heart,
}


# Clutter: outlines that are none of the shapes.


@dataclass(frozen=True)
class Amoeba:
    """A long, wavy blob; `waves` holds the amplitudes and phases of its second to fifth harmonic."""

    waves: Field

    def __call__(self, x: Field, y: Field) -> Field:
        angle, outline = np.arctan2(y, x * np.float32(0.6)), np.float32(0.62)
        for k, (amplitude, phase) in enumerate(self.waves, start=2):
            outline = outline + amplitude * np.cos(k * angle + phase)
        distance: Field = (np.hypot(x * np.float32(0.6), y) - outline) * np.float32(0.8)
        return distance


@dataclass(frozen=True)
class Arc:
    """A bent stroke: `half` the angle on both sides of its middle, `width` in radii."""

    half: float
    width: float

    def __call__(self, x: Field, y: Field) -> Field:
        sine, cosine = np.float32(np.sin(self.half)), np.float32(np.cos(self.half))
        x = np.abs(x)
        end = np.hypot(x - sine, y - cosine)
        body = np.abs(np.hypot(x, y) - 1)
        distance: Field = np.where(cosine * x > sine * y, end, body) - np.float32(self.width)
        return distance


# Textures: (x, y, period) in pixels -> share of the second colour in [0, 1].


def _cover(distance: Field) -> Field:
    """The share of a pixel that lies inside an outline `distance` pixels away."""
    share: Field = np.clip(0.5 - distance, 0, 1)
    return share


def _to_band(x: Field, period: float) -> Field:
    """Distance to the nearest of the bands that fill half of every period, negative inside."""
    distance: Field = np.abs(x % period - period / 2) - period / 4
    return distance


def striped(x: Field, y: Field, period: float) -> Field:
    return _cover(_to_band(x, period))


def checkered(x: Field, y: Field, period: float) -> Field:
    period *= 1.3  # a square is half a period wide, and needs more room than a stripe to be seen as one
    a, b = _to_band(x, period), _to_band(y, period)
    return _cover(np.sign(a * b) * np.minimum(np.abs(a), np.abs(b)))


def dotted(x: Field, y: Field, period: float) -> Field:
    """Dots on a hexagonal lattice."""
    rise = period * 3**0.5
    distance = [
        np.hypot((x + dx) % period - period / 2, (y + dy) % rise - rise / 2)
        for dx, dy in ((0, 0), (period / 2, rise / 2))
    ]
    return _cover(np.minimum(*distance) - 0.31 * period)


def ringed(x: Field, y: Field, period: float) -> Field:
    """Rings about the middle, which is filled."""
    return _cover(_to_band(np.hypot(x, y) + period / 2, period))


TEXTURES: dict[str, Callable[[Field, Field, float], Field]] = {
    "striped": striped,
    "dotted": dotted,
    "checkered": checkered,
    "ringed": ringed,
}


# Colours and the brush.

_OKLAB_TO_LMS = np.array([[1, 0.3963378, 0.2158038], [1, -0.1055613, -0.0638542], [1, -0.0894842, -1.2914855]])
_LMS_TO_RGB = np.array([[4.0767417, -3.3077116, 0.2309699], [-1.2684380, 2.6097574, -0.3413194],
                        [-0.0041961, -0.7034186, 1.7076147]])  # fmt: skip


def colour(lightness: float, chroma: float, hue: float) -> Field:
    """sRGB (3,) of a perceptual colour (OKLCH; hue in radians), clipped to what a screen shows."""
    lab = np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])
    linear = np.clip(_LMS_TO_RGB @ (_OKLAB_TO_LMS @ lab) ** 3, 0, 1)
    encoded = np.where(linear < 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    rgb: Field = encoded.astype(np.float32)
    return rgb


@dataclass(frozen=True)
class Window:
    """The part of a picture that something of `radius` pixels about (`cx`, `cy`) can touch.

    `x` and `y` are the pixels' coordinates in pixels from the middle, turned by `angle`.
    """

    rows: slice
    columns: slice
    x: Field
    y: Field

    @classmethod
    def around(cls, size: int, cx: float, cy: float, radius: float, angle: float) -> Window:
        """The window within a square picture `size` pixels wide; empty where it lies outside."""
        rows, columns = (slice(max(0, int(c - radius)), max(0, min(size, int(c + radius) + 2))) for c in (cy, cx))
        dy = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(cy)
        dx = np.arange(columns.start, columns.stop, dtype=np.float32)[None] - np.float32(cx)
        sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
        return cls(rows, columns, cosine * dx + sine * dy, cosine * dy - sine * dx)

    def coverage(
        self, shape: Callable[[Field, Field], Field], radius: float, softness: float = 1, inset: float = 0
    ) -> Field:
        """How much of each pixel `shape` covers, shrunk by `inset` pixels; its edge is `softness` pixels wide."""
        distance = shape(self.x / np.float32(radius), self.y / np.float32(radius)) * np.float32(radius)
        return _cover((distance + np.float32(inset)) / np.float32(softness))

    def paint(self, picture: Field, coverage: Field, paint: Field) -> None:
        """Lay `paint`, one colour or a colour a pixel, over the (H, W, 3) picture in place."""
        part = picture[self.rows, self.columns]
        part += coverage[..., None] * (paint - part)
