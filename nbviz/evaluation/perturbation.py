"""Is what a map calls important important to the network? Petsiuk, Das & Saenko, 'RISE', 2018."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..address import Logit
from ..errors import NotDefined
from ..methods.baselines import baseline_of
from ..network import Network

# Pictures in one forward pass.
_BATCH = 16


@dataclass(frozen=True)
class Covers:
    """What takes the place of pixels: `removed` where they are deleted, `hidden` before they are inserted."""

    removed: Tensor
    hidden: Tensor


def covers_of(net: Network, x: Tensor) -> Covers:
    """Grey for deletion and a blurred picture for insertion; blurred for both where grey is not known."""
    blurred = baseline_of(net, x, "blurred")
    try:
        return Covers(baseline_of(net, x, "grey"), blurred)
    except NotDefined:
        return Covers(blurred, blurred)


def curves(
    net: Network, x: Tensor, target: Logit, values: Tensor, covers: Covers, steps: int, generator: torch.Generator
) -> tuple[float, float]:
    """(insertion, deletion): the area under the class's probability while pixels come in, or go, highest first.

    In `steps` equal steps from none to all; equal values come in random order. A good map has much under the first and
    little under the second; both lie in [0, 1].
    """
    order = _order(values, generator).to(x.device)
    shares = [round(i * order.numel() / steps) for i in range(steps + 1)]
    important = torch.zeros(steps + 1, order.numel(), dtype=torch.bool, device=x.device)
    for i, share in enumerate(shares):
        important[i, order[:share]] = True
    important = important.view(-1, 1, *values.shape)
    inserted = torch.where(important, x, covers.hidden)
    deleted = torch.where(important, covers.removed, x)
    return _area(net, inserted, target), _area(net, deleted, target)


def _order(values: Tensor, generator: torch.Generator) -> Tensor:
    """Pixels by value, the highest first."""
    shuffled = torch.randperm(values.numel(), generator=generator)
    return shuffled[values.flatten().cpu()[shuffled].argsort(descending=True, stable=True)]


def _area(net: Network, pictures: Tensor, target: Logit) -> float:
    """By the trapezoidal rule over the share of pixels."""
    found = []
    with torch.no_grad():
        for some in pictures.split(_BATCH):
            _, logits = net.run(some, [])
            assert logits is not None
            found.append(logits.float().softmax(1)[:, target.index])
    heights = torch.cat(found).double()
    return float(((heights[1:] + heights[:-1]) / 2).mean())
