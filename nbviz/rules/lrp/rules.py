"""The rules for calls with weights, as data: how R_j is parted, and by which pieces of z_j each part is shared out.

With z_ij = a_i·w_ij and z_j = Σ_i z_ij + b_j. Montavon et al., 'Layer-Wise Relevance Propagation: An Overview', 2019;
Bach et al., 'On Pixel-Wise Explanations …', 2015. Where inputs or sums may be negative, as with SiLU, GELU or linear
bottlenecks, γ and z⁺ are written so that the shares stay the same where all is positive and finite where it is not.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ...errors import BadRequest
from .weighted import Change, Part, Piece, Weighted


def same(w: Tensor) -> Tensor:
    return w


def plus(w: Tensor) -> Tensor:
    """w⁺"""
    return w.clamp_min(0)


def minus(w: Tensor) -> Tensor:
    """w⁻ ≤ 0"""
    return w.clamp_max(0)


POSITIVE = Part((Piece("a+", plus), Piece("a-", minus)), plus)
NEGATIVE = Part((Piece("a+", minus), Piece("a-", plus)), minus)
SQUARES = Part((Piece("1", torch.square),))
ONES = Part((Piece("1", torch.ones_like),))
BOX = Part((Piece("a", same), Piece("low", plus, -1), Piece("high", minus, -1)))


class Rule(ABC):
    """How a call with weights hands relevance from its output to its input."""

    evenly = False
    """Whether it ignores the input's values; sums and means are then shared out by their weights alone, too."""

    @abstractmethod
    def back(self, layer: Weighted, r: Tensor) -> tuple[Tensor, Tensor]:
        """(R of the input, what the bias absorbs) for R of the output."""


@dataclass(frozen=True)
class Epsilon(Rule):
    """R_i = Σ_j z_ij R_j/(z_j + ε·rms(z)·sign z_j); ε = 0 is LRP-0."""

    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        _require(self.epsilon >= 0 and math.isfinite(self.epsilon), f"ε is a number from 0, not {self.epsilon!r}.")

    def back(self, layer: Weighted, r: Tensor) -> tuple[Tensor, Tensor]:
        return layer.shared(r, self.epsilon)


@dataclass(frozen=True)
class Gamma(Rule):
    """R_i = Σ_j (z_ij + γ z_ij⁺)/Σ(…) R_j where z_j ≥ 0, and with z_ij⁻ in place of z_ij⁺ where z_j < 0.

    For a ≥ 0 the first is a_i(w_ij + γ w_ij⁺). What favours is of the sum's own sign, so no denominator can cancel.
    """

    gamma: float = 0.25

    def __post_init__(self) -> None:
        _require(self.gamma >= 0 and math.isfinite(self.gamma), f"γ is a number from 0, not {self.gamma!r}.")

    def back(self, layer: Weighted, r: Tensor) -> tuple[Tensor, Tensor]:
        below = (layer.z < 0).logical_and_(r != 0)
        if not bool(below.any()):  # as wherever a rectifier follows
            return layer.summed(self._favouring(plus, minus)).shared(r)
        relevance, absorbed = layer.summed(self._favouring(plus, minus)).shared(r.masked_fill(below, 0))
        more, also = layer.summed(self._favouring(minus, plus)).shared(r * below)
        return relevance + more, absorbed + also

    def _favouring(self, own: Change, other: Change) -> Part:
        """z_ij + γ·(its part of one sign): own(w) is what has that sign with a ≥ 0, other(w) with a < 0."""
        pieces = Piece("a+", lambda w: w + self.gamma * own(w)), Piece("a-", lambda w: w + self.gamma * other(w))
        return Part(pieces, lambda b: b + self.gamma * own(b))


@dataclass(frozen=True)
class AlphaBeta(Rule):
    """R_i = Σ_j (α z_ij⁺/z_j⁺ − β z_ij⁻/z_j⁻) R_j with α − β = 1; z⁺ is α = 1, β = 0.

    A sum with one sign only is shared out over that sign, whole: nothing is there to take the other part.
    """

    alpha: float = 2.0
    beta: float = 1.0

    def __post_init__(self) -> None:
        fits = self.beta >= 0 and math.isclose(self.alpha - self.beta, 1)
        _require(fits, f"The αβ rule needs α − β = 1 and β from 0, not α = {self.alpha!r}, β = {self.beta!r}.")

    def back(self, layer: Weighted, r: Tensor) -> tuple[Tensor, Tensor]:
        positive = layer.summed(POSITIVE)
        no_positive = torch.as_tensor(positive.z == 0)
        if not self.beta and not bool((r * no_positive).any()):
            return positive.shared(r)
        negative = layer.summed(NEGATIVE)
        no_negative = torch.as_tensor(negative.z == 0)
        up = r * torch.where(no_negative, 1.0, self.alpha).to(r) * ~no_positive
        down = r * torch.where(no_positive, 1.0, -self.beta).to(r) * ~no_negative
        (a, absorbed), (b, also) = positive.shared(up), negative.shared(down)
        return a + b, absorbed + also


@dataclass(frozen=True)
class WSquare(Rule):
    """R_i = Σ_j w_ij²/Σ_i w_ij² R_j: for inputs that may be anything; biases take nothing."""

    evenly = True

    def back(self, layer: Weighted, r: Tensor) -> tuple[Tensor, Tensor]:
        return layer.summed(SQUARES).shared(r)


@dataclass(frozen=True)
class Flat(Rule):
    """R_i = Σ_j R_j/(number of inputs of j): by place alone; biases take nothing."""

    evenly = True

    def back(self, layer: Weighted, r: Tensor) -> tuple[Tensor, Tensor]:
        return layer.summed(ONES).shared(r)


@dataclass(frozen=True)
class ZBox(Rule):
    """z^B for pixels between l and h: shares of x_i w_ij − l_i w_ij⁺ − h_i w_ij⁻, all ≥ 0; biases take nothing."""

    def back(self, layer: Weighted, r: Tensor) -> tuple[Tensor, Tensor]:
        return layer.summed(BOX).shared(r)


def _require(fits: bool, sentence: str) -> None:
    if not fits:
        raise BadRequest(sentence)
