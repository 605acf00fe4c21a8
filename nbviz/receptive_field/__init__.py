"""Exact receptive fields of every unit, found by following one real forward.

    with Propagation(x) as propagation:
        y = model(x)
    propagation.field(y).box(3, 5)

Every torch function called inside the context carries, beside its result, which rows and columns of `x` each
element can see. Padding, dilation, strides, branches and reused modules come out as they are run, whether written
as modules or as functions; nothing is attached to the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from ..errors import OutOfRange
from . import spans
from .call import Call, tensors
from .reach import Pair, Reach
from .rules import RULES, plain_name

Box = tuple[int, int, int, int]
Size = tuple[int, int]

__all__ = ["Propagation", "ReceptiveField"]


@dataclass(frozen=True, eq=False)
class ReceptiveField:
    """Which part of the picture each unit of a layer can see; holds small arrays, no tensors.

    picture: (H, W) of the input that was followed.
    grid: (h, w) of the layer's map; (1, 1) for a vector, (1, T) for a row of T tokens.
    size: (height, width) of the theoretical field in pixels, not cut at the border; for operations over the whole
        map, such as global pooling, what they see of this picture.
    exact: False where an operation was not known and the whole picture was assumed from there on.
    """

    picture: Size
    grid: Size
    size: Size
    exact: bool = True
    _near: Pair = field(repr=False, kw_only=True)
    _strict: Pair = field(repr=False, kw_only=True)

    def box(self, y: int, x: int, strict: bool = False) -> Box:
        """(y0, x0, y1, x1) in pixels, end exclusive, cut at the border, of the unit in row `y` and column `x`.

        Gates, such as squeeze-excite, look at the whole picture only to scale what a unit sees; they count where
        `strict`. A unit that sees nothing but padding has the box (0, 0, 0, 0). Raises `OutOfRange`.
        """
        if not (0 <= y < self.grid[0] and 0 <= x < self.grid[1]):
            raise OutOfRange(f"There is no unit at row {y}, column {x}; the map has {self.grid[0]}x{self.grid[1]}.")
        rows, columns = self._strict if strict else self._near
        y0, y1 = _at(rows, y, x)
        x0, x1 = _at(columns, y, x)
        return (y0, x0, y1, x1) if y0 < y1 and x0 < x1 else (0, 0, 0, 0)

    def boxes(self) -> NDArray[np.int32]:
        """`box(y, x)` of every unit, (h, w, 4)."""
        spans_of = [np.broadcast_to(span, (2, *self.grid)) for span in self._near]
        table = np.stack([spans_of[0][0], spans_of[1][0], -spans_of[0][1], -spans_of[1][1]], -1).astype(np.int32)
        table[(table[..., 0] >= table[..., 2]) | (table[..., 1] >= table[..., 3])] = 0
        return table

    @property
    def whole(self) -> bool:
        """Whether every unit sees the whole picture."""
        pairs = zip(self._near, self.picture, strict=True)
        return all(bool((span[0] == 0).all() and (span[1] == -n).all()) for span, n in pairs)

    @property
    def gated(self) -> bool:
        """Whether the strict boxes are larger, because gates look at more than the units."""
        return any(bool((a != b).any()) for a, b in zip(self._near, self._strict, strict=True))

    @property
    def edges(self) -> tuple[NDArray[np.int32], NDArray[np.int32]] | None:
        """First and end pixel of each row (h, 2) and of each column (w, 2) of the map.

        The box of a unit is that of its row and its column, as with every convolution and pooling; None where it is
        not, as with tokens that look at others here and there. A unit that sees nothing has no positive extent.
        """
        rows, columns = (np.broadcast_to(span, (2, *self.grid)) for span in self._near)
        if bool((rows != rows[:, :, :1]).any()) or bool((columns != columns[:, :1]).any()):
            return None
        first, second = (np.stack([span[0], -span[1]], 1) for span in (rows[:, :, 0], columns[:, 0]))
        return first, second

    def reshaped(self, height: int, width: int, skip: int = 0) -> ReceptiveField:
        """The field laid out as a map of height x width; itself where it has this layout already.

        A row of tokens becomes a map, with its first `skip` tokens (class, registers) left out. Where every unit
        sees the same, any layout fits. Raises `OutOfRange` where the number of units differs.
        """
        if self.grid == (height, width):
            return self
        if all(span.size == 2 for span in (*self._near, *self._strict)):
            return replace(self, grid=(height, width))
        if self.grid[0] != 1 or self.grid[1] != skip + height * width:
            raise OutOfRange(f"{self.grid[0]}x{self.grid[1]} units do not make {skip} + {height}x{width}.")

        def arranged(pair: Pair) -> Pair:
            full = (np.broadcast_to(span, (2, *self.grid))[:, 0, skip:].reshape(2, height, width) for span in pair)
            rows, columns = full
            return rows, columns

        return replace(self, grid=(height, width), _near=arranged(self._near), _strict=arranged(self._strict))


def _at(span: spans.Span, y: int, x: int) -> tuple[int, int]:
    first, end = span[:, min(y, span.shape[1] - 1), min(x, span.shape[2] - 1)]
    return int(first), -int(end)


class Propagation(TorchFunctionMode):
    """Follow everything that is computed from `x` (…, H, W) inside the context.

    unknown: names of the functions met that no rule describes; what they return is taken to see the whole picture.
    Tensors are known as long as they live; none is kept alive. Other function modes and hooks may be active.
    """

    def __init__(self, x: torch.Tensor) -> None:
        super().__init__()
        self.unknown: set[str] = set()
        self._reaches = WeakTensorKeyDictionary()
        self._reaches[x] = Reach.of_input(tuple(x.shape))

    def field(self, tensor: torch.Tensor) -> ReceptiveField | None:
        """The receptive field of a tensor; None where it was not computed from the picture under this mode."""
        reach = self._reach_of(tensor)
        return None if reach is None else _summary(reach)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        name = plain_name(func)
        outputs = [args[0]] if name == "setitem" else tensors(result)
        if outputs and any(self._reach_of(t) is not None for t in tensors([*args, *kwargs.values()])):
            self._follow(Call(name, func, args, kwargs, outputs, self._reach_of))
        return result

    def _reach_of(self, value: object) -> Reach | None:
        return self._reaches.get(value) if isinstance(value, torch.Tensor) else None

    def _follow(self, call: Call) -> None:
        try:
            found = RULES[call.name](call)
        except Exception:  # noqa: BLE001 - a call that a rule does not understand is one without a rule
            self.unknown.add(call.name)
            found = [call.operands()[0][1].everything(tuple(t.shape), exact=False) for t in call.outputs]
        reaches = found if isinstance(found, list) else [found] * len(call.outputs)
        for tensor, reach in zip(call.outputs, reaches, strict=True):
            self._note(tensor, reach)

    def _note(self, tensor: torch.Tensor, reach: Reach | None) -> None:
        known = self._reach_of(tensor)
        if reach is None:
            self._reaches.pop(tensor, None)
        else:
            self._reaches[tensor] = reach
        # Written through a view: which part of the viewed tensor has changed is not followed.
        if known is not None and reach is not known and (base := self._reach_of(tensor._base)) is not None:
            self._reaches[tensor._base] = base.everything(base.shape, exact=False)


def _summary(reach: Reach) -> ReceptiveField:
    """One box for every place of the layer's map, the union over its channels."""
    places = reach.places
    grid = (1, 1) if not places else (1 if len(places) == 1 else reach.shape[places[0]], reach.shape[places[-1]])
    rest = [d for d in range(-len(reach.shape), 0) if d not in places]

    def arranged(pair: Pair) -> Pair:
        rows, columns = (spans.spread(span, rest) for span in pair)
        return _flat(rows, places), _flat(columns, places)

    near, strict, free = arranged(reach.near), arranged(reach.strict), arranged(reach.free)
    size = (_extent(free[0]), _extent(free[1]))
    return ReceptiveField(reach.picture, grid, size, reach.exact, _near=near, _strict=strict)


def _flat(span: spans.Span, places: tuple[int, ...]) -> spans.Span:
    """To (2, rows, columns), each possibly of size 1; a copy, so that nothing larger stays alive."""
    sizes = [span.shape[d] for d in places]
    return span.reshape(2, *[1] * (2 - len(sizes)), *sizes).copy()


def _extent(span: spans.Span) -> int:
    """The longest interval; empty ones, which see only padding, count as nothing."""
    return max(0, int((-span[1].astype(np.int64) - span[0]).max()))
