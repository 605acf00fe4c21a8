"""Disturbances that a picture must survive: what only works at one exact place and angle is not a feature.

Each disturbance is an affine map; a chain of them is multiplied into one matrix and costs a single resampling.
Beyond its border a picture goes on in grey, which is the padding that lucid adds by hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

GREY = 0.5


class Transform(Protocol):
    """A random affine disturbance."""

    def matrices(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` matrices (n, 3, 3) in pixels from the centre (x right, y down): where each result pixel comes from."""
        ...


@dataclass(frozen=True)
class Jitter:
    """Shift by whole pixels, up to half of `pixels` in each direction (lucid: cut `pixels` off at random)."""

    pixels: int

    def matrices(self, n: int, generator: torch.Generator) -> Tensor:
        """Shifts in −pixels//2 … pixels − pixels//2."""
        shift = torch.randint(0, self.pixels + 1, (2, n), generator=generator) - self.pixels // 2
        return _affine(n, x=shift[0], y=shift[1])


@dataclass(frozen=True)
class Scale:
    """Enlarge about the centre by a factor between `low` and `high`."""

    low: float
    high: float

    def matrices(self, n: int, generator: torch.Generator) -> Tensor:
        """Factors uniform between the bounds."""
        inverse = 1 / (self.low + (self.high - self.low) * torch.rand(n, generator=generator))
        return _affine(n, xx=inverse, yy=inverse)


@dataclass(frozen=True)
class Rotate:
    """Rotate about the centre by up to `degrees` either way."""

    degrees: float

    def matrices(self, n: int, generator: torch.Generator) -> Tensor:
        """Angles uniform between the bounds."""
        angle = math.radians(self.degrees) * (2 * torch.rand(n, generator=generator) - 1)
        return _affine(n, xx=angle.cos(), xy=-angle.sin(), yx=angle.sin(), yy=angle.cos())


def standard(size: tuple[int, int]) -> tuple[Transform, ...]:
    """lucid's robustness: jitter 8, scale .90 … 1.10, rotate ±10°, jitter 4; shifts shrink with small pictures."""
    share = min(1.0, min(size) / 128)
    return Jitter(round(8 * share)), Scale(0.9, 1.1), Rotate(10), Jitter(round(4 * share))


def wide(size: tuple[int, int]) -> tuple[Transform, ...]:
    """For classes: jitter 32, scale .70 … 1.30, rotate ±15°, jitter 8; shifts shrink with small pictures."""
    share = min(1.0, min(size) / 224)
    return Jitter(round(32 * share)), Scale(0.7, 1.3), Rotate(15), Jitter(round(8 * share))


@dataclass(frozen=True)
class Robustness:
    """What a picture must survive, and whether only at first: what `fades` is gone before the end of a run."""

    transforms: tuple[Transform, ...]
    fades: bool = True


def disturb(
    pixels: Tensor, transforms: Sequence[Transform], generator: torch.Generator, strength: float = 1.0
) -> Tensor:
    """The pictures (N, C, H, W) after all `transforms`, each with its own draw; the same size, grey outside.

    strength: from 1, as drawn, to 0, the picture untouched; the map is drawn towards the identity in proportion.
    """
    if not transforms or not strength:
        return pixels
    chain = reduce(torch.matmul, (transform.matrices(len(pixels), generator) for transform in transforms))
    return resample(pixels, torch.eye(3).lerp(chain, strength))


def resample(pixels: Tensor, matrices: Tensor) -> Tensor:
    """Each picture (N, C, H, W) read bilinearly at `matrices` (N, 3, 3) · (x, y, 1), in pixels from the centre."""
    height, width = pixels.shape[-2:]
    # `grid_sample` measures from −1 to 1 whatever the size, so non-square pictures need their own units.
    unit = torch.tensor([width / 2, height / 2, 1.0])
    across, down, shift = (matrices * unit / unit.unsqueeze(1))[:, None, None, :2].to(pixels).unbind(-1)
    # `affine_grid` would give the same for several times the cost.
    grid = across * _centres(width, pixels).view(-1, 1) + (down * _centres(height, pixels).view(-1, 1, 1) + shift)
    return F.grid_sample(pixels - GREY, grid, mode="bilinear", padding_mode="zeros", align_corners=False) + GREY


def _centres(length: int, like: Tensor) -> Tensor:
    """The centres of `length` pixels between −1 and 1."""
    return (2 * torch.arange(length, device=like.device, dtype=like.dtype) + 1) / length - 1


def _affine(n: int, **entries: Tensor) -> Tensor:
    """(n, 3, 3): identity but for xx, xy, yx, yy (the linear part) and x, y (the shift)."""
    places = {"xx": (0, 0), "xy": (0, 1), "x": (0, 2), "yx": (1, 0), "yy": (1, 1), "y": (1, 2)}
    matrices = torch.eye(3).repeat(n, 1, 1)
    for name, values in entries.items():
        matrices[(slice(None), *places[name])] = values.float()
    return matrices
