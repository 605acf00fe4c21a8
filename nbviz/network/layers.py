"""What a network consists of for a person: named layers with channels and maps, grouped into the stops of a map."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch

from ..receptive_field import ReceptiveField


@dataclass(frozen=True)
class Layout:
    """Which axes of an output are channels and positions.

    `kind` is "nchw", "nhwc", "tokens" (the positions come after `prefix` other tokens) or "vector".
    """

    kind: str
    channels: int
    spatial: tuple[int, int] | None
    prefix: int = 0

    def to_map(self, output: torch.Tensor) -> torch.Tensor:
        """The output as (N, C, H, W); a vector as (N, C, 1, 1). A view wherever possible, differentiable."""
        if self.kind == "nchw":
            return output
        if self.kind == "nhwc":
            return output.permute(0, 3, 1, 2)
        if self.kind == "tokens":
            assert self.spatial is not None
            return output[:, self.prefix :].transpose(1, 2).reshape(len(output), -1, *self.spatial)
        return output.flatten(1)[:, :, None, None]


@dataclass(frozen=True)
class Layer:
    """One call of one module.

    `shape` is the output's without the batch, `channels` the number of units, `spatial` their map's (height, width)
    or None for a vector, `receptive_field` the boxes on the input (None where they could not be followed).
    `same_as` names the layer whose output this one passes on unchanged.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    channels: int
    spatial: tuple[int, int] | None
    receptive_field: ReceptiveField | None = field(repr=False)
    layout: Layout = field(repr=False)
    same_as: str | None = None


def channels_first(kind: str) -> bool:
    """Whether a module of this kind returns (N, C, H, W): torch's and torchvision's convention for names in 2d."""
    return kind.endswith("2d")


def layout_of(shape: tuple[int, ...], size: tuple[int, int], known_maps: Container[Any] = ()) -> Layout | None:
    """How an output of `shape` (with batch) is laid out for an input of `size`; None where it has no units.

    Four axes are (N, C, H, W) unless only the reading (N, H, W, C) keeps the picture's proportions, as in Swin. That
    is a guess, so shapes in `known_maps`, which a `channels_first` module has returned, are exempt from it.
    Three axes are tokens where their number, less up to eight class or register tokens, tiles the picture.
    """
    if len(shape) == 4:
        _, a, b, c = shape
        if (
            shape not in known_maps
            and not _proportional((b, c), size)
            and _proportional((a, b), size)
            and min(a, b) > 1
        ):
            return Layout("nhwc", c, (a, b))
        return Layout("nchw", a, (b, c))
    if len(shape) == 3:
        for prefix in range(9):
            grid = _grid(shape[1] - prefix, size)
            if grid:
                return Layout("tokens", shape[2], grid, prefix)
        return None
    if len(shape) == 2:
        return Layout("vector", shape[1], None)
    return None


def _proportional(grid: tuple[int, int], size: tuple[int, int]) -> bool:
    """Whether both axes were reduced by the same factor, up to one cell of rounding."""
    return abs(grid[0] * size[1] - grid[1] * size[0]) <= max(size)


def _grid(tokens: int, size: tuple[int, int]) -> tuple[int, int] | None:
    if tokens < 4:
        return None
    h = round(math.sqrt(tokens * size[0] / size[1]))
    return (h, tokens // h) if h and tokens % h == 0 and _proportional((h, tokens // h), size) else None


@dataclass(frozen=True)
class Stop:
    """A collapsed stretch of the network, such as `layer3` or `features.7`, with the names of the layers in it."""

    name: str
    layers: tuple[str, ...]


def trunk(layers: Iterable[Layer]) -> set[str]:
    """The containers a map must open to show the course of a network, such as `features` in VGG.

    A container is opened where it holds nearly everything, or much of it over three or more map sizes; the stages
    of a residual network, however deep, stay closed.
    """
    everything = list(layers)
    opened: set[str] = set()
    while True:
        groups = _by_stop(everything, opened)
        grown = {
            name
            for name, members in groups.items()
            if any(m.name.startswith(name + ".") for m in members) and _opens(members, len(everything))
        }
        if not grown:
            return opened
        opened |= grown


def _opens(members: list[Layer], total: int) -> bool:
    share = len(members) / total
    sizes = {m.spatial for m in members if m.spatial}
    return share > 0.9 or (share > 0.4 and len(sizes) >= 3)


def stops(layers: Iterable[Layer], opened: set[str]) -> list[Stop]:
    """Layers grouped by the shortest prefix of their name that is not `opened`."""
    groups = _by_stop(layers, opened)
    return [Stop(name, tuple(m.name for m in members)) for name, members in groups.items()]


def _by_stop(layers: Iterable[Layer], opened: set[str]) -> dict[str, list[Layer]]:
    groups: dict[str, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(_stop_of(layer.name, opened), []).append(layer)
    return groups


def _stop_of(name: str, opened: set[str]) -> str:
    parts = name.partition("#")[0].split(".")
    heads = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return next((head for head in heads if head not in opened), heads[-1])
