"""How relevance passes every call without weights: the table {function → row}.

A row without a function here is not guessed at: LRP is then not defined, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from . import gates
from .shares import ratio, two_shares
from .tape import Call, Value

Relevances = list[Tensor | None]
Shares = list[tuple[Value, Tensor]]


@dataclass
class Place:
    """Where a call stands: `evenly` shares out by weights alone, `before_weights` sees nothing but the picture."""

    evenly: bool
    before_weights: bool
    absorb: Callable[[Tensor], None]


@dataclass(frozen=True)
class Row:
    """`back` hands the relevance of the outputs to the inputs; `takers` are those that can get some, None: no rule."""

    back: Callable[[Call, Relevances, Place], Shares]
    takers: Callable[[Call], list[Value] | None] = lambda call: call.inputs


def routed(call: Call, rs: Relevances, _place: Place) -> Shares:
    """Each value goes to places of its own, as in max-pools (the winner), cat, reshape: R goes back the same way."""
    found = [(x, call.pulled(rs, x)) for x in call.inputs]
    return [(x, r) for x, r in found if r is not None]


def unchanged(call: Call, rs: Relevances, _place: Place) -> Shares:
    """One value made of one value: activations, scaling by a constant, normalisation by a number that is left alone."""
    return [(_only(call), _first(rs))]


def proportional(call: Call, rs: Relevances, place: Place) -> Shares:
    """z = Σ_i m_i a_i with fixed m, as in means: R_i = m_i a_i R/z; evenly: R_i = m_i R/Σm."""
    x, r, graph = _only(call), _first(rs), call.graph[0]
    if not place.evenly:
        pulled = call.pulled([ratio(r, graph.detach())], x)
        return [] if pulled is None else [(x, x.tensor * pulled)]
    sizes: Tensor = call.run(lambda v: torch.ones_like(v.tensor))
    pulled = call.pulled([ratio(r, sizes)], x)
    return [] if pulled is None else [(x, pulled)]


def summed(call: Call, rs: Relevances, place: Place) -> Shares:
    """R_a = R·a/(a + b), R_b = R·b/(a + b); a constant absorbs its share as a bias does, evenly it gets none."""
    (x, a), (y, b) = _terms(call)
    r = _first(rs)
    if x is y:
        assert x is not None
        return [(x, r)]
    if x is None or y is None:
        constant, given, value = (a, b, y) if x is None else (b, a, x)
        assert value is not None
        if place.evenly or place.before_weights:
            return [(value, _like(r, value))]
        s = ratio(r, given + constant)
        place.absorb((s * constant).sum())
        return [(value, _like(s * given, value))]
    of_a, of_b = (r / 2, r / 2) if place.evenly else two_shares(r, a, b)
    return [(x, _like(of_a, x)), (y, _like(of_b, y))]


def gated(call: Call, rs: Relevances, _place: Place) -> Shares:
    """A product: the signal takes all, the gate nothing."""
    takers = gates.signal(call)
    assert takers
    return [(takers[0], _like(_first(rs), takers[0]))]


def affine(call: Call, rs: Relevances, place: Place) -> Shares:
    """Batch-norm on its own: y = x·γ/σ + β − μγ/σ; the last two absorb their share."""
    x, r = _only(call), _first(rs)
    if place.evenly or place.before_weights:
        return [(x, r)]
    factor, shift = folded_norm(call)
    s = ratio(r, call.outputs[0].tensor)
    shape = (-1, *[1] * (s.dim() - 2))
    place.absorb((s * shift.view(shape)).sum())
    return [(x, s * factor.view(shape) * x.tensor)]


def centred(call: Call, rs: Relevances, place: Place) -> Shares:
    """Layer-norm and its kin: y = (x − mean x)·γ/σ + β, σ left alone as a gate is, the mean shared out as a sum."""
    x, r = _only(call), _first(rs)
    if place.evenly:
        return [(x, r)]
    with torch.enable_grad():
        leaf = x.tensor.detach().requires_grad_()
        grouped, dims, eps, gamma = _groups(call, leaf)
        off = grouped - grouped.mean(dims, keepdim=True)
        deviation = (off.square().mean(dims, keepdim=True) + eps).sqrt().detach()
        linear = (off / deviation).reshape(leaf.shape) * gamma
    y = call.outputs[0].tensor
    s = ratio(r, y)
    place.absorb((s * (y - linear.detach())).sum())
    (pulled,) = torch.autograd.grad(linear, leaf, s)
    return [(x, x.tensor * pulled)]


def folded_norm(call: Call) -> tuple[Tensor, Tensor]:
    """A batch-norm's (γ/σ, β − μγ/σ), one number a channel."""
    mean, var = call.argument(1, "running_mean"), call.argument(2, "running_var")
    gamma, beta = call.argument(3, "weight"), call.argument(4, "bias")
    factor = (var + call.argument(7, "eps", 1e-5)).rsqrt() * (1 if gamma is None else gamma)
    return factor, (0 if beta is None else beta) - mean * factor


def _groups(call: Call, x: Tensor) -> tuple[Tensor, tuple[int, ...], float, Tensor | float]:
    """(x with the axes that share a mean, those axes, ε, γ broadcastable to x)."""
    if call.name == "layer_norm":
        dims = tuple(range(-len(call.argument(1, "normalized_shape")), 0))
        gamma = call.argument(2, "weight")
        return x, dims, call.argument(4, "eps", 1e-5), 1.0 if gamma is None else gamma
    group = call.name == "group_norm"
    channels = x.shape[1]
    groups = call.argument(1, "num_groups") if group else channels
    gamma, eps = (
        (call.argument(2, "weight"), call.argument(4, "eps", 1e-5))
        if group
        else (call.argument(3, "weight"), call.argument(7, "eps", 1e-5))
    )
    by_channel = 1.0 if gamma is None else gamma.view(-1, *[1] * (x.dim() - 2))
    return x.reshape(len(x), groups, -1), (2,), eps, by_channel


def _terms(call: Call) -> list[tuple[Value | None, Tensor]]:
    """The two operands of a sum with their signed numbers; None for a constant."""
    first, second = call.argument(0, "input"), call.argument(1, "other")
    alpha = call.argument(2, "alpha", 1)
    signs = {"sub": (1, -alpha), "subtract": (1, -alpha), "rsub": (-alpha, 1)}.get(call.name, (1, alpha))
    out = call.outputs[0].tensor

    def term(operand: object, sign: float) -> tuple[Value | None, Tensor]:
        value = operand if isinstance(operand, Value) else None
        numbers = value.tensor if value else operand
        signed = torch.as_tensor(numbers).to(out)
        return value, (signed if sign == 1 else sign * signed).expand_as(out)

    return [term(first, signs[0]), term(second, signs[1])]


def _like(r: Tensor, value: Value) -> Tensor:
    """Relevance of an operand that was broadcast, summed up to its own shape."""
    return r.sum_to_size(value.tensor.shape)


def _only(call: Call) -> Value:
    assert len(call.inputs) == 1
    return call.inputs[0]


def _first(rs: Relevances) -> Tensor:
    assert rs[0] is not None
    return rs[0]


def _one_input(call: Call) -> list[Value] | None:
    return call.inputs if len(call.inputs) == 1 else None


def _frozen_statistics(call: Call) -> list[Value] | None:
    known = call.function is F.batch_norm and not call.argument(5, "training", False)
    return _one_input(call) if known else None


def _own_statistics(call: Call) -> list[Value] | None:
    known = call.function is F.instance_norm and call.argument(5, "use_input_stats", True)
    return _one_input(call) if known else None


def _rows(row: Row, names: str) -> dict[str, Row]:
    return dict.fromkeys(names.split(), row)


ROUTES: dict[str, Row] = {
    **_rows(
        Row(routed),
        """view reshape flatten unflatten squeeze unsqueeze view_as reshape_as ravel permute transpose swapaxes swapdims
        movedim moveaxis T t mT adjoint H mH contiguous clone roll flip fliplr flipud rot90 getitem setitem chunk split
        tensor_split unsafe_chunk unsafe_split split_with_sizes unbind select narrow index_select expand expand_as
        repeat tile repeat_interleave broadcast_to diagonal pixel_shuffle pixel_unshuffle channel_shuffle
        native_channel_shuffle unfold cat concat concatenate stack pad copy
        max_pool1d max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices
        adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d adaptive_max_pool1d_with_indices
        adaptive_max_pool2d_with_indices adaptive_max_pool3d_with_indices
        max min amax amin maximum minimum fmax fmin where masked_fill topk sort""",
    ),
    **_rows(
        Row(unchanged, _one_input),
        """relu relu6 leaky_relu prelu rrelu elu celu selu gelu silu mish hardswish hardtanh softplus softsign tanh
        sigmoid hardsigmoid logsigmoid threshold clamp clamp_min clamp_max clip tanhshrink softshrink hardshrink
        abs square pow sqrt erf exp neg negative positive
        dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout
        normalize local_response_norm rms_norm
        detach data to type type_as float double half bfloat16 cpu cuda""",
    ),
    **_rows(
        Row(proportional, _one_input),
        """avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d mean sum
        interpolate upsample""",
    ),
    **_rows(Row(summed), "add sub subtract rsub"),
    **_rows(Row(gated, gates.signal), "mul multiply div divide true_divide truediv"),
    "batch_norm": Row(affine, _frozen_statistics),
    **_rows(Row(centred, _one_input), "layer_norm group_norm"),
    "instance_norm": Row(centred, _own_statistics),
}

# What a person knows a call as, where its name alone would not tell.
KNOWN_AS = {
    "scaled_dot_product_attention": "attention",
    "multi_head_attention_forward": "attention",
    "matmul": "a product of two things computed from the picture (attention)",
    "bmm": "a product of two things computed from the picture (attention)",
    "einsum": "a product of two things computed from the picture (attention)",
    "softmax": "a softmax",
    "log_softmax": "a softmax",
    "mul": "a product of which neither side is a gate",
    "div": "a division by what is explained itself",
}
