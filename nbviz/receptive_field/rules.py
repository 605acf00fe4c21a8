"""How each torch function carries what its inputs can see to its outputs: the table {function name -> rule}.

A function without a row is not guessed at: what it returns is taken to see the whole picture, and said so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import mixing, moving, windows
from .call import Rule


def _rows(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


RULES: dict[str, Rule] = {
    **_rows(
        mixing.pointwise,
        """abs absolute acos acosh add addcdiv addcmul alpha_dropout arctan asin asinh atan atan2 atanh bitwise_and
        bitwise_not bitwise_or bitwise_xor and or xor invert ceil celu clamp clamp_max clamp_min clip clone contiguous
        copysign cos cosh data deg2rad detach double dropout dropout1d dropout2d dropout3d elu eq erf erfc erfinv exp
        exp2 expm1 feature_alpha_dropout feature_dropout float floor fmod frac ge gelu gt half hardshrink
        hardsigmoid hardswish hardtanh heaviside hypot int bool byte long bfloat16 cpu cuda isfinite isinf isnan
        le leaky_relu lerp lgamma log log10 log1p log2 logical_and logical_not logical_or logical_xor logit logsigmoid
        lt masked_fill maximum minimum mish nan_to_num ne neg negative pos positive pow prelu rad2deg reciprocal relu
        relu6 remainder requires_grad retain_grad round rrelu rsqrt rsub selu sgn sigmoid sign silu sin sinc sinh
        softplus softshrink softsign special_erf special_expit special_log1p sqrt square sub subtract tan tanh
        tanhshrink threshold trunc where xlogy fmax fmin""",
    ),
    **_rows(mixing.product, "mul multiply div divide true_divide rtruediv rdiv floordiv floor_divide truediv"),
    **_rows(mixing.first_only, "to type type_as expand_as pin_memory resolve_conj resolve_neg"),
    **_rows(
        mixing.nothing,
        """zeros_like ones_like full_like empty_like rand_like randn_like randint_like new_zeros new_ones new_full
        new_empty new_tensor zero fill normal uniform bernoulli random exponential""",
    ),
    "copy": mixing.copied,
    **_rows(windows.convolution, "conv1d conv2d conv3d"),
    **_rows(windows.transposed_convolution, "conv_transpose1d conv_transpose2d conv_transpose3d"),
    **{f"{kind}_pool{n}d": windows.pooling(n, kind == "max") for kind in ("max", "avg") for n in (1, 2, 3)},
    **{f"max_pool{n}d_with_indices": windows.pooling(n, True) for n in (1, 2, 3)},
    **_rows(windows.lp_pooling, "lp_pool1d lp_pool2d"),
    **{f"adaptive_{kind}_pool{n}d": windows.adaptive_pooling(n) for kind in ("max", "avg") for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d_with_indices": windows.adaptive_pooling(n) for n in (1, 2, 3)},
    "pad": windows.padded,
    **_rows(windows.interpolated, "interpolate upsample"),
    "linear": mixing.linear,
    **_rows(mixing.reduction(1), "mean sum amax amin max min std var prod logsumexp any all argmax argmin median"),
    **_rows(mixing.reduction(1), "std_mean var_mean count_nonzero nansum nanmean"),
    **_rows(mixing.reduction(2), "norm vector_norm linalg_vector_norm"),
    **_rows(mixing.along(1), "softmax log_softmax cumsum cumprod softmin"),
    **_rows(mixing.along(1, -1), "sort argsort glu"),
    "topk": mixing.along(2, -1),
    "normalize": mixing.along(2, 1),
    "batch_norm": mixing.normalisation(mixing.batch_norm_dims),
    "instance_norm": mixing.normalisation(mixing.instance_norm_dims),
    **_rows(mixing.normalisation(mixing.layer_norm_dims), "layer_norm rms_norm"),
    "group_norm": mixing.normalisation(mixing.group_norm_dims),
    "local_response_norm": mixing.normalisation(mixing.channel_dims),
    **_rows(mixing.matrix_product, "matmul bmm mm"),
    **_rows(mixing.added_product, "addmm baddbmm"),
    "scaled_dot_product_attention": mixing.attention,
    "multi_head_attention_forward": mixing.multi_head_attention,
    "einsum": mixing.einsum,
    **_rows(moving.reshaped, "view reshape flatten unflatten squeeze unsqueeze view_as reshape_as ravel atleast_2d"),
    "permute": moving.permuted(moving.permutation),
    **_rows(moving.permuted(moving.swapped), "transpose swapaxes swapdims"),
    **_rows(moving.permuted(moving.moved_dims), "movedim moveaxis"),
    **_rows(moving.permuted(moving.backwards), "T t"),
    **_rows(moving.permuted(moving.last_two), "mT adjoint H mH"),
    **_rows(moving.compact, "roll flip fliplr flipud"),
    **_rows(
        moving.moved,
        """getitem chunk split tensor_split unsafe_chunk unsafe_split split_with_sizes unbind select narrow
        index_select expand repeat tile repeat_interleave broadcast_to rot90 diagonal pixel_shuffle pixel_unshuffle
        channel_shuffle unfold""",
    ),
    **_rows(moving.concatenated, "cat concat concatenate"),
    **_rows(moving.stacked, "stack"),
    "setitem": moving.assigned,
}


def plain_name(function: Callable[..., Any]) -> str:
    """`relu` for F.relu, torch.relu_, Tensor.relu_; `add` for `+`, `+=` and `1 + x`; a property's own name."""
    name = getattr(function, "__name__", type(function).__name__)
    if name == "__get__":
        return str(getattr(getattr(function, "__self__", None), "__name__", name))
    if name.startswith("__"):
        name = name.strip("_")
        for prefix in ("i", "r"):
            if name not in RULES and name[:1] == prefix and name[1:] in RULES and name != "rmatmul":
                return name[1:]
        return name
    return name.rstrip("_") if name not in RULES else name
