"""The gradient of a picture of any size in bounded memory: tile by tile, blended where tiles overlap.

A tile's gradient is wrong near the tile's own edges, where units see zeros in place of the picture. Neighbours
therefore overlap by a quarter of a tile: a tile counts for nothing in the outer quarter of an overlap, and hands over
to its neighbour in the middle half. Where no unit sees farther than half of that outer quarter the result is the
gradient of the whole picture; where units see farther it is still smooth, and the grid lies elsewhere at every step.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..errors import NotDefined, OutOfMemory
from .batch import is_out_of_memory
from .objectives import Objective
from .redirect import redirecting

if TYPE_CHECKING:
    from ..network import Network

LEAST_TILE = 64
TILE = 512
"""Side of a tile in pixels: two octaves of detail above what most networks take, and some hundred megabytes."""
ALIGN = 32
"""Tiles begin at multiples of this, so that strides fall on the same pixels in a tile as in the whole picture."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Tile:
    """A part of a picture, and how much it counts at each of its pixels (height, width)."""

    rows: slice
    columns: slice
    weight: Tensor

    def of(self, pixels: Tensor) -> Tensor:
        """The part of (N, C, H, W), a view."""
        return pixels[..., self.rows, self.columns]


@dataclass
class Grid:
    """How pictures are cut: into tiles of (height, width) that begin at multiples of `align`.

    The last tile of a row reaches to the edge and is up to `align` − 1 longer. Tiles shrink where the device's memory
    is full.
    """

    tile: tuple[int, int] = (TILE, TILE)
    align: int = ALIGN

    def tiles(self, size: tuple[int, int], generator: torch.Generator) -> list[Tile]:
        """The tiles of a picture of (height, width); another draw, another grid."""
        rows, columns = (
            windowed(cut(length, tile, self.align, generator), length, tile)
            for length, tile in zip(size, self.tile, strict=True)
        )
        return [
            Tile(slice(*row), slice(*column), down[:, None] * across)
            for row, down in rows
            for column, across in columns
        ]

    def use_less(self, pixels: Tensor) -> None:
        """Halve the tiles; `OutOfMemory` where the network takes no smaller ones or they are small already."""
        if pixels.device.type == "cuda":
            torch.cuda.empty_cache()
        fitting = [min(tile, length) // 2 for tile, length in zip(self.tile, pixels.shape[-2:], strict=True)]
        if self.align == 1 or min(fitting) < LEAST_TILE:
            raise OutOfMemory(
                f"The memory of {pixels.device} does not hold one tile of {self.tile[0]}×{self.tile[1]} pixels on its "
                f"way through the network; choose an earlier layer, or Network(…, device='cpu')."
            )
        self.tile = (fitting[0] // self.align * self.align, fitting[1] // self.align * self.align)


def cut(length: int, tile: int, align: int, generator: torch.Generator) -> list[Span]:
    """Overlapping spans [begin, end) that cover `length`, shifted at random."""
    if length <= tile:
        return [(0, length)]
    advance = max(align, (tile - overlap_of(tile)) // align * align)
    last = (length - tile) // align * align
    first = -align * int(torch.randint(0, advance // align, (), generator=generator))
    begins = sorted({max(0, begin) for begin in range(first, last, advance)} | {last})
    return [(begin, length if begin == last else begin + tile) for begin in begins]


def overlap_of(tile: int) -> int:
    """Pixels that neighbours share at least."""
    return tile // 4


def windowed(spans: list[Span], length: int, tile: int) -> list[tuple[Span, Tensor]]:
    """The spans, each with how much it counts at its own pixels; over all spans the sum is one everywhere."""
    ramps = [_ramps(span, length, tile) for span in spans]
    total = torch.zeros(length, dtype=torch.float64)
    for (begin, end), ramp in zip(spans, ramps, strict=True):
        total[begin:end] += ramp
    return [((begin, end), ramp / total[begin:end]) for (begin, end), ramp in zip(spans, ramps, strict=True)]


def _ramps(span: Span, length: int, tile: int) -> Tensor:
    """One, but falling to zero towards edges inside of the picture."""
    begin, end = span
    overlap = overlap_of(tile)
    silent, ramp = overlap / 4, max(1.0, overlap / 2)
    places = torch.arange(end - begin, dtype=torch.float64) + 0.5
    weight = torch.ones_like(places)
    if begin > 0:
        weight = weight.minimum(((places - silent) / ramp).clamp(0, 1))
    if end < length:
        weight = weight.minimum(((end - begin - silent - places) / ramp).clamp(0, 1))
    return weight


def gradient(
    net: Network, aim: Objective, pixels: Tensor, grid: Grid, generator: torch.Generator, redirect: bool = False
) -> tuple[Tensor, Tensor]:
    """(value, gradient of it (1, C, H, W)) of an aim with respect to `pixels` (1, C, H, W) in [0, 1].

    The value is the tiles' own, averaged by area. Memory beyond the pictures themselves is that of one tile; where the
    device has less, `grid` gets smaller tiles. Raises `NotDefined` where no gradient reaches the picture,
    `OutOfMemory` where not even small tiles fit.
    """
    while True:
        try:
            return _gradient(net, aim, pixels, grid, generator, redirect)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Out of the handler, whose traceback keeps alive what filled the memory.
        grid.use_less(pixels)


def _gradient(
    net: Network, aim: Objective, pixels: Tensor, grid: Grid, generator: torch.Generator, redirect: bool
) -> tuple[Tensor, Tensor]:
    size = (pixels.shape[-2], pixels.shape[-1])
    area = size[0] * size[1]
    whole, value = torch.zeros_like(pixels), pixels.new_zeros(())
    for tile in grid.tiles(size, generator):
        weight = tile.weight.to(pixels)
        reached, way = _of_tile(net, aim, tile.of(pixels), redirect)
        value += reached * weight.sum() / area
        # A mean over the tile's places is that many times a mean over the picture's.
        tile.of(whole).add_(way * weight, alpha=weight.numel() / area)
    return value, whole


def _of_tile(net: Network, aim: Objective, pixels: Tensor, redirect: bool) -> tuple[Tensor, Tensor]:
    free = pixels.detach().clone().requires_grad_()
    x = net.normalise(free).to(net.dtype)
    with redirecting() if redirect else contextlib.nullcontext():
        value = aim.value(aim.tap(net, x)).sum()
    way = torch.autograd.grad(value, free, allow_unused=True)[0] if value.requires_grad else None
    if way is None:
        raise NotDefined(
            f"'{aim.target}' has no gradient path to the input: something on the way cuts it (detach, rounding, "
            f"arg max), so no picture can be drawn towards it; choose a layer before that."
        )
    return value.detach(), way


@torch.no_grad()
def measure(net: Network, aim: Objective, pixels: Tensor, grid: Grid) -> tuple[float, float | None]:
    """(value averaged over tiles by area, strongest activation over all) of a finished picture (1, C, H, W)."""
    size = (pixels.shape[-2], pixels.shape[-1])
    value, strongest = 0.0, None
    for tile in grid.tiles(size, torch.Generator().manual_seed(0)):
        taps = aim.tap(net, net.normalise(tile.of(pixels)).to(net.dtype))
        value += float(aim.value(taps)) * float(tile.weight.sum()) / (size[0] * size[1])
        activation = aim.activation(taps)
        if activation is not None:
            strongest = max(float(activation), float("-inf") if strongest is None else strongest)
    return value, strongest
