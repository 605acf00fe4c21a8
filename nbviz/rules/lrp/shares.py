"""Divisions that relevance needs: proportional shares that stay finite."""

from __future__ import annotations

import torch
from torch import Tensor

GUARD = 1e-9
"""ε, in units of the root mean square, where a rule itself asks for none but a sum may come near zero."""


def ratio(r: Tensor, z: Tensor, epsilon: float = 0.0) -> Tensor:
    """r/(z + ε·rms(z)·sign z) with sign 0 = +1; 0 where the denominator is 0."""
    if epsilon:
        z = z + torch.where(z < 0, -1.0, 1.0).to(z) * (epsilon * rms(z))
    zero = z == 0
    return (r / z.masked_fill(zero, 1)).masked_fill(zero, 0)


def rms(z: Tensor) -> Tensor:
    """The root mean square of all values."""
    return z.square().mean().sqrt()


def two_shares(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """a/(a+b) and b/(a+b); where a + b is nothing but rounding, |a| and |b| decide, and halves where both are 0."""
    a, b = torch.broadcast_tensors(a, b)
    total, size = a + b, a.abs() + b.abs()
    cancelled = total.abs() <= 8 * torch.finfo(total.dtype).eps * size
    of_a = torch.where(cancelled, a.abs(), a) / torch.where(cancelled, size, total).masked_fill(size == 0, 1)
    of_a = of_a.masked_fill(size == 0, 0.5)
    return of_a, 1 - of_a
