"""Arithmetic of intervals of the input, one for every unit of a tensor.

A `Span` says, for every element of a tensor, which rows (or columns) of the input it can see. It is an int32 array
of shape (2, *dims): [0] the first row and [1] the *negated* end (exclusive), so that a union is a minimum of both.
`dims` is broadcastable to the tensor's shape: a dimension that does not matter, such as the channels of an ordinary
convolution, has size 1, which keeps a span a few hundred bytes long. Dimensions are always counted from the end.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Span = NDArray[np.int32]
Index = NDArray[np.int64]
Shape = tuple[int, ...]

NOTHING = 1 << 29
"""Both ends of an empty interval: neutral in every union."""


def identity(n: int, dim: int, ndim: int) -> Span:
    """The input itself: element i along `dim` sees [i, i+1)."""
    first = np.arange(n, dtype=np.int32)
    return np.stack([first, -first - 1]).reshape(2, *(n if d == dim else 1 for d in range(-ndim, 0)))


def constant(first: int, stop: int, ndim: int) -> Span:
    """Every element sees [first, stop)."""
    return np.array([first, -stop], np.int32).reshape(2, *(1,) * ndim)


def align(span: Span, ndim: int) -> Span:
    """As broadcasting does: new leading dimensions of size 1."""
    return span.reshape(2, *(1,) * (ndim + 1 - span.ndim), *span.shape[1:])


def union(spans: Iterable[Span]) -> Span:
    """What any of several broadcastable tensors sees."""
    return functools.reduce(lambda a, b: a if a is b else np.minimum(a, b), spans)


def spread(span: Span, dims: Iterable[int]) -> Span:
    """Every element sees what all elements along `dims` see; the dimensions stay, with size 1."""
    axes = tuple(d for d in dims if span.shape[d] > 1)
    return span.min(axis=axes, keepdims=True) if axes else span


@dataclass(frozen=True, eq=False)
class Window:
    """Which elements each output reads along one dimension.

    index: (outputs, reads); may lie outside 0..n-1, where padding is read.
    real: same shape; False where there is no read at all.
    stride: distance of neighbouring outputs in the input of the operation.
    """

    index: Index
    real: NDArray[np.bool_]
    stride: int = 1


@functools.lru_cache(512)
def sliding(n_out: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Window:
    """Convolution and pooling; ceil mode only shows in `n_out`."""
    index = np.arange(n_out)[:, None] * stride - padding + np.arange(kernel) * dilation
    return Window(index, np.ones_like(index, bool), stride)


@functools.lru_cache(512)
def transposed(n: int, n_out: int, kernel: int, stride: int, padding: int, dilation: int) -> Window:
    """Transposed convolution: output o reads input i where o = i·stride - padding + t·dilation."""
    place = np.arange(n_out)[:, None] + padding - np.arange(kernel) * dilation
    index = place // stride
    return Window(index, (place % stride == 0) & (index >= 0) & (index < n))


@functools.lru_cache(512)
def adaptive(n: int, n_out: int) -> Window:
    """Adaptive pooling: from floor(i·n/m) to ceil((i+1)·n/m)."""
    i = np.arange(n_out)
    first, stop = i * n // n_out, -((-(i + 1) * n) // n_out)
    index = first[:, None] + np.arange(int((stop - first).max()))
    return Window(index, index < stop[:, None], max(1, n // n_out))


def listed(first: Index, stop: Index, n: int) -> Window:
    """Output i reads first[i] ≤ j < stop[i], clamped to the tensor as interpolation does at its border."""
    index = first[:, None] + np.arange(int((stop - first).max()))
    return Window(index.clip(0, n - 1), index < stop[:, None])


def gather(span: Span, dim: int, window: Window, beyond: int | None = None) -> Span:
    """The union over what each output reads along `dim`; a dimension that does not matter stays as it is.

    Reads beyond the tensor see nothing where `beyond` is None. Otherwise they see what the tensor would show there
    if it went on, `beyond` input rows an element where that cannot be told from the tensor's own steps.
    """
    n = span.shape[dim]
    if n == 1 and not beyond:
        return span
    inside = window.index.clip(0, n - 1)
    taken = np.take(span, inside, axis=dim)
    trailing = (1,) * (-dim - 1)
    excess = window.index - inside
    real = window.real if beyond is not None else window.real & (excess == 0)
    if beyond is not None and excess.any():
        excess = excess.reshape(*excess.shape, *trailing)
        taken = taken + np.minimum(excess, 0) * _step(span, dim, 0, beyond)
        taken += np.maximum(excess, 0) * _step(span, dim, n - 2, beyond)
    if not real.all():
        taken = np.where(real.reshape(*real.shape, *trailing), taken, np.int32(NOTHING))
    seen: Span = taken.min(axis=dim).astype(np.int32, copy=False)
    return seen


def _step(span: Span, dim: int, at: int, jump: int) -> Span:
    """How an interval moves from element `at` to the next along `dim`, with room for the axis of reads."""
    n = span.shape[dim]
    if n == 1:
        step = np.broadcast_to(np.array([jump, -jump], np.int32).reshape(2, *(1,) * (span.ndim - 1)), span.shape)
    else:
        step = np.take(span, [at + 1], axis=dim) - np.take(span, [at], axis=dim)
    return np.expand_dims(step, dim)


def regroup(span: Span, old: Shape, new: Shape) -> Span:
    """Follow a reshape that keeps row-major order: view, flatten, squeeze and their kin."""
    full, final = list(span.shape[1:]), list(new)
    for olds, news in _groups(old, new):
        if all(full[d] == 1 for d in olds):
            for d in news:
                final[d] = 1
        else:
            for d in olds:
                full[d] = old[d]
    return np.broadcast_to(span, (2, *full)).reshape(2, *final)


def _groups(old: Shape, new: Shape) -> Iterator[tuple[range, range]]:
    """The shortest runs of dimensions that hold equally many elements, in order."""
    i = j = 0
    while i < len(old) or j < len(new):
        a, b = i, j
        i, j = i + 1, j + 1
        while math.prod(old[a:i]) != math.prod(new[b:j]):
            if math.prod(old[a:i]) < math.prod(new[b:j]):
                i += 1
            else:
                j += 1
        # Dimensions of size 1 at the very end belong to no later run.
        if i >= len(old) or j >= len(new):
            i, j = len(old), len(new)
        yield range(a, i), range(b, j)


def concatenate(spans: Sequence[Span], sizes: Sequence[int], dim: int) -> Span:
    """Along `dim`, where the tensors have these sizes; stays short where all see the same."""
    if all(s.shape[dim] == 1 for s in spans) and all(s is spans[0] or np.array_equal(s, spans[0]) for s in spans):
        return spans[0]
    common = np.broadcast_shapes(*(np.delete(s.shape, dim) for s in spans))
    shapes = [list(common) for _ in spans]
    for shape, size in zip(shapes, sizes, strict=True):
        shape.insert(len(shape) + 1 + dim, size)
    return np.concatenate([np.broadcast_to(s, shape) for s, shape in zip(spans, shapes, strict=True)], axis=dim)


def mix_channels(span: Span, dim: int, groups: int, n_out: int) -> Span:
    """A convolution's sum over the channels of each group."""
    n = span.shape[dim]
    if n == 1 or groups == 1:
        return spread(span, [dim])
    axis = span.ndim + dim
    parts = span.reshape(*span.shape[:axis], groups, n // groups, *span.shape[axis + 1 :]).min(axis=axis + 1)
    mixed: Span = parts.repeat(n_out // groups, axis=axis)
    return mixed
