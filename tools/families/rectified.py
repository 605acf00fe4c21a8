"""References for guided backprop and deconvnet: torch's own functions replaced while the original model runs.

The rule sits in a hook on the rectifier's output, so that nothing here resembles an autograd function. Deconvnet passes
the signal whatever the input was: the rectifier is then a constant step away from its input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

_ORIGINAL_RELU, _ORIGINAL_HARDTANH = F.relu, F.hardtanh


@contextmanager
def rectifiers(rule: str) -> Iterator[None]:
    """While active, `F.relu` and `F.hardtanh` (behind ReLU, ReLU6) obey "guided" or "deconvnet"."""

    def answering(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def call(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
            kwargs.pop("inplace", None)
            y = function(x, *[a for a in args if not isinstance(a, bool)], **kwargs)
            y = x + (y - x).detach() if rule == "deconvnet" else y
            y.register_hook(lambda r: r * (r > 0))
            return y

        return call

    names = {"relu": answering(_ORIGINAL_RELU), "hardtanh": answering(_ORIGINAL_HARDTANH)}
    before = {name: getattr(F, name) for name in names}
    try:
        for name, function in names.items():
            setattr(F, name, function)
        with torch.enable_grad():
            yield
    finally:
        for name, function in before.items():
            setattr(F, name, function)
