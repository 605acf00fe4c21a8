"""What is maximised: the value of a `Target`, read from what the network's layers computed.

A channel's value is its mean over all positions, so that the picture shows a texture of what excites it; a neuron's
is what it says at its own place. To add a kind of target, add its row to `_READERS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..address import Logit, Probability, Target, Unit
from ..errors import BadRequest, OutOfRange

if TYPE_CHECKING:
    from ..network import Network

LOGITS = ""
"""The key of the logits among the tapped layers."""

Taps = Mapping[str, Tensor]


@dataclass(frozen=True)
class Objective:
    """A target made ready to be read: a weighted sum of plain targets, each known to the network."""

    target: Target
    terms: tuple[tuple[float, Target], ...]

    @classmethod
    def of(cls, net: Network, target: object) -> Objective:
        """Check `target`, a `Target` or the name of one (a unit as 'layer:channel', a class), against the network.

        Raises `BadRequest` for anything else, `UnknownName` and `OutOfRange` for what the network does not have.
        """
        if not isinstance(target, (Target, str, int)):
            raise BadRequest(
                f"A {type(target).__name__} is not an objective; give a unit, a logit, a probability or a sum of them, "
                f"such as net.unit('layer', 3) + 0.5 * net.logit(7)."
            )
        known = net.target(target)
        terms = tuple(_plain(known))
        if not any(weight for weight, _ in terms):
            raise BadRequest(f"The objective '{known}' has no part with a weight other than zero.")
        if not all(math.isfinite(weight) for weight, _ in terms):
            raise BadRequest(f"The objective '{known}' has a weight that is not a finite number.")
        return cls(known, terms)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers to tap, each once."""
        return tuple(dict.fromkeys(term.layer for _, term in self.terms if isinstance(term, Unit)))

    @property
    def logits(self) -> bool:
        """Whether the whole network has to run."""
        return any(not isinstance(term, Unit) for _, term in self.terms)

    def tap(self, net: Network, x: Tensor) -> dict[str, Tensor]:
        """Run the network as far as this objective needs it; x (N, C, H, W) in model space."""
        return net.tap(x, self.layers, logits=self.logits)

    def value(self, taps: Taps) -> Tensor:
        """The objective of each picture, (N,), differentiable."""
        return torch.stack([weight * read(term, taps) for weight, term in self.terms]).sum(0)

    def activation(self, taps: Taps) -> Tensor | None:
        """Where the objective is one plain target: how strong it is, (N,), over positions the strongest."""
        if len(self.terms) != 1 or self.terms[0][0] != 1:
            return None
        term = self.terms[0][1]
        if not isinstance(term, Unit) or term.position is not None:
            return read(term, taps)
        return taps[term.layer][:, term.channel].flatten(1).amax(1)


def read(term: Target, taps: Taps) -> Tensor:
    """The value of a plain target for each picture, (N,)."""
    return _READERS[type(term)](term, taps)


def _unit(unit: Unit, taps: Taps) -> Tensor:
    maps = taps[unit.layer]
    channel = maps[:, unit.channel]
    if unit.position is None:
        return channel.flatten(1).mean(1)
    y, x = unit.position
    height, width = channel.shape[1:]
    if y >= height or x >= width:
        raise OutOfRange(
            f"'{unit}' lies outside the map of {unit.layer!r}, which is {height}×{width} (rows × columns) for a "
            f"picture of this size."
        )
    return channel[:, y, x]


def _logit(term: Logit, taps: Taps) -> Tensor:
    return taps[LOGITS][:, term.index]


def _probability(term: Probability, taps: Taps) -> Tensor:
    return taps[LOGITS].softmax(1)[:, term.index]


_READERS: dict[type[Target], Callable[[Any, Taps], Tensor]] = {
    Unit: _unit,
    Logit: _logit,
    Probability: _probability,
}


def _plain(target: Target, weight: float = 1.0) -> Iterator[tuple[float, Target]]:
    """The weighted plain targets inside `target`, sums within sums opened."""
    for share, term in target.terms:
        if term is target:
            yield weight * share, term
        else:
            yield from _plain(term, weight * share)
