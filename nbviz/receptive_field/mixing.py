"""Rules of functions that combine values: elementwise, sums along dimensions, normalisation, products of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from . import spans
from .call import Call, Rule, negative, tensors
from .reach import Reach, merge
from .spans import Shape, Span


def pointwise(call: Call) -> Reach:
    """Every output sees what the inputs at its place see."""
    return merge([reach for _, reach in call.operands()], call.shape)


def product(call: Call) -> Reach:
    """A factor that is one number for a whole map is a gate: it scales what is there and shows nothing of its own."""
    operands = call.operands()
    maps = [reach for tensor, reach in operands if not _is_gate(tensor, operands)]
    gates = [reach for tensor, reach in operands if _is_gate(tensor, operands)]
    if not maps:  # an outer product: rows times columns
        return merge(gates, call.shape)
    through = merge(maps, call.shape)
    return through.gated(gates) if gates else through


def _is_gate(tensor: torch.Tensor, operands: Sequence[tuple[torch.Tensor, Reach]]) -> bool:
    """Whether another operand has rows or columns along a dimension in which this one has a single element."""
    return any(
        -d > tensor.ndim or tensor.shape[d] == 1
        for other, reach in operands
        if other is not tensor
        for d in reach.places
        if d in reach.moving
    )


def first_only(call: Call) -> Reach:
    """Elementwise in the first argument; the others give a type, a shape or a constant."""
    return merge([call.reach], call.shape)


def nothing(call: Call) -> None:
    """The values do not depend on the picture."""


def copied(call: Call) -> Reach | None:
    """`copy_`: the tensor now shows its source."""
    source = call.reach_of(call.argument(1, "src"))
    return source and merge([source], call.shape)


def linear(call: Call) -> Reach:
    """Mixes the last dimension: all of a flattened map, only the channels of a token."""
    return call.reach.spread([-1], call.shape)


def reduction(position: int, name: str = "dim") -> Rule:
    """One value for all elements along some dimensions; also elementwise for `max(a, b)`."""

    def rule(call: Call) -> Reach | list[Reach]:
        dims = call.argument(position, name)
        if isinstance(dims, torch.Tensor) or len(call.operands()) > 1:
            return pointwise(call)
        if position == 1 and len(call.args) > 2 and all(type(a) is int for a in call.args[1:]):
            dims = call.args[1:]  # x.sum(2, 3)
        reach, out = call.reach, call.shape
        along = negative(dims, len(reach.shape))
        if len(out) == len(reach.shape):
            return reach.spread(along, out)
        kept = tuple(1 if d in along else reach.shape[d] for d in range(-len(reach.shape), 0))
        wide = reach.spread(along, kept)
        return wide.each(out, lambda span: span.reshape(2, *_dropped(span.shape[1:], along)))

    return rule


def _dropped(shape: Shape, dims: Sequence[int]) -> Shape:
    return tuple(n for d, n in zip(range(-len(shape), 0), shape, strict=True) if d not in dims)


def along(position: int, default: Any = None) -> Rule:
    """Keeps the shape, but every element depends on all others along a dimension: softmax, normalize, cumsum."""

    def rule(call: Call) -> Reach:
        dims = call.argument(position, "dim", default)
        if dims is None:
            raise LookupError("no dimension given")
        return call.reach.spread(negative(dims, len(call.reach.shape)), call.shape)

    return rule


def normalisation(dims: Callable[[Call], Sequence[int]]) -> Rule:
    """Scaled by statistics over `dims`: a mixture of channels, but a gate where they reach over rows and columns."""

    def rule(call: Call) -> Reach:
        reach, over = call.reach, set(dims(call))
        mixed = reach.spread(sorted(over - set(reach.places)))
        return mixed.gated([mixed.spread(sorted(over))]) if over & set(reach.places) & reach.moving else mixed

    return rule


def batch_norm_dims(call: Call) -> Sequence[int]:
    training = call.argument(5, "training", False)
    return [d for d in range(-len(call.shape), 0) if d != 1 - len(call.shape)] if training else ()


def instance_norm_dims(call: Call) -> Sequence[int]:
    return range(2 - len(call.shape), 0) if call.argument(5, "use_input_stats", True) else ()


def layer_norm_dims(call: Call) -> Sequence[int]:
    return range(-len(call.argument(1, "normalized_shape")), 0)


def channel_dims(call: Call) -> Sequence[int]:
    return (1 - len(call.shape),)


def group_norm_dims(call: Call) -> Sequence[int]:
    return range(1 - len(call.shape), 0)


def matrix_product(call: Call) -> Reach:
    """a @ b: output (i, j) sees row i of a and column j of b."""
    a, b = call.argument(0, "input"), call.argument(1, "other", call.kwargs.get("mat2"))
    if min(a.ndim, b.ndim) < 2:
        raise LookupError("product with a vector")
    parts = [r.spread([d]) for t, d in ((a, -1), (b, -2)) if (r := call.reach_of(t)) is not None]
    return merge(parts, call.shape) if len(parts) > 1 else replace_shape(parts[0], call.shape)


def added_product(call: Call) -> Reach:
    """bias + a @ b."""
    parts = [r.spread([d]) for i, d in ((1, -1), (2, -2)) if (r := call.reach_of(call.args[i])) is not None]
    bias = call.reach_of(call.args[0])
    return merge([*parts, bias] if bias else parts, call.shape)


def replace_shape(reach: Reach, shape: Shape) -> Reach:
    return reach.each(shape, lambda span: spans.align(span, len(shape)))


def attention(call: Call) -> Reach:
    """Every query sees itself, all keys and all values; a mask is not followed, so it can only be less."""
    names = ("query", "key", "value")
    query, key, value = (call.reach_of(call.argument(i, name)) for i, name in enumerate(names))
    parts = [query.spread([-1])] if query else []
    parts += [r.spread([-2, -1] if r is key else [-2]) for r in (key, value) if r]
    return merge(parts, call.shape)


def multi_head_attention(call: Call) -> list[Reach]:
    """(tokens, batch, channels) in and out; the weights, where asked for, see everything that is seen."""
    query, key, value = (call.reach_of(call.argument(i, n)) for i, n in enumerate(("query", "key", "value")))
    batch = [-2] if len(call.shape) == 3 else []
    parts = [query.spread([*batch, -1])] if query else []
    parts += [r.spread(range(-len(r.shape), 0)) for r in (key, value) if r]
    out = merge(parts, call.shape)
    wide = out.spread(range(-len(out.shape), 0))
    weights = [constant_of(wide, tuple(t.shape)) for t in call.outputs[1:]]
    return [out, *weights]


def constant_of(reach: Reach, shape: Shape) -> Reach:
    return reach.each(shape, lambda span: span.reshape(2, *(1,) * len(shape)))


def einsum(call: Call) -> Reach:
    """Every output sees what all summed elements see; letters only, no ellipsis."""
    equation, operands = call.args[0], tensors(call.args[1:])
    if "->" not in equation or "." in equation:
        raise LookupError("einsum without an explicit output")
    left, result = equation.replace(" ", "").split("->")
    parts = []
    for letters, operand in zip(left.split(","), operands, strict=True):
        if (reach := call.reach_of(operand)) is not None:
            parts.append(_labelled(reach, letters, result, call.shape))
    return merge(parts, call.shape)


def _labelled(reach: Reach, letters: str, result: str, shape: Shape) -> Reach:
    """Sum over the letters that the result lacks and put the others in its order."""
    ndim = len(letters)
    wide = reach.spread([i - ndim for i, c in enumerate(letters) if c not in result])

    def change(span: Span) -> Span:
        order = [1 + letters.index(c) for c in result if c in letters]
        rest = [1 + i for i, c in enumerate(letters) if c not in result]
        sizes = [span.shape[1 + letters.index(c)] if c in letters else 1 for c in result]
        return span.transpose(0, *order, *rest).reshape(2, *sizes)

    return wide.each(shape, change)
