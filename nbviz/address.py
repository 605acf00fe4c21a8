"""What can be pointed at in a network: a unit, a logit, a probability, and weighted sums of these.

Pure values without tensors: they parse, format, compare, add and scale.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import BadRequest

_UNIT = re.compile(r"(?P<layer>.+):(?P<channel>\d+)(?:@(?P<y>\d+),(?P<x>\d+))?")


class Target:
    """Something with one value for a picture; targets add, subtract, scale and negate."""

    @property
    def terms(self) -> tuple[tuple[float, Target], ...]:
        """The weighted parts; a plain target is its own only part."""
        return ((1.0, self),)

    def __add__(self, other: Target) -> Target:
        return Sum(self.terms + other.terms) if isinstance(other, Target) else NotImplemented

    def __sub__(self, other: Target) -> Target:
        return self + -other if isinstance(other, Target) else NotImplemented

    def __mul__(self, factor: float) -> Target:
        if not isinstance(factor, (int, float)):
            return NotImplemented
        return Sum(tuple((factor * weight, target) for weight, target in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> Target:
        return self * -1


@dataclass(frozen=True)
class Unit(Target):
    """A channel of a layer (`y` and `x` None) or one neuron of it (row `y`, column `x` of the layer's map).

    Written `layer:channel` or `layer:channel@y,x`. The second and later calls of a reused module carry
    the call's number: `relu#2:17`.
    """

    layer: str
    channel: int
    y: int | None = None
    x: int | None = None

    def __str__(self) -> str:
        return f"{self.layer}:{self.channel}" + ("" if self.y is None else f"@{self.y},{self.x}")

    @classmethod
    def parse(cls, text: str) -> Unit:
        """Read `layer4.1.conv2:17` or `layer4.1.conv2:17@3,5`; `BadRequest` for anything else."""
        match = _UNIT.fullmatch(text.strip())
        if match is None:
            raise BadRequest(f"{text!r} is not a unit; write 'layer:channel' or 'layer:channel@row,column'.")
        y, x = match["y"], match["x"]
        return cls(match["layer"], int(match["channel"]), None if y is None else int(y), None if x is None else int(x))

    @property
    def position(self) -> tuple[int, int] | None:
        """(row, column) of a neuron; None for a whole channel."""
        return None if self.y is None or self.x is None else (self.y, self.x)

    @property
    def whole(self) -> Unit:
        """The channel that this neuron belongs to."""
        return Unit(self.layer, self.channel)


@dataclass(frozen=True)
class Logit(Target):
    """The pre-softmax value of class `index`."""

    index: int
    label: str = ""

    def __str__(self) -> str:
        return f"logit {self.label or self.index}"


@dataclass(frozen=True)
class Probability(Target):
    """The softmax probability of class `index`."""

    index: int
    label: str = ""

    def __str__(self) -> str:
        return f"probability {self.label or self.index}"


@dataclass(frozen=True)
class Sum(Target):
    """A weighted sum of targets."""

    parts: tuple[tuple[float, Target], ...]

    @property
    def terms(self) -> tuple[tuple[float, Target], ...]:
        return self.parts

    def __str__(self) -> str:
        return " + ".join(str(t) if w == 1 else f"{w:g}·{t}" for w, t in self.parts)
