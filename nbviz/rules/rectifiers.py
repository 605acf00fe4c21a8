"""Which function calls are rectifiers, and between which bounds: the table {function → bounds of the call}."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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


Reader = Callable[..., Bounds | None]


def _relu(_x: Tensor, inplace: bool = False) -> Bounds:
    return Bounds(inplace=inplace)


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


def _in_place(read: Reader) -> Reader:
    """The same call in torch's spelling with a trailing underscore."""

    def reader(*args: Any, **kwargs: Any) -> Bounds | None:
        bounds = read(*args, **kwargs)
        return bounds and replace(bounds, inplace=True)

    return reader


# A reader's table: the call's own arguments decide the bounds; None means that this call does not rectify.
RECTIFIERS: dict[Any, Reader] = {
    F.relu: _relu,
    torch.relu: _relu,
    Tensor.relu: _relu,
    torch.relu_: _in_place(_relu),  # also F.relu_
    Tensor.relu_: _in_place(_relu),
    F.relu6: _relu6,
    F.hardtanh: _hardtanh,
    F.hardtanh_: _in_place(_hardtanh),
    F.threshold: _threshold,
    torch.threshold: _threshold,
    torch.threshold_: _in_place(_threshold),  # also F.threshold_
    torch.clamp: _clamp,
    torch.clamp_: _in_place(_clamp),
    torch.clip: _clamp,
    torch.clip_: _in_place(_clamp),
    torch.clamp_min: _clamp,
    torch.clamp_min_: _in_place(_clamp),
    Tensor.clamp: _clamp,
    Tensor.clamp_: _in_place(_clamp),
    Tensor.clip: _clamp,
    Tensor.clip_: _in_place(_clamp),
    Tensor.clamp_min: _clamp,
    Tensor.clamp_min_: _in_place(_clamp),
}
