"""Procedurally drawn scenes: textured shapes amid clutter, with the mask of every object.

A class is a shape *and* a texture ("striped disc"); each texture also occurs in the clutter, on outlines that are none
of the shapes, and with several objects in a picture only the pairing of the two tells the classes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BadRequest
from .drawing import SHAPES, TEXTURES, Amoeba, Arc, Field, Window, colour

SIZE = 96
"""Height and width of a scene in pixels."""

CLASSES: list[str] = [f"{texture} {shape}" for shape in SHAPES for texture in TEXTURES]
"""The class names, in the order of the labels."""

MOST_OBJECTS = 4

_RADII = {1: (15.0, 28.0), 2: (14.0, 22.0), 3: (13.0, 18.0), 4: (12.0, 16.0)}
_UNIT = SIZE / 96  # lengths below are in pixels of a scene 96 wide


@dataclass(frozen=True, repr=False)
class Scenes:
    """Scenes with what is in them; unpacks as `pictures, labels, masks`.

    `pictures` (n, H, W, 3) uint8; `labels` (n, objects) int64 into `CLASSES`; `masks` (n, objects, H, W) bool, the
    visible part of each object.
    """

    pictures: NDArray[np.uint8]
    labels: NDArray[np.int64]
    masks: NDArray[np.bool_]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.pictures, self.labels, self.masks))

    @property
    def names(self) -> list[list[str]]:
        """The class names of every scene's objects."""
        return [[CLASSES[label] for label in labels] for labels in self.labels]

    def __repr__(self) -> str:
        n, objects = self.labels.shape
        return f"Scenes({n} pictures of {SIZE}×{SIZE}, objects: {objects} each)"

    def _repr_png_(self) -> bytes | None:
        """A contact sheet of the first 32 pictures."""
        if not len(self.pictures):
            return None
        columns = min(8, len(self.pictures))
        shown = self.pictures[:32]
        gaps = np.zeros((-len(shown) % columns, SIZE, SIZE, 3), np.uint8)
        grid = np.concatenate([shown, gaps]).reshape(-1, columns, SIZE, SIZE, 3)
        sheet = grid.swapaxes(1, 2).reshape(-1, columns * SIZE, 3)
        stream = io.BytesIO()
        Image.fromarray(sheet).save(stream, "png")
        return stream.getvalue()


def scenes(n: int, seed: int, objects: int = 1) -> Scenes:
    """Draw `n` scenes with `objects` (1 to 4) objects of different classes each.

    The same seed gives the same pictures, and fewer scenes are the first of more. Raises `BadRequest` for a negative
    number or seed and for more objects than fit.
    """
    if n < 0 or seed < 0:
        raise BadRequest(f"A number of scenes and a seed cannot be negative; got n={n}, seed={seed}.")
    if objects not in _RADII:
        raise BadRequest(f"A scene holds 1 to {MOST_OBJECTS} objects; {objects!r} were asked for.")
    drawn = Scenes(
        np.empty((n, SIZE, SIZE, 3), np.uint8),
        np.empty((n, objects), np.int64),
        np.empty((n, objects, SIZE, SIZE), np.bool_),
    )
    for i in range(n):
        drawn.pictures[i], drawn.labels[i], drawn.masks[i] = scene(seed, i, objects)
    return drawn


def scene(seed: int, index: int, objects: int = 1) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """Scene `index` of the endless series that `seed` starts: its picture, labels and masks."""
    rng = np.random.default_rng([seed, objects, index])
    picture = _background(rng)
    labels = rng.choice(len(CLASSES), objects, replace=False)
    masks = np.zeros((objects, SIZE, SIZE), np.bool_)
    light = rng.uniform(0, 2 * np.pi)
    for i, (cx, cy, radius) in enumerate(_places(rng, objects)):
        mask = _object(rng, picture, int(labels[i]), (cx, cy), radius, light)
        masks[:i] &= ~mask
        masks[i] = mask
    _expose(rng, picture, light)
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8), labels, masks


def _background(rng: np.random.Generator) -> Field:
    """A gradient of two colours, soft noise, and clutter upon it: (SIZE, SIZE, 3)."""
    hue, lightness = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.85)
    ends = [
        colour(lightness + step, rng.uniform(0.03, 0.13), hue + rng.uniform(-1, 1))
        for step in rng.uniform(-0.15, 0.15, 2)
    ]
    picture = ends[0] + _slope(rng.uniform(0, 2 * np.pi))[..., None] * (ends[1] - ends[0])
    for cells, strength in ((4, 0.11), (12, 0.045)):
        picture += _soft_noise(rng, cells, strength)
    for _ in range(rng.integers(2, 6)):
        _blob(rng, picture, hue)
    for _ in range(rng.integers(2, 6)):
        _stroke(rng, picture)
    for _ in range(rng.integers(1, 5)):
        _fragment(rng, picture)
    return picture


def _slope(direction: float) -> Field:
    """0 … 1 across the picture in `direction`: (SIZE, SIZE)."""
    across = np.linspace(-0.5, 0.5, SIZE, dtype=np.float32)
    slope = np.float32(np.cos(direction)) * across[None] + np.float32(np.sin(direction)) * across[:, None]
    return slope / np.float32(abs(np.cos(direction)) + abs(np.sin(direction))) + np.float32(0.5)


def _smooth_rows(cells: int) -> Field:
    """The (SIZE, cells) matrix that spreads `cells` values smoothly over the picture."""
    at = np.linspace(0, cells - 1, SIZE)[:, None]
    nearness = np.exp(-(((at - np.arange(cells)) / 0.6) ** 2) / 2)
    matrix: Field = (nearness / nearness.sum(1, keepdims=True)).astype(np.float32)
    return matrix


_INTERPOLATE = {cells: _smooth_rows(cells) for cells in (4, 12)}


def _soft_noise(rng: np.random.Generator, cells: int, strength: float) -> Field:
    rows = _INTERPOLATE[cells]
    noise = rng.normal(0, strength, (3, cells, cells)).astype(np.float32)
    return (rows @ noise @ rows.T).transpose(1, 2, 0)


def _anywhere(rng: np.random.Generator, radius: float) -> Window:
    """A window of `radius` (in pixels) at a random place and angle; it may reach over the border."""
    cx, cy = rng.uniform(0, SIZE, 2)
    return Window.around(SIZE, cx, cy, radius, rng.uniform(0, 2 * np.pi))


def _amoeba(rng: np.random.Generator) -> Amoeba:
    amplitudes = rng.uniform(0.3, 1, 4) * (0.16, 0.15, 0.1, 0.06)
    return Amoeba(np.stack([amplitudes, rng.uniform(0, 2 * np.pi, 4)], 1).astype(np.float32))


def _blob(rng: np.random.Generator, picture: Field, hue: float) -> None:
    """A large translucent blob with a soft edge, near the background's own colours."""
    radius = rng.uniform(12, 34) * _UNIT
    window = _anywhere(rng, 1.7 * radius)
    veil = window.coverage(_amoeba(rng), radius, rng.uniform(1, 14)) * np.float32(rng.uniform(0.25, 0.7))
    window.paint(picture, veil, colour(rng.uniform(0.3, 0.9), rng.uniform(0.03, 0.15), hue + rng.normal(0, 1)))


def _stroke(rng: np.random.Generator, picture: Field) -> None:
    """A short bent line."""
    radius, length = rng.uniform(10, 60) * _UNIT, rng.uniform(10, 36) * _UNIT
    arc = Arc(min(length / radius / 2, 1.2), rng.uniform(0.5, 1.8) * _UNIT / radius)
    cx, cy = rng.uniform(0, SIZE, 2)
    angle = rng.uniform(0, 2 * np.pi)
    window = Window.around(SIZE, cx, cy, length / 2 + 3, angle)
    # The arc's middle lies one radius from the centre it bends about.
    window = Window(window.rows, window.columns, window.x, window.y + np.float32(radius))
    veil = window.coverage(arc, radius) * np.float32(rng.uniform(0.5, 1))
    window.paint(picture, veil, _bright(rng))


def _fragment(rng: np.random.Generator, picture: Field) -> None:
    """A small piece of one of the textures, on an outline that is none of the shapes."""
    radius = rng.uniform(7, 13) * _UNIT
    window = _anywhere(rng, 1.7 * radius)
    texture = list(TEXTURES.values())[rng.integers(len(TEXTURES))]
    shift = rng.uniform(-8, 8, 2).astype(np.float32)
    pattern = texture(window.x + shift[0], window.y + shift[1], rng.uniform(6, 10) * _UNIT)
    first, second = _pair(rng)
    veil = window.coverage(_amoeba(rng), radius) * np.float32(rng.uniform(0.5, 1))
    window.paint(picture, veil, first + pattern[..., None] * (second - first))


def _bright(rng: np.random.Generator) -> Field:
    return colour(rng.uniform(0.3, 0.95), rng.uniform(0.05, 0.2), rng.uniform(0, 2 * np.pi))


def _pair(rng: np.random.Generator) -> tuple[Field, Field]:
    """Two colours, one dark and one light enough to be told apart, in random order."""
    dark, hue = rng.uniform(0.25, 0.55), rng.uniform(0, 2 * np.pi)
    light = rng.uniform(dark + 0.33, 0.97)
    pair = [
        colour(dark, rng.uniform(0.08, 0.2), hue),
        colour(light, rng.uniform(0.02, 0.18), hue + rng.uniform(0.5, 5.8)),
    ]
    return (pair[0], pair[1]) if rng.random() < 0.5 else (pair[1], pair[0])


def _places(rng: np.random.Generator, objects: int) -> list[tuple[float, float, float]]:
    """(x, y, radius) of every object: inside the picture, hardly overlapping; they shrink where they do not fit."""
    low, high = (_UNIT * r for r in _RADII[objects])
    shrink = 1.0
    while True:
        radii = rng.uniform(low, high, objects) * shrink
        spots = rng.uniform(1.1 * radii, SIZE - 1.1 * radii, (2, objects))
        gaps = np.hypot(*(spots[:, :, None] - spots[:, None]))
        room = 0.92 * (radii[:, None] + radii)
        if all(gaps[i, j] >= room[i, j] for i in range(objects) for j in range(i)):
            return [(float(x), float(y), float(r)) for x, y, r in zip(*spots, radii, strict=True)]
        shrink = max(0.6, shrink * 0.99)


def _object(
    rng: np.random.Generator, picture: Field, label: int, place: tuple[float, float], radius: float, light: float
) -> NDArray[np.bool_]:
    """Draw one object with its shadow, lit from the direction `light`; returns where it covers the picture."""
    shape, texture = list(SHAPES.values())[label // len(TEXTURES)], list(TEXTURES.values())[label % len(TEXTURES)]
    (cx, cy), angle = place, rng.uniform(0, 2 * np.pi)
    fall = rng.uniform(1.5, 3.5) * _UNIT
    shadow = Window.around(SIZE, cx - fall * np.cos(light), cy - fall * np.sin(light), 1.2 * radius + 3, angle)
    darkness = np.float32(rng.uniform(0.25, 0.55))
    shadow.paint(picture, darkness * shadow.coverage(shape, radius, 5 * _UNIT), np.zeros(3, np.float32))

    window = Window.around(SIZE, cx, cy, 1.2 * radius, angle)
    turn = rng.uniform(0, 2 * np.pi)
    sine, cosine = np.float32(np.sin(turn)), np.float32(np.cos(turn))
    period = max(radius * rng.uniform(0.38, 0.5), 7 * _UNIT)
    pattern = texture(cosine * window.x + sine * window.y, cosine * window.y - sine * window.x, period)
    first, second = _pair(rng)
    paint = first + pattern[..., None] * (second - first)
    towards = np.cos(light - angle) * window.x + np.sin(light - angle) * window.y
    paint *= 1 + (np.float32(rng.uniform(0.05, 0.22) / radius) * towards.astype(np.float32))[..., None]
    coverage = window.coverage(shape, radius)
    ground = picture[window.rows, window.columns].mean((0, 1))
    rim = max(first, second, key=lambda c: float(np.abs(c - ground).sum()))
    window.paint(picture, coverage, rim)
    window.paint(picture, window.coverage(shape, radius, inset=1.3 * _UNIT), paint)
    mask = np.zeros((SIZE, SIZE), np.bool_)
    mask[window.rows, window.columns] = coverage >= 0.5
    return mask


def _expose(rng: np.random.Generator, picture: Field, light: float) -> None:
    """Uneven light over the whole picture, and a little grain."""
    bright, uneven = rng.uniform(0.85, 1.1), rng.uniform(0, 0.3)
    picture *= (np.float32(bright - uneven / 2) + np.float32(uneven) * _slope(light))[..., None]
    picture += rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(rng.uniform(0.003, 0.013))
