"""Divisions that relevance needs: proportional shares that stay finite, in few passes over memory."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def ratio(r: Tensor, z: Tensor, epsilon: float = 0.0) -> Tensor:
    """r/(z + ε·rms(z)·sign z) with sign 0 = +1 (−1 for what was rounded from below); 0 where that is 0."""
    if epsilon:
        z = torch.copysign(epsilon * rms(z), z).add_(z)
    return (r / z).nan_to_num_(0, 0, 0)


def rms(z: Tensor) -> Tensor:
    """The root mean square of all values."""
    size: Tensor = torch.linalg.vector_norm(z)
    return size / math.sqrt(z.numel())


def two_shares(r: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """R·a/(a+b) and R·b/(a+b); where a + b is nothing but rounding, |a| and |b| decide, or halves where both are 0."""
    total = a + b
    s = ratio(r, total)
    of_a, of_b = s * a, s * b
    # As a + b is small only beside its terms where these cancel, one of the two tells.
    cancelled = (total.abs() <= a.abs().mul_(16 * torch.finfo(total.dtype).eps)).logical_and_(r != 0)
    if bool(cancelled.any()):
        sizes = [term.expand_as(total)[cancelled].abs() for term in (a, b)]
        share = (sizes[0] / (sizes[0] + sizes[1])).nan_to_num_(0.5)
        of_a[cancelled], of_b[cancelled] = r[cancelled] * share, r[cancelled] * (1 - share)
    return of_a, of_b
