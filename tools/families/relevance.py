"""References for LRP: relevance as gradient × input of a forward pass that was bent, value for value the same.

A rule R_i = Σ_j z'_ij R_j / z'_j is the chain rule for y = z'·(y/z') with the bracket held fixed: with R_j = y_j·c_j
the signal c_i = Σ_j w'_ij (y_j/z'_j) c_j arrives, and R_i = a_i·c_i. So the original model is run with torch's
functions replaced, and autograd does the rest: activations as x·(f(x)/x), gates and deviations held fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops.misc import SqueezeExcitation

ACTIVATIONS = ("relu", "hardtanh", "silu", "hardswish", "gelu", "hardsigmoid")
EXACT = ("lrp0", "epsilon", "gamma", "alphabeta", "zplus", "composite")
"""Presets that can be written so. In w² and flat, the shares do not contain the input at all."""

Linear = Callable[[Tensor, Tensor], Tensor]


class Weighted(NamedTuple):
    """A call with weights: y = linear(a, weight) + bias, under `rule`."""

    linear: Linear
    a: Tensor
    weight: Tensor
    bias: Tensor | None
    rule: str
    y: Tensor


@dataclass
class Bent:
    """One run of a preset; `low` and `high` (1, 3, 1, 1) bound the pixels.

    `weighted` counts the calls with weights on the way, `of` is how many there are; inside of a `gate` none is.
    """

    preset: str
    low: Tensor
    high: Tensor
    of: int = 0
    weighted: int = 0
    gate: bool = False
    leaves: list[Tensor] = field(default_factory=list)
    raw: dict[int, Weighted] = field(default_factory=dict)

    def rule(self, number: int, top: bool) -> str:
        """The rule of the weighted call with this number."""
        if self.preset != "composite":
            return self.preset
        if number == 0:
            return "zbox"
        if top or number == self.of - 1:
            return "lrp0"
        return "gamma" if 2 * number < self.of else "quarter"

    def call(self, linear: Linear, a: Tensor, weight: Tensor, bias: Tensor | None, vector: bool) -> Tensor:
        """A convolution or linear map under its rule; remembered, as a batch-norm that follows belongs to it."""
        if self.gate:
            y = linear(a, weight)
            return y if bias is None else y + bias
        rule = self.rule(self.weighted, vector)
        self.weighted += 1
        y = self._bent(linear, a, weight, bias, rule)
        self.raw[id(y)] = Weighted(linear, a, weight, bias, rule, y)
        return y

    def norm(self, x: Tensor, factor: Tensor, shift: Tensor) -> Tensor:
        """A batch-norm: with the convolution before it one linear map, or on its own."""
        factor, shift = factor[:, None, None], shift[:, None, None]
        before = self.raw.get(id(x))
        if before is None:
            return x * factor + shift
        bias = shift if before.bias is None else shift + before.bias * factor
        return self._bent(before.linear, before.a, before.weight * factor[..., None], bias, before.rule)

    def _bent(self, linear: Linear, a: Tensor, w: Tensor, b: Tensor | None, rule: str) -> Tensor:
        bias = torch.zeros((), dtype=a.dtype) if b is None else b
        z = linear(a, w) + bias
        y = z.detach()
        if rule == "lrp0":
            return z
        if rule in ("epsilon", "quarter"):
            amount = (1e-6 if rule == "epsilon" else 0.25) * y.square().mean().sqrt()
            passed = z * (y / (y + torch.where(y < 0, -amount, amount)))
            return passed + (y - passed).detach()  # what ε absorbs is a constant
        positive, negative = a.clamp(min=0), a.clamp(max=0)
        up = linear(positive, w.clamp(min=0)) + linear(negative, w.clamp(max=0)) + bias.clamp(min=0)
        down = linear(positive, w.clamp(max=0)) + linear(negative, w.clamp(min=0)) + bias.clamp(max=0)
        if rule == "gamma":
            return torch.where(y >= 0, _at(z + 0.25 * up, y), _at(z + 0.25 * down, y))
        if rule == "zbox":
            low, high = (bound.expand_as(a).clone().requires_grad_() for bound in (self.low, self.high))
            self.leaves += [low, high]
            return _at(linear(a, w) - linear(low, w.clamp(min=0)) - linear(high, w.clamp(max=0)), y)
        alpha, beta = (2.0, 1.0) if rule == "alphabeta" else (1.0, 0.0)
        one = torch.ones_like(y)
        share_up = torch.where(up == 0, 0 * one, torch.where(down == 0, one, alpha * one))
        share_down = torch.where(down == 0, 0 * one, torch.where(up == 0, one, -beta * one))
        return share_up * _at(up, y) + share_down * _at(down, y)


def _at(z: Tensor, y: Tensor) -> Tensor:
    """z, scaled to the value y by a factor that is held fixed."""
    scale = torch.where(z == 0, torch.zeros_like(z), y / torch.where(z == 0, torch.ones_like(z), z))
    return z * scale.detach()


@contextmanager
def _replaced(bent: Bent) -> Iterator[None]:
    original: dict[str, Any] = {name: getattr(F, name) for name in (*ACTIVATIONS, "conv2d", "linear")}

    def activation(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def call(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            kwargs.pop("inplace", None)
            with torch.no_grad():
                y = function(x, *[a for a in args if not isinstance(a, bool)], **kwargs)
            return y.detach() if bent.gate else _at(x, y)

        return call

    def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None, *args: Any) -> Tensor:
        column = None if bias is None else bias.detach()[:, None, None]

        def run(a: Tensor, w: Tensor) -> Tensor:
            found: Tensor = original["conv2d"](a, w, None, *args)
            return found

        with torch.no_grad():
            vector = max(run(x[:1], weight).shape[2:]) == 1
        return bent.call(run, x, weight.detach(), column, vector)

    def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        flat = None if bias is None else bias.detach()
        return bent.call(lambda a, w: original["linear"](a, w), x, weight.detach(), flat, x.dim() == 2)

    def batch_norm(
        x: Tensor,
        mean: Tensor,
        var: Tensor,
        weight: Tensor,
        bias: Tensor,
        _training: bool,
        _momentum: float,
        eps: float,
    ) -> Tensor:
        factor = (weight / (var + eps).sqrt()).detach()
        return bent.norm(x, factor, (bias - mean * factor).detach())

    def layer_norm(x: Tensor, shape: Any, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        deviation = (centred.square().mean(-1, keepdim=True) + eps).sqrt().detach()
        return centred / deviation * weight.detach() + bias.detach()

    def scale(module: SqueezeExcitation, x: Tensor) -> Tensor:
        bent.gate = True
        try:
            with torch.no_grad():
                gate: Tensor = squeeze(module, x)
                return gate.detach()
        finally:
            bent.gate = False

    squeeze = SqueezeExcitation._scale
    functions: dict[str, Any] = {name: activation(original[name]) for name in ACTIVATIONS}
    functions |= {"conv2d": conv2d, "linear": linear, "batch_norm": batch_norm, "layer_norm": layer_norm}
    with mock.patch.multiple(F, **functions), mock.patch.object(SqueezeExcitation, "_scale", scale):
        yield


def lrp(model: nn.Module, x: Tensor, index: int, preset: str, low: Tensor, high: Tensor) -> tuple[Tensor, float]:
    """(relevance of the logit, (H, W), summed over colours; the logit)."""
    counted = Bent("lrp0", low, high)
    with _replaced(counted), torch.enable_grad():
        model(x)
    bent = Bent(preset, low, high, counted.weighted)
    with _replaced(bent), torch.enable_grad():
        a = x.detach().clone().requires_grad_()
        value = model(a)[0, index]
        found = torch.autograd.grad(value, [a, *bent.leaves], allow_unused=True)
    shares = [leaf.detach() * g for leaf, g in zip([a, *bent.leaves], found, strict=True) if g is not None]
    relevance = torch.stack(shares).sum(0)[0].sum(0)
    return relevance, float(value.detach())
