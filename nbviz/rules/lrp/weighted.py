"""Calls with weights: z = W a + b, for convolutions, linear maps and matrix products, with batch-norm folded in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from .shares import ratio
from .tape import Call, Value

Change = Callable[[Tensor], Tensor]

CONVOLUTIONS = {"conv1d", "conv2d", "conv3d"}
TRANSPOSED = {"conv_transpose1d", "conv_transpose2d", "conv_transpose3d"}
PRODUCTS = {"matmul", "mm"}
WEIGHTED = {*CONVOLUTIONS, *TRANSPOSED, *PRODUCTS, "linear"}


@dataclass(frozen=True)
class Piece:
    """A part of z: the transformed weights applied to one reading of the input.

    `of` is "a", "a+", "a-" (its positive or negative part), "1", or a bound of the pixels: "low", "high".
    """

    of: str
    change: Change
    sign: float = 1.0


@dataclass(frozen=True)
class Part:
    """Pieces that are summed up, and what becomes of the bias there; None where the rule leaves it out."""

    pieces: tuple[Piece, ...]
    bias: Change | None = None


class Weighted:
    """One call with weights. With `norm`, a batch-norm on its output, as (factor, shift) per channel, is part of it."""

    def __init__(self, call: Call, norm: tuple[Tensor, Tensor] | None = None, output: Value | None = None) -> None:
        self.call, self.norm = call, norm
        self.output = output or call.outputs[0]
        self.bounds: tuple[Tensor, Tensor] | None = None

    @property
    def input(self) -> Value:
        """The value that relevance goes to."""
        return self.call.inputs[0]

    @property
    def a(self) -> Tensor:
        """The input's numbers."""
        return self.input.tensor

    @property
    def z(self) -> Tensor:
        """The output's numbers, bias and batch-norm included."""
        return self.output.tensor

    @cached_property
    def weight(self) -> Tensor:
        """W, folded: W·γ/σ by output channel."""
        weight: Tensor = self.call.argument(*self._weight_at)
        if self.norm is None:
            return weight
        factor = self.norm[0]
        if self.call.name in TRANSPOSED:  # (inputs, outputs of a group, …), the groups side by side in the inputs
            groups = self.call.argument(6, "groups", 1)
            grouped = weight.unflatten(0, (groups, -1))
            folded: Tensor = grouped * _columns(factor.unflatten(0, (groups, 1, -1)), grouped.dim())
            return folded.flatten(0, 1)
        return weight * _columns(factor, weight.dim())

    @cached_property
    def bias(self) -> Tensor | None:
        """b as it is added to z, broadcastable; folded: b·γ/σ + β − μ·γ/σ. None where there is none."""
        bias: Tensor | None = None if self.call.name in PRODUCTS else self.call.argument(2, "bias")
        if self.norm is not None:
            factor, shift = self.norm
            bias = shift if bias is None else bias * factor + shift
        channels_last = self.call.name not in CONVOLUTIONS | TRANSPOSED
        return None if bias is None else bias if channels_last else _columns(bias, self.z.dim() - 1)

    @property
    def _weight_at(self) -> tuple[int, str]:
        if self.call.name in PRODUCTS:
            return (0, "input") if isinstance(self.call.argument(1, "other"), Value) else (1, "other")
        return 1, "weight"

    def run(self, a: Tensor, weight: Tensor) -> Tensor:
        """W a for other inputs and weights, without bias."""
        args, kwargs = list(self.call.args), dict(self.call.kwargs)
        changes: list[tuple[int, str, Any]] = [(*self._weight_at, weight)]
        changes += [] if self.call.name in PRODUCTS else [(2, "bias", None)]
        for at, name, value in changes:
            if name in kwargs:
                kwargs[name] = value
            elif at < len(args):
                args[at] = value
        replaced = Call(self.call.name, self.call.function, tuple(args), kwargs)
        result: Tensor = replaced.run(lambda _: a)
        return result

    @cached_property
    def _nonnegative(self) -> bool:
        return float(self.a.min()) >= 0

    def reading(self, of: str) -> Tensor | None:
        """One reading of the input; None where it is zero everywhere."""
        if of == "a" or (of == "a+" and self._nonnegative):
            return self.a
        if of == "a-" and self._nonnegative:
            return None
        if of == "1":
            return torch.ones_like(self.a)
        if of in ("low", "high"):
            assert self.bounds is not None
            return self.bounds[of == "high"]
        return self.a.clamp_min(0) if of == "a+" else self.a.clamp_max(0)

    def summed(self, part: Part) -> Summed:
        """The sum that a part makes of the input, ready to be shared out."""
        terms = []
        with torch.enable_grad():
            for piece in part.pieces:
                if (reading := self.reading(piece.of)) is not None:
                    leaf = reading.detach().requires_grad_()
                    y = self.run(leaf, piece.change(self.weight))
                    terms.append((leaf, y if piece.sign == 1 else piece.sign * y))
        bias = None if part.bias is None or self.bias is None else part.bias(self.bias)
        return Summed(self.a, terms, bias)

    def shared(self, r: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        """`summed(…).shared` for the weights as they are: z and the way back are known from the forward pass."""
        s = ratio(r, self.z, epsilon)
        back = s if self.norm is None else s * _columns(self.norm[0], s.dim() - 1)
        pulled = self.call.pulled([back], self.input)
        assert pulled is not None
        return pulled.mul_(self.a), _taken(s, self.bias)


@dataclass
class Summed:
    """z_j = Σ_i z_ij + b_j of one part, as terms (reading of the input, W' reading)."""

    a: Tensor
    terms: list[tuple[Tensor, Tensor]]
    bias: Tensor | None

    @cached_property
    def z(self) -> Tensor | float:
        """The sum; 0.0 where nothing is in it."""
        with torch.no_grad():
            total: Tensor | float = sum((y for _, y in self.terms), 0.0)
            return total if self.bias is None else total + self.bias

    def shared(self, r: Tensor, epsilon: float = 0.0) -> tuple[Tensor, Tensor]:
        """Σ_j z_ij·r_j/z_j for every input i, and what falls to the bias."""
        if not isinstance(self.z, Tensor) or not self.terms:
            return torch.zeros_like(self.a), r.new_zeros(())
        s = ratio(r, self.z, epsilon)
        found = torch.autograd.grad([y for _, y in self.terms], [leaf for leaf, _ in self.terms], [s] * len(self.terms))
        shares = [g.mul_(leaf.detach()) for (leaf, _), g in zip(self.terms, found, strict=True)]
        return functools.reduce(Tensor.add_, shares), _taken(s, self.bias)


def _taken(s: Tensor, bias: Tensor | None) -> Tensor:
    """Σ_j s_j b_j"""
    return s.new_zeros(()) if bias is None else (s.sum_to_size(bias.shape) * bias).sum()


def _columns(values: Tensor, dim: int) -> Tensor:
    """Values per channel, broadcastable along the axes that follow the channels'."""
    return values.reshape(*values.shape, *[1] * (dim - values.dim()))
