"""Does a map depend on the weights? Adebayo et al., 'Sanity Checks for Saliency Maps', 2018."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ..network import Network

STAGES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Shares of the layers with weights that are randomised, from the top; 0 stands for the topmost alone."""

THRESHOLD = 0.5
"""A map changes if its rank correlation with that of the trained weights is below this once a quarter of the layers is
randomised, and stays there."""


def cascade(net: Network, seed: int) -> Iterator[tuple[float, Network]]:
    """(share, network) at each stage: more and more layers from the top have their weights shuffled.

    Shuffling the values of each tensor keeps their distribution; the four numbers a channel has in a batch-norm stay
    together. The network is the same object every time, on a copy of the model.
    """
    twin = _twin(net)
    layers = _weighted(twin)
    generator = torch.Generator().manual_seed(seed)
    done = 0
    for share in STAGES:
        upto = max(1, round(share * len(layers)))
        for module in layers[done:upto]:
            _shuffle(module, generator)
        done = max(done, upto)
        yield share, twin


def depends_on_weights(correlations: Sequence[float | None]) -> bool | None:
    """The verdict on a mean correlation a stage; None where nothing could be compared."""
    later = [abs(c) for share, c in zip(STAGES, correlations, strict=False) if share >= 0.25 and c is not None]
    return max(later) < THRESHOLD if later else None


def _twin(net: Network) -> Network:
    """The same preprocessing, labels and layers in front of a copy of the model."""
    with torch.inference_mode(False):
        model = copy.deepcopy(net.model)
    return net.around(model)


def _weighted(net: Network) -> list[nn.Module]:
    """The modules with weights of their own, the topmost first, in the order in which they are computed."""
    order = {name.partition("#")[0]: i for i, name in enumerate(net.layers)}
    owners = [
        (name, module) for name, module in net.model.named_modules() if next(module.parameters(False), None) is not None
    ]
    # A module that is no layer, such as the projections inside of attention, counts where its parent does.
    places = {name: next((order[n] for n in _upwards(name) if n in order), -1) for name, _ in owners}
    ranked = sorted(enumerate(owners), key=lambda item: (places[item[1][0]], item[0]), reverse=True)
    return [module for _, (_, module) in ranked]


def _upwards(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


@torch.no_grad()
def _shuffle(module: nn.Module, generator: torch.Generator) -> None:
    running = [b for b in (getattr(module, name, None) for name in ("running_mean", "running_var")) if b is not None]
    if running:
        order = torch.randperm(len(running[0]), generator=generator).to(running[0].device)
        for tensor in (*module.parameters(False), *running):
            tensor.copy_(tensor[order])
        return
    for tensor in module.parameters(False):
        order = torch.randperm(tensor.numel(), generator=generator).to(tensor.device)
        tensor.copy_(tensor.flatten()[order].view_as(tensor))


def rank_correlation(before: Tensor, after: Tensor) -> float:
    """Spearman's ρ of two maps, equal values at their mean rank; 0 where one of them is constant."""
    a, b = (_ranks(values.flatten().double()) for values in (before, after))
    a, b = a - a.mean(), b - b.mean()
    size = float(a.norm() * b.norm())
    return float(a @ b) / size if size else 0.0


def _ranks(values: Tensor) -> Tensor:
    _, place, counts = values.unique(return_inverse=True, return_counts=True)
    ranks: Tensor = counts.cumsum(0) - (counts - 1) / 2
    return ranks[place].double()
