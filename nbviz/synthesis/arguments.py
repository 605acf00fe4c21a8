"""Arguments of a synthesis checked at the edge: one sentence for each that does not fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..errors import BadRequest, ForwardFailed, NbvizError, OutOfRange
from .objectives import Objective
from .transforms import Robustness, standard, wide

if TYPE_CHECKING:
    from ..network import Network


def require_numbers(steps: object, seed: object, learning_rate: object, at_once: object = None) -> None:
    """Raise unless these are a number of steps, a seed, a learning rate and how many to compute at once."""
    if at_once is not None and not _is_count(at_once, 1):
        raise BadRequest(f"at_once={at_once!r}: at least one picture goes through the network at once.")
    if not _is_count(steps, 1):
        raise BadRequest(f"steps={steps!r}: the number of steps is a whole number of at least 1.")
    if not _is_count(seed, 0) or int(seed) >= 2**63:  # type: ignore[call-overload]
        raise BadRequest(f"seed={seed!r}: a seed is a whole number from 0 to 2⁶³ − 1.")
    if learning_rate is not None and (not isinstance(learning_rate, (int, float)) or not 0 < learning_rate < math.inf):
        raise BadRequest(f"learning_rate={learning_rate!r}: the learning rate is a number above 0.")


def size_of(net: Network, size: object) -> tuple[int, int]:
    """(height, width) from what a person may give."""
    if size is None:
        return net.input_size
    sides = (size, size) if _is_count(size, 1) else size
    if isinstance(sides, (tuple, list)) and len(sides) == 2 and all(_is_count(side, 1) for side in sides):
        return int(sides[0]), int(sides[1])
    raise BadRequest(f"size={size!r}: give (height, width) in pixels, or one number for both.")


def explain_size(net: Network, goals: Sequence[Objective], shape: tuple[int, int], error: NbvizError) -> NbvizError:
    """What to tell a person whose `shape` made the forward pass fail: the least square that passes, or the own size."""
    if _passes(net, goals, shape) or not _passes(net, goals, net.input_size):
        return error
    least, enough = 1, max(net.input_size)
    if min(shape) >= enough or not _passes(net, goals, (enough, enough)):
        return BadRequest(f"size={shape} does not fit {net.name}; use its own, size={net.input_size}. {error}")
    while least < enough:
        middle = (least + enough) // 2
        least, enough = (least, middle) if _passes(net, goals, (middle, middle)) else (middle + 1, enough)
    return BadRequest(f"size={shape} does not fit {net.name}; size={enough} is the least that does. {error}")


@torch.no_grad()
def _passes(net: Network, goals: Sequence[Objective], shape: tuple[int, int]) -> bool:
    """Whether pictures of this size get as far as the objectives."""
    grey = torch.full((1, net.in_channels, *shape), 0.5, device=net.device)
    try:
        for goal in goals:
            goal.value(goal.tap(net, net.normalise(grey).to(net.dtype)))
    except (ForwardFailed, OutOfRange):
        return False
    return True


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= least)


def robustness_of(transforms: object, shape: tuple[int, int], goal: Objective) -> Robustness:
    """What a picture of this `shape` must survive.

    A class is in a picture whatever its size and place, and what only works undisturbed is taken for that class by no
    other network (docs/synthesis.md): its disturbances are wider and stay to the end.
    """
    if transforms is None:
        return Robustness(())
    if transforms == "standard":
        return Robustness(wide(shape), fades=False) if goal.logits else Robustness(standard(shape))
    if isinstance(transforms, (tuple, list)) and all(hasattr(t, "matrices") for t in transforms):
        return Robustness(tuple(transforms))
    raise BadRequest(
        "transforms are 'standard', None, or a sequence such as (Jitter(8), Scale(0.9, 1.1), Rotate(10)) from "
        "nbviz.synthesis."
    )
