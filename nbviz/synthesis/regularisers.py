"""What keeps a picture close to natural ones: the regularisers of Mahendran & Vedaldi (2015), as sums over pixels."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def total_variation(x: Tensor, beta: float = 2.0) -> Tensor:
    """Σ ((x[i, j+1] − x[i, j])² + (x[i+1, j] − x[i, j])²)^(β/2) over (N, C, H, W); beyond the edge nothing differs."""
    across = F.pad(x.diff(dim=-1), (0, 1))
    down = F.pad(x.diff(dim=-2), (0, 0, 0, 1))
    return (across.square() + down.square()).pow(beta / 2).sum()


def intensity(x: Tensor, alpha: float = 6.0) -> Tensor:
    """‖x‖_α^α = Σ |x|^α: small values cost next to nothing, large ones much."""
    return x.abs().pow(alpha).sum()
