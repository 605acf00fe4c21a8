"""Which function calls are rectifiers, and between which bounds: the table {function → bounds of the call}."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Bounds:
    """A rectifier lets `low` < x < `high` pass; `closed` counts the bounds themselves as inside, as clamp does."""

    low: float = 0.0
    high: float = float("inf")
    closed: bool = False
    inplace: bool = False


def _relu(_x: Tensor, inplace: bool = False) -> Bounds:
    return Bounds(inplace=inplace)


def _relu_in_place(_x: Tensor) -> Bounds:
    return Bounds(inplace=True)


def _relu6(_x: Tensor, inplace: bool = False) -> Bounds:
    return Bounds(high=6.0, inplace=inplace)


def _hardtanh(_x: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Bounds | None:
    return Bounds(high=max_val, inplace=inplace) if min_val == 0 else None


def _threshold(_x: Tensor, threshold: float, value: float, inplace: bool = False) -> Bounds | None:
    return Bounds(inplace=inplace) if threshold == value == 0 else None


def _clamp(_x: Tensor, min: Any = None, max: Any = None) -> Bounds | None:  # noqa: A002 - torch's own names
    if isinstance(min, (int, float)) and min == 0 and not isinstance(max, Tensor):
        return Bounds(high=float("inf") if max is None else max, closed=True)
    return None


def _clamp_in_place(x: Tensor, min: Any = None, max: Any = None) -> Bounds | None:  # noqa: A002
    bounds = _clamp(x, min, max)
    return bounds and Bounds(bounds.low, bounds.high, closed=True, inplace=True)


# A reader's table: the call's own arguments decide the bounds; None means that this call does not rectify.
RECTIFIERS: dict[Any, Callable[..., Bounds | None]] = {
    F.relu: _relu,
    torch.relu: _relu,
    Tensor.relu: _relu,
    F.relu_: _relu_in_place,
    torch.relu_: _relu_in_place,
    Tensor.relu_: _relu_in_place,
    F.relu6: _relu6,
    F.hardtanh: _hardtanh,
    F.threshold: _threshold,
    torch.clamp: _clamp,
    Tensor.clamp: _clamp,
    Tensor.clamp_: _clamp_in_place,
    torch.clamp_min: _clamp,
    Tensor.clamp_min: _clamp,
    Tensor.clamp_min_: _clamp_in_place,
}
