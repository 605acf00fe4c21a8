"""Rules of functions that pick, repeat, join or rearrange values without changing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from . import spans
from .call import Call, Rule, negative, tensors
from .reach import Reach, combine
from .spans import Shape, Span


def reshaped(call: Call) -> Reach:
    """Anything that keeps the order of the elements."""
    reach, out = call.reach, call.shape
    return reach if reach.shape == out else reach.each(out, lambda span: spans.regroup(span, reach.shape, out))


def permuted(order: Callable[[Call, int], Sequence[int]]) -> Rule:
    def rule(call: Call) -> Reach:
        reach = call.reach
        axes = [1 + d % len(reach.shape) for d in order(call, len(reach.shape))]
        return reach.each(call.shape, lambda span: span.transpose(0, *axes))

    return rule


def permutation(call: Call, ndim: int) -> Sequence[int]:
    dims = call.argument(1, "dims")
    return list(dims) if isinstance(dims, (tuple, list)) else [int(d) for d in call.args[1:]]


def swapped(call: Call, ndim: int) -> Sequence[int]:
    names = ("dim0", "dim1") if "dim0" in call.kwargs else ("axis0", "axis1")
    order = list(range(ndim))
    a, b = call.argument(1, names[0]), call.argument(2, names[1])
    order[a], order[b] = order[b], order[a]
    return order


def moved_dims(call: Call, ndim: int) -> Sequence[int]:
    source, target = call.argument(1, "source"), call.argument(2, "destination")
    numbered = np.broadcast_to(0, tuple(range(1, ndim + 1)))
    return [n - 1 for n in np.moveaxis(numbered, source, target).shape]


def backwards(call: Call, ndim: int) -> Sequence[int]:
    return list(range(ndim))[::-1]


def last_two(call: Call, ndim: int) -> Sequence[int]:
    return [*range(ndim - 2), ndim - 1, ndim - 2]


def compact(call: Call) -> Reach:
    """Roll and flip: a dimension in which all elements see the same stays one element."""
    return call.reach.each(call.shape, lambda span: _run(call, span, None)[0])


def moved(call: Call) -> list[Reach]:
    """Any other function that only picks, repeats or rearranges: it is run on the spans themselves."""
    reach = call.reach

    def output(i: int) -> Reach:
        return reach.each(tuple(call.outputs[i].shape), lambda span: _run(call, span, reach.shape)[i])

    return [output(i) for i in range(len(call.outputs))]


def _run(call: Call, span: Span, shape: Shape | None) -> list[Span]:
    """The function applied to both ends of the intervals, which are laid out to `shape` without copying."""
    ends = []
    with torch._C.DisableTorchFunction():
        for end in span:
            tensor = torch.from_numpy(np.array(end))
            first = tensor if shape is None else tensor.expand(shape)
            ends.append(tensors(call.function(first, *call.args[1:], **_without_input(call.kwargs))))
    return [np.stack([_short(a), _short(b)]) for a, b in zip(*ends, strict=True)]


def _without_input(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in ("input", "self")}


def _short(tensor: torch.Tensor) -> Any:
    """Repetition that only exists as stride 0 becomes size 1 again."""
    for dim, (step, n) in enumerate(zip(tensor.stride(), tensor.shape, strict=True)):
        if step == 0 and n > 1:
            tensor = tensor.narrow(dim, 0, 1)
    return tensor.numpy()


def concatenated(call: Call) -> Reach:
    parts = [t for t in call.argument(0, "tensors") if t.numel()]
    dim = negative(call.argument(1, "dim", call.kwargs.get("axis", 0)), len(call.shape))[0]
    known = [call.reach_of(t) for t in parts]
    blank = next(r for r in known if r is not None)
    empty = blank.each(blank.shape, lambda span: np.full((2,) + (1,) * len(call.shape), spans.NOTHING, np.int32))
    sizes = [t.shape[dim] for t in parts]
    reaches = [empty if r is None else r for r in known]
    return combine(reaches, call.shape, lambda pieces: spans.concatenate(pieces, sizes, dim))


def stacked(call: Call) -> Reach:
    parts = call.argument(0, "tensors")
    dim = negative(call.argument(1, "dim", 0), len(call.shape))[0]
    known = [r for t in parts if (r := call.reach_of(t)) is not None]
    if len(known) != len(parts):
        raise LookupError("stack with constants")

    def join(pieces: list[Span]) -> Span:
        opened = [np.expand_dims(p, p.ndim + 1 + dim) for p in pieces]
        return spans.concatenate(opened, [1] * len(opened), dim)

    return combine(known, call.shape, join)


def assigned(call: Call) -> Reach | None:
    """`x[i] = value`: the same assignment on the spans; a constant value hides what was there."""
    target, where, value = call.args[0], call.args[1], call.args[2]
    before, source = call.reach_of(target), call.reach_of(value)
    shape = tuple(target.shape)
    known = before or source
    if known is None:
        return None
    nowhere = known.each(shape, lambda span: np.full((2,) + (1,) * len(shape), spans.NOTHING, np.int32))

    def join(pieces: list[Span]) -> Span:
        ends = []
        with torch._C.DisableTorchFunction():
            for old, new in zip(*pieces, strict=True):
                end = torch.from_numpy(np.broadcast_to(old, shape).copy())
                end[where] = torch.from_numpy(np.array(new)).expand(source.shape if source else ())
                ends.append(end.numpy())
        return _shortest(np.stack(ends))

    point = known.each((), lambda span: np.full((2,), spans.NOTHING, np.int32))
    return combine([before or nowhere, source or point], shape, join)


def _shortest(span: Span) -> Span:
    """Dimensions in which all elements see the same get size 1 again."""
    for dim in range(1, span.ndim):
        head = span.take([0], axis=dim)
        if (span == head).all():
            span = head
    return span
