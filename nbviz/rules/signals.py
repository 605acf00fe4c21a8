"""Backward signals at a rectifier, as data: how the signal R coming from above passes where the input was x.

`inside` is 1 where the rectifier was not clipping (x > 0; for ReLU6 also x < 6).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Signal = Callable[[Tensor, Tensor], Tensor]


def gradient(r: Tensor, inside: Tensor) -> Tensor:
    """R·1[x>0]: the chain rule."""
    return r * inside


def deconvnet(r: Tensor, inside: Tensor) -> Tensor:
    """R·1[R>0]: Zeiler & Fergus, 'Visualizing and Understanding Convolutional Networks', 2014."""
    return r.clamp_min(0)


def guided(r: Tensor, inside: Tensor) -> Tensor:
    """R·1[x>0]·1[R>0]: Springenberg et al., 'Striving for Simplicity', 2015."""
    return r.clamp_min(0) * inside
