"""The cure of the grey picture: a rectifier that is closed everywhere still tells the picture how to open it.

From grey noise a unit may be below zero at every position. Its gradient is then exactly zero and nothing can start.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..rules import Dial, Rectifiers


def redirected(r: Tensor, inside: Tensor) -> Tensor:
    """R·1[x>0]; for a sample where that is nothing at all, R·1[R>0]: what would lift values out of the blocked range.

    A backward signal like those of `rules.signals`, for an objective that is to grow (lucid's redirected ReLU).
    """
    through = r * inside
    blocked = through.flatten(1).abs().amax(1) == 0  # several times faster than `any`
    if not bool(blocked.any()):
        return through  # the common case, and the cheaper
    return torch.where(blocked.view(-1, *[1] * (r.dim() - 1)), r.clamp_min(0), through)


def redirecting() -> Rectifiers:
    """A mode: forward passes recorded under it run backward with redirected rectifiers. Values are unchanged."""
    return Rectifiers(Dial(redirected))
