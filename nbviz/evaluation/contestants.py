"""Who takes part: the methods that answer where a class is, and two that have not looked at anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import images
from ..address import Target
from ..errors import BadRequest, close_matches
from ..methods import METHODS, Attribution, Recording
from ..network import Network

Ask = Callable[[Network, Any, Target], Attribution]
Methods = Iterable[str] | Mapping[str, Ask]


@dataclass(frozen=True)
class Contestant:
    """A method under a name and a label; `ask` is called with a network, a recording and a target."""

    name: str
    label: str
    ask: Ask


def contestants(methods: Methods | None) -> list[Contestant]:
    """All methods that can be asked about a class, those named, or those given by name; the two blind ones last."""
    if isinstance(methods, Mapping):
        chosen = [Contestant(name, name, ask) for name, ask in methods.items()]
    else:
        chosen = [_registered(name) for name in (_about_classes() if methods is None else methods)]
    return [*chosen, Contestant("centre", "– centre", _centre), Contestant("random", "– random", _random)]


def _about_classes() -> list[str]:
    return [name for name, method in METHODS.items() if method.asks in ("class", "unit")]


def _registered(name: str) -> Contestant:
    if name not in METHODS:
        hint = close_matches(name, METHODS) or f" There are {', '.join(_about_classes())}."
        raise BadRequest(f"There is no method {name!r}.{hint}")
    method = METHODS[name]
    if method.asks not in ("class", "unit"):
        raise BadRequest(f"{method.label} shows a {method.asks}, not what speaks for a class; it cannot be evaluated.")
    return Contestant(name, method.label, method.function)


def evidence_map(found: Attribution) -> Tensor:
    """R⁺ (h, w) ≥ 0: what speaks for the target by the map.

    The positive part of a map, colours summed where they are shares of a whole; of other colour values, such as
    gradients, whose sign is no sign of evidence, the largest magnitude over the colours.
    """
    if found.values.dim() == 3 and not found.additive:
        return found.values.abs().amax(0)
    return torch.from_numpy(np.array(found.heatmap())).clamp_min(0)


def enlarged(values: Tensor, size: tuple[int, int]) -> Tensor:
    """A map at the size of the picture, bilinearly."""
    if tuple(values.shape) == size:
        return values
    return torch.from_numpy(np.array(images.resize_map(values, size)))


def _blind(name: str, make: Callable[[Tensor], Tensor], net: Network, image: Any, target: Target) -> Attribution:
    x = image.x if isinstance(image, Recording) else net.preprocess(image)
    return Attribution(make(x.detach()), "input", False, name, target, None, None)


def _bump(x: Tensor) -> Tensor:
    """Highest in the middle."""
    across = [torch.linspace(-0.5, 0.5, n) if n > 1 else torch.zeros(n) for n in x.shape[-2:]]
    return torch.exp(-8 * (across[0][:, None] ** 2 + across[1] ** 2))


def _noise(x: Tensor) -> Tensor:
    """Another one for every picture, and the same whenever the picture comes again."""
    seed = int(images.content_key(x.float().cpu()), 16) % 2**31
    return torch.rand(*x.shape[-2:], generator=torch.Generator().manual_seed(seed))


_centre, _random = partial(_blind, "centre", _bump), partial(_blind, "random", _noise)
