"""Rules of functions that slide a window over rows and columns: convolution, pooling, padding, interpolation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import spans
from .call import Call, Rule, many
from .reach import Reach
from .spans import Index, Window


def convolution(call: Call) -> Reach:
    reach, weight = call.reach, call.argument(1, "weight")
    n = weight.ndim - 2
    stride, dilation = many(call.argument(3, "stride", 1), n), many(call.argument(5, "dilation", 1), n)
    padding, groups = call.argument(4, "padding", 0), call.argument(6, "groups", 1)
    kernel = tuple(weight.shape[2:])
    if padding == "same":
        pads = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
    else:
        pads = many(0 if padding == "valid" else padding, n)
    windows = {i - n: spans.sliding(call.shape[i - n], kernel[i], stride[i], pads[i], dilation[i]) for i in range(n)}
    mixed = reach.each(reach.shape, lambda s: spans.mix_channels(s, -n - 1, groups, weight.shape[0]))
    return mixed.windows(call.shape, windows, maps=n == 2)


def transposed_convolution(call: Call) -> Reach:
    reach, weight = call.reach, call.argument(1, "weight")
    n = weight.ndim - 2
    stride, padding = many(call.argument(3, "stride", 1), n), many(call.argument(4, "padding", 0), n)
    groups, dilation = call.argument(6, "groups", 1), many(call.argument(7, "dilation", 1), n)
    windows = {}
    for i in range(n):
        sizes = reach.shape[i - n], call.shape[i - n], weight.shape[2 + i]
        windows[i - n] = spans.transposed(*sizes, stride[i], padding[i], dilation[i])
    n_out = weight.shape[1] * groups
    mixed = reach.each(reach.shape, lambda s: spans.mix_channels(s, -n - 1, groups, n_out))
    return mixed.windows(call.shape, windows)


def pooling(n: int, dilated: bool) -> Rule:
    """Pooling over `n` dimensions; the signatures differ after the padding."""

    def rule(call: Call) -> Reach:
        kernel = many(call.argument(1, "kernel_size"), n)
        given = call.argument(2, "stride")
        stride = many(given, n) if given not in (None, [], ()) else kernel
        padding = many(call.argument(3, "padding", 0), n)
        dilation = many(call.argument(4, "dilation", 1), n) if dilated else (1,) * n
        windows = {
            i - n: spans.sliding(call.shape[i - n], kernel[i], stride[i], padding[i], dilation[i]) for i in range(n)
        }
        return call.reach.windows(call.shape, windows, maps=n == 2)

    return rule


def lp_pooling(call: Call) -> Reach:
    n = 2 if call.name.endswith("2d") else 1
    kernel, stride = many(call.argument(2, "kernel_size"), n), call.argument(3, "stride")
    strides = kernel if stride is None else many(stride, n)
    windows = {i - n: spans.sliding(call.shape[i - n], kernel[i], strides[i]) for i in range(n)}
    return call.reach.windows(call.shape, windows, maps=n == 2)


def adaptive_pooling(n: int) -> Rule:
    def rule(call: Call) -> Reach:
        reach, out = call.reach, call.shape
        single = [d for d in range(-n, 0) if out[d] == 1]
        windows = {d: spans.adaptive(reach.shape[d], out[d]) for d in range(-n, 0)}
        return reach.spread(single).windows(out, windows, maps=n == 2)

    return rule


def padded(call: Call) -> Reach:
    """`F.pad`: constants show nothing, the other modes show the places they repeat."""
    reach, pad, mode = call.reach, call.argument(1, "pad"), call.argument(2, "mode", "constant")
    windows = {}
    for i in range(len(pad) // 2):
        dim = -1 - i
        index = np.arange(call.shape[dim]) - pad[2 * i]
        if mode != "constant":
            index = _continued(index, reach.shape[dim], mode)
        windows[dim] = Window(index[:, None], np.ones((len(index), 1), bool))
    moving = [d for d in windows if any(s.shape[d] > 1 for s in (*reach.near, *reach.strict))]
    return reach.windows(call.shape, {d: windows[d] for d in moving})


def _continued(index: Index, n: int, mode: str) -> Index:
    if mode == "replicate":
        return index.clip(0, n - 1)
    if mode == "circular":
        return index % n
    if mode == "reflect":
        around = index % max(1, 2 * n - 2)
        return np.minimum(around, max(1, 2 * n - 2) - around)
    raise LookupError(f"padding mode {mode}")


def interpolated(call: Call) -> Reach:
    reach, out = call.reach, call.shape
    mode, corners = call.argument(3, "mode", "nearest"), call.argument(4, "align_corners")
    scale, antialias = call.argument(2, "scale_factor"), call.argument(6, "antialias", False)
    if call.argument(5, "recompute_scale_factor") or call.argument(1, "size") is not None:
        scale = None
    n = len(out) - 2
    scales = (None,) * n if scale is None else tuple(scale) if isinstance(scale, (tuple, list)) else (scale,) * n
    windows = {d: _reads(reach.shape[d], out[d], mode, corners, scales[d], antialias) for d in range(-n, 0)}
    return reach.windows(out, windows)


def _reads(n: int, m: int, mode: str, corners: bool | None, scale: float | None, antialias: bool) -> Window:
    """Which inputs have a weight in each output of `F.interpolate` along one dimension."""
    if mode == "area":
        return spans.adaptive(n, m)
    i = np.arange(m)
    step = (n - 1) / max(m - 1, 1) if corners else 1 / scale if scale else n / m
    if mode == "nearest":
        # torch computes this in float32, which decides where i·step is nearly whole.
        first = np.floor(i.astype(np.float32) * np.float32(step)).astype(np.int64)
        return spans.listed(first, first + 1, n)
    if mode == "nearest-exact":
        first = np.floor((i + 0.5) * step).astype(np.int64)
        return spans.listed(first, first + 1, n)
    centre = i * step if corners else (i + 0.5) * step - 0.5
    cubic = mode == "bicubic"
    if antialias and step > 1:
        support = step * (2 if cubic else 1)
        return spans.listed(_whole(np.floor(centre - support + 1)), _whole(np.ceil(centre + support)), n)
    centre = centre if cubic else centre.clip(0, n - 1)
    first = _whole(np.floor(centre + 1e-6))
    between = centre - first > 1e-6
    return spans.listed(first - (between & cubic), first + 1 + between + (between & cubic), n)


def _whole(values: NDArray[np.float64]) -> Index:
    whole: Index = values.astype(np.int64)
    return whole
