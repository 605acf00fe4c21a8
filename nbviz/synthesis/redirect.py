"""The cure of the grey picture: a rectifier that is closed everywhere still tells the picture how to open it.

From grey noise a unit may be below zero at every position. Its gradient is then exactly zero and nothing can start.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..rules import Bounds, Dial, Rectifiers, clipped, passing


def redirected(r: Tensor, inside: Tensor, above: Tensor | None = None) -> Tensor:
    """R·1[x inside]; for a sample where that is nothing at all, what would lead values back inside.

    From below the lower bound R·1[R>0] leads inside, from above the upper one (`above`, as of ReLU6) R·1[R<0]. For an
    objective that is to grow (lucid's redirected ReLU).
    """
    through = r * inside
    blocked = through.flatten(1).abs().amax(1) == 0  # several times faster than `any`
    if not bool(blocked.any()):
        return through  # the common case, and the cheaper
    back = r.clamp_min(0) if above is None else torch.where(above, r.clamp_max(0), r.clamp_min(0))
    return torch.where(blocked.view(-1, *[1] * (r.dim() - 1)), back, through)


class Redirect(torch.autograd.Function):
    """A rectifier whose backward is `redirected`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bounds: Bounds) -> Tensor:
        """Clip `x`; remembers where it was not clipped and, for a bounded one, where it was clipped from above."""
        ctx.save_for_backward(passing(x, bounds), *([x >= bounds.high] if bounds.high != float("inf") else []))
        return clipped(x, bounds)

    @staticmethod
    def backward(ctx: Any, *signals: Any) -> Any:
        """The redirected signal."""
        return redirected(signals[0], *ctx.saved_tensors), None


class Redirecting(Rectifiers):
    """Every rectifier call of the table becomes a `Redirect`."""

    def __init__(self) -> None:
        super().__init__(Dial())

    def rectified(self, x: Tensor, bounds: Bounds) -> Tensor:
        """By `Redirect`."""
        return Redirect.apply(x, bounds)  # type: ignore[no-any-return]


def redirecting() -> Rectifiers:
    """A mode: forward passes recorded under it run backward with redirected rectifiers. Values are unchanged."""
    return Redirecting()
