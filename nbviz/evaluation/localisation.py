"""Does a map point at the object? Three scores of a map R⁺ (H, W) ≥ 0 against a mask (H, W).

A map without any positive value points nowhere and scores 0. Equal values count by the share of them that lies inside,
so that a constant map scores what a blind guess would.
"""

from __future__ import annotations

import torch
from torch import Tensor


def pointing(values: Tensor, mask: Tensor, tolerance: float = 0) -> float:
    """Whether the maximum lies in the mask, or at most `tolerance` pixels from it (Zhang et al., 2016)."""
    if not bool(values.any()):
        return 0.0
    places = (values == values.max()).nonzero().double()
    near = torch.cdist(places, mask.nonzero().double()).amin(1) <= tolerance
    return float(near.double().mean())


def relevance_mass(values: Tensor, mask: Tensor) -> float:
    """Σ_mask R⁺ / ΣR⁺ (Arras et al., 2022)."""
    total = float(values.double().sum())
    return float(values[mask].double().sum()) / total if total else 0.0


def relevance_rank(values: Tensor, mask: Tensor) -> float:
    """The share of the |mask| highest pixels that lies in the mask (Arras et al., 2022)."""
    if not bool(values.any()):
        return 0.0
    count = int(mask.sum())
    lowest = values.flatten().topk(count).values[-1]
    above, ties = values > lowest, values == lowest
    drawn = (count - int(above.sum())) * float(mask[ties].double().mean())
    return (int((above & mask).sum()) + drawn) / count
