"""What every unit of one tensor can see of the input: spans of rows and columns, kept in three readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from . import spans
from .spans import Shape, Span, Window

Pair = tuple[Span, Span]


@dataclass(frozen=True, eq=False)
class Reach:
    """Rows and columns of the input that the units of a tensor of `shape` can see.

    near: gates (squeeze-excite, statistics of a normalisation) taken as context, clipped to the input.
    strict: gates included, clipped to the input; the same objects as `near` where there is no gate.
    free: as `near`, not clipped: the theoretical extent. A global operation sees the input, so it clips.
    jump: input rows and columns between neighbouring units; only needed where a map has a single row or column.
    exact: False where an operation was not known and the whole input had to be assumed.
    """

    shape: Shape
    picture: tuple[int, int]
    near: Pair
    strict: Pair
    free: Pair
    jump: tuple[int, int]
    exact: bool = True

    @classmethod
    def of_input(cls, shape: Shape) -> Reach:
        """The input itself; its last two dimensions are rows and columns."""
        pair = (spans.identity(shape[-2], -2, len(shape)), spans.identity(shape[-1], -1, len(shape)))
        return cls(shape, (shape[-2], shape[-1]), pair, pair, pair, (1, 1))

    @property
    def moving(self) -> set[int]:
        """The dimensions along which units see different parts."""
        pairs = (*self.near, *self.strict)
        return {d for d in range(-len(self.shape), 0) if any(span.shape[d] > 1 for span in pairs)}

    @property
    def places(self) -> tuple[int, ...]:
        """The dimensions that are rows and columns, or tokens: those that move, by default the last two of four."""
        ndim, moving = len(self.shape), self.moving
        if ndim >= 4:
            return (-3, -2) if -3 in moving and -1 not in moving else (-2, -1)
        if ndim == 3:
            return (-2, -1) if {-2, -1} <= moving else (-1,) if -1 in moving else (-2,)
        return ()

    def everything(self, shape: Shape, exact: bool) -> Reach:
        """Every unit of a tensor of `shape` sees the whole input."""
        rows, columns = (spans.constant(0, n, len(shape)) for n in self.picture)
        return Reach(shape, self.picture, (rows, columns), (rows, columns), (rows, columns), self.jump, exact)

    def each(self, shape: Shape, change: Callable[[Span], Span]) -> Reach:
        """The same change to all spans: operations that move data or mix along dimensions without padding."""
        near = (change(self.near[0]), change(self.near[1]))
        strict = near if self.strict is self.near else (change(self.strict[0]), change(self.strict[1]))
        free = near if self.free is self.near else (change(self.free[0]), change(self.free[1]))
        return replace(self, shape=shape, near=near, strict=strict, free=free)

    def spread(self, dims: Sequence[int], shape: Shape | None = None) -> Reach:
        """Every unit sees what all units along `dims` (negative) see."""
        if not self.moving.intersection(dims):
            return self if shape is None else replace(self, shape=shape)
        wide = self.each(shape or self.shape, lambda span: spans.spread(span, dims))
        return replace(wide, free=wide.near)

    def windows(self, shape: Shape, windows: Mapping[int, Window], maps: bool = False) -> Reach:
        """Each output reads a window along some dimensions.

        maps: the windows at -2 and -1 slide over rows and columns; they then scale the distance between units.
        """

        def seen(pair: Pair) -> Pair:
            rows, columns = pair
            for dim, window in windows.items():
                rows, columns = spans.gather(rows, dim, window), spans.gather(columns, dim, window)
            return rows, columns

        rows, columns = self.free
        for dim, window in windows.items():
            single = maps and self.shape[dim] == 1
            rows = spans.gather(rows, dim, window, self.jump[0] if single and dim == -2 else 0)
            columns = spans.gather(columns, dim, window, self.jump[1] if single and dim == -1 else 0)
        near = seen(self.near)
        strict = near if self.strict is self.near else seen(self.strict)
        jump = self.jump
        if maps:
            jump = (jump[0] * windows[-2].stride, jump[1] * windows[-1].stride)
        return replace(self, shape=shape, near=near, strict=strict, free=(rows, columns), jump=jump)

    def gated(self, gates: Sequence[Reach]) -> Reach:
        """The same near reach, with what its gates see added to the strict one."""
        ndim = len(self.shape)

        def strict(i: int) -> Span:
            return spans.union(spans.align(r.strict[i], ndim) for r in (self, *gates))

        exact = self.exact and all(gate.exact for gate in gates)
        return replace(self, strict=(strict(0), strict(1)), exact=exact)


def merge(reaches: Sequence[Reach], shape: Shape) -> Reach:
    """An elementwise function of several tensors that broadcast to `shape`."""
    first = reaches[0]
    if len(reaches) == 1:
        ndim = len(shape)
        return first if first.shape == shape else first.each(shape, lambda span: spans.align(span, ndim))
    return combine(reaches, shape, lambda parts: spans.union(spans.align(part, len(shape)) for part in parts))


def combine(reaches: Sequence[Reach], shape: Shape, join: Callable[[list[Span]], Span]) -> Reach:
    """Join the corresponding spans of several tensors."""

    def joined(pairs: list[Pair]) -> Pair:
        return join([pair[0] for pair in pairs]), join([pair[1] for pair in pairs])

    near = joined([r.near for r in reaches])
    plain = all(r.strict is r.near for r in reaches)
    strict = near if plain else joined([r.strict for r in reaches])
    free = joined([r.free for r in reaches])
    exact = all(r.exact for r in reaches)
    return Reach(shape, reaches[0].picture, near, strict, free, reaches[0].jump, exact)
