"""Answers calls of functions with their rules, wherever they come from: modules, `F`, tensor methods, in place.

Interception at the level of function calls needs no surgery on modules, so reused and in-place modules, and
functions called inside of a `forward`, are all treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .rectifiers import RECTIFIERS, Bounds
from .signals import Signal, gradient


def passing(x: Tensor, bounds: Bounds) -> Tensor:
    """Where a rectifier lets `x` pass, bool."""
    inside = x >= bounds.low if bounds.closed else x > bounds.low
    if bounds.high != float("inf"):
        inside = inside & (x <= bounds.high if bounds.closed else x < bounds.high)
    return inside


def clipped(x: Tensor, bounds: Bounds) -> Tensor:
    """What a rectifier makes of `x`."""
    return x.clamp(bounds.low, None if bounds.high == float("inf") else bounds.high)


@dataclass
class Dial:
    """The backward signal in force. One recorded forward serves all: turn the dial, then run backward."""

    signal: Signal = field(default=gradient)


class Rectify(torch.autograd.Function):
    """A rectifier whose backward asks the dial."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bounds: Bounds, dial: Dial) -> Tensor:
        """Clip `x`; remembers only where it was not clipped."""
        ctx.save_for_backward(passing(x, bounds))
        ctx.dial = dial
        return clipped(x, bounds)

    @staticmethod
    def backward(ctx: Any, *signals: Any) -> Any:
        """The dial's signal through this rectifier."""
        (inside,) = ctx.saved_tensors
        return ctx.dial.signal(signals[0], inside), None, None


class Rectifiers(TorchFunctionMode):
    """While active on this thread, every rectifier call of the table becomes a `Rectify`."""

    def __init__(self, dial: Dial) -> None:
        super().__init__()
        self.dial = dial

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Answer a rectifier; pass every other call on."""
        kwargs = dict(kwargs or {})
        bounds_of = RECTIFIERS.get(func)
        if bounds_of is None:
            return func(*args, **kwargs)
        x = args[0] if args else kwargs.pop("input")
        bounds = bounds_of(x, *args[1:], **kwargs)
        if bounds is None or not x.is_floating_point():
            return func(x, *args[1:], **kwargs)
        y = self.rectified(x, bounds)
        # Code may drop the result of an in-place call and go on with `x`.
        return x.copy_(y) if bounds.inplace else y

    def rectified(self, x: Tensor, bounds: Bounds) -> Tensor:
        """The answer to one rectifier call."""
        return Rectify.apply(x, bounds, self.dial)  # type: ignore[no-any-return]
