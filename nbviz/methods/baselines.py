"""Pictures that hold no evidence, to compare with: black, grey, or the picture itself without its details."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import BadRequest, NotDefined
from ..network import Network

BASELINES = ("black", "grey", "blurred")
_LEVELS = {"black": 0.0, "grey": 0.5}

# Standard deviation of the blur, as a share of the shorter side: 14 pixels of 224.
_BLUR = 1 / 16


def baseline_of(net: Network, x: Tensor, which: str | Tensor) -> Tensor:
    """A baseline for the input `x` (1, C, H, W), both in model space.

    "black" and "grey" are levels 0 and 0.5 in pixel space, before mean and std; "blurred" is the picture under a
    wide Gaussian. A tensor is a picture of one's own: pixels (C, H, W) in [0, 1], or (1, C, H, W) in model space.
    """
    if isinstance(which, Tensor):
        given = net.preprocess(which)
        if given.shape != x.shape:
            raise BadRequest(f"The baseline has shape {tuple(given.shape)}, the picture {tuple(x.shape)}.")
        return given
    if which == "blurred":
        return blurred(x)
    try:
        level = torch.full(x.shape, _LEVELS[which], dtype=torch.float32, device=x.device)
        return net.normalise(level).to(x)
    except NotDefined as error:
        raise NotDefined(f"The baseline {which!r} is not defined here; 'blurred' is. {error}") from error


def blurred(x: Tensor) -> Tensor:
    """`x` (N, C, H, W) under a Gaussian of 1/16 of the shorter side, cut off at 3σ, mirrored at the borders."""
    sigma = min(x.shape[-2:]) * _BLUR
    reach = min(math.ceil(3 * sigma), min(x.shape[-2:]) - 1)
    wide = torch.promote_types(x.dtype, torch.float32)
    places = torch.arange(-reach, reach + 1, dtype=wide, device=x.device)
    bell = torch.exp(-((places / sigma) ** 2) / 2)
    bell = (bell / bell.sum()).expand(x.shape[1], 1, 1, -1)
    y = F.pad(x.to(wide), (reach,) * 4, mode="reflect")
    y = F.conv2d(F.conv2d(y, bell, groups=x.shape[1]), bell.transpose(2, 3), groups=x.shape[1])
    return y.to(x.dtype)
