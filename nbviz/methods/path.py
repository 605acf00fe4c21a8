"""The mean slope on the straight way from a baseline to a picture, with the effort where it is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .neighbourhood import Neighbourhood

# Equal parts that the way is cut into before the remaining steps go where they are needed most.
EQUAL_PARTS = 32

# Multiples of this, modulo 1, cover the unit interval evenly from the first on.
_GOLDEN = 0.6180339887498949


@dataclass(eq=False)
class Part:
    """A stretch of the way, `low` to `high` in [0, 1], the target's values at its ends, the slope in its middle."""

    low: float
    high: float
    begin: float
    end: float
    slope: Tensor
    missed: float

    @property
    def width(self) -> float:
        return self.high - self.low


class Path:
    """From `start` to `x`, both (1, C, H, W): `way` is their difference (C, H, W), `count` the slopes computed."""

    def __init__(self, near: Neighbourhood, start: Tensor, x: Tensor) -> None:
        self.near, self.start = near, start.to(near.wide)
        self.way = (x.to(near.wide) - self.start)[0]
        self.begin, self.end = near.values(torch.cat([start, x])).tolist()
        self.count = 0
        self._parts: list[Part] = []
        self._covered, self._sum = 0.0, torch.zeros_like(self.way)

    @property
    def mean_slope(self) -> Tensor:
        """(C, H, W): the mean over the parts so far, by their widths."""
        return self._sum / self._covered if self._covered else self._sum

    @staticmethod
    def reachable(steps: int) -> int:
        """How many slopes `walk(steps)` computes: after the equal parts they come in pairs."""
        return steps - max(steps - EQUAL_PARTS, 0) % 2

    def walk(self, steps: int) -> Iterator[None]:
        """Compute `reachable(steps)` slopes; yields after each batch of them."""
        equal = min(steps, EQUAL_PARTS)
        places = [i / equal for i in range(equal + 1)]
        heights = [self.begin, *self._values(places[1:-1]), self.end]
        for some in self.near.batches(sorted(range(equal), key=lambda i: i * _GOLDEN % 1)):
            slopes = self._slopes([(i + 0.5) / equal for i in some])
            for i, slope in zip(some, slopes, strict=True):
                self._keep(places[i], places[i + 1], heights[i], heights[i + 1], slope)
            yield
        while self.count < self.reachable(steps):
            pairs = min((steps - self.count) // 2, max(self.near.batch // 2, 1))
            self._refine(sorted(self._parts, key=lambda part: -abs(part.missed))[:pairs])
            yield

    def _refine(self, parts: list[Part]) -> None:
        """Cut each part in three; the slope in the middle of the second third is known already."""
        cuts = [part.low + part.width * share for part in parts for share in (1 / 3, 2 / 3)]
        heights = self._values(cuts)
        slopes = self._slopes([part.low + part.width * share for part in parts for share in (1 / 6, 5 / 6)])
        for i, part in enumerate(parts):
            two = slice(2 * i, 2 * i + 2)
            (a, b), (at_a, at_b), (first, last) = cuts[two], heights[two], slopes[two]
            self._drop(part)
            self._keep(part.low, a, part.begin, at_a, first)
            self._keep(a, b, at_a, at_b, part.slope)
            self._keep(b, part.high, at_b, part.end, last)

    def _keep(self, low: float, high: float, begin: float, end: float, slope: Tensor) -> None:
        part = Part(low, high, begin, end, slope, 0.0)
        part.missed = end - begin - part.width * float((slope * self.way).double().sum())
        self._parts.append(part)
        self._sum = self._sum + part.width * slope
        self._covered += part.width

    def _drop(self, part: Part) -> None:
        self._parts.remove(part)
        self._sum = self._sum - part.width * part.slope
        self._covered -= part.width

    def _values(self, places: list[float]) -> list[float]:
        return [value for some in self.near.batches(places) for value in self.near.values(self._at(some)).tolist()]

    def _slopes(self, places: list[float]) -> list[Tensor]:
        self.count += len(places)
        return [slope for some in self.near.batches(places) for slope in self.near.slopes(self._at(some))]

    def _at(self, places: list[float]) -> Tensor:
        alphas = torch.tensor(places, dtype=self.near.wide, device=self.way.device)[:, None, None, None]
        return (self.start + alphas * self.way).to(self.near.recording.x.dtype)
