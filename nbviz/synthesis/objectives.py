"""What is maximised: the value of a `Target`, read from what the network's layers computed.

Every plain target becomes a field, one number a position. Its value is the field's mean, so that a channel's picture is
about what it answers to everywhere. What is climbed is the drive: the mean and, in each part of the picture, the
strongest positions. To add a kind of target, add its row to `_FIELDS`, or a class to `goals`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..address import Logit, Probability, Sum, Target, Unit
from ..errors import BadRequest, OutOfRange
from .goals import Goal, Inside

if TYPE_CHECKING:
    from ..network import Network

LOGITS = ""
"""The key of the logits among the tapped layers."""
PEAKS = 0.7
"""How much the strongest positions count in what is climbed; the rest is the mean over all."""
PART = 8
LEAST_PARTS = 3
"""The picture is cut into squares of about `PART` positions, at least `LEAST_PARTS` in a row, each with its own peak.
One peak for the whole picture would leave the rest of it grey; the mean alone reaches less than half as far
(docs/synthesis.md)."""
TEMPERATURE = 0.5
"""How soft a part's maximum is, in units of its standard deviation."""

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
        named = target if isinstance(target, Target) else net.target(target)
        terms = tuple((weight, _known(net, term)) for weight, term in _plain(named))
        if not any(weight for weight, _ in terms):
            raise BadRequest(f"The objective '{named}' has no part with a weight other than zero.")
        if not all(math.isfinite(weight) for weight, _ in terms):
            raise BadRequest(f"The objective '{named}' has a weight that is not a finite number.")
        return cls(Sum(terms) if isinstance(named, Sum) else terms[0][1], terms)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers to tap, each once."""
        return tuple(dict.fromkeys(term.layer for _, term in self.terms if isinstance(term, (Unit, Goal))))

    @property
    def logits(self) -> bool:
        """Whether the whole network has to run."""
        return any(not isinstance(term, (Unit, Goal)) for _, term in self.terms)

    def tap(self, net: Network, x: Tensor) -> dict[str, Tensor]:
        """Run the network as far as this objective needs it; x (N, C, H, W) in model space."""
        return net.tap(net.arranged(x), self.layers, logits=self.logits)

    def value(self, taps: Taps) -> Tensor:
        """The objective of each picture, (N,), differentiable."""
        return torch.stack([weight * read(term, taps) for weight, term in self.terms]).sum(0)

    def drive(self, taps: Taps) -> Tensor:
        """What is climbed, (N,): it grows with the value, and has a slope where the value has none."""
        return torch.stack([_drive(term, weight, taps) for weight, term in self.terms]).sum(0)

    def activation(self, taps: Taps) -> Tensor | None:
        """Where the objective is one plain target: how strong it is, (N,), over positions the strongest."""
        if len(self.terms) != 1 or self.terms[0][0] != 1:
            return None
        term = self.terms[0][1]
        field = _field(term, taps)
        if isinstance(term, Inside):
            inside = term.weights(field)
            field = field.masked_fill(inside < 0.5 * inside.max(), -math.inf)
        return field.flatten(1).amax(1)


def read(term: Target, taps: Taps) -> Tensor:
    """The value of a plain target for each picture, (N,): the mean over positions, where it has several."""
    field = _field(term, taps)
    weights = _weights(term, field)
    return field.flatten(1).mean(1) if weights is None else (field * weights).flatten(1).sum(1) / weights.sum()


def _drive(term: Target, weight: float, taps: Taps) -> Tensor:
    """The mean of a weighted field and its strongest positions, (N,)."""
    if isinstance(term, Probability):
        # Far from the class the probability is flat; its logarithm is not.
        return weight * taps[LOGITS].log_softmax(1)[:, term.index]
    field = weight * _field(term, taps)
    counted = _weights(term, field)
    if counted is None:
        return (field * ((1 - PEAKS) / field[0].numel() + PEAKS * peaks(field))).flatten(1).sum(1)
    return (field * ((1 - PEAKS) * counted / counted.sum() + PEAKS * _peaks_inside(field, counted))).flatten(1).sum(1)


@torch.no_grad()
def _peaks_inside(field: Tensor, counted: Tensor) -> Tensor:
    """The peaks among the positions that count."""
    strongest = peaks(field.masked_fill(counted < 0.5 * counted.max(), float(field.min()))) * counted
    return strongest / strongest.sum((1, 2), keepdim=True)


@torch.no_grad()
def peaks(field: Tensor) -> Tensor:
    """Weights (N, h, w), one in sum: in each part the soft maximum, at `TEMPERATURE` in units of the part's spread."""
    flat = field.detach().flatten(1)
    rows, columns = (_part_of(length).to(field.device) for length in field.shape[1:])
    part = (rows[:, None] * (int(columns[-1]) + 1) + columns).flatten().expand_as(flat)
    empty = flat.new_zeros(len(flat), int(part[0, -1]) + 1)

    def total(values: Tensor) -> Tensor:
        """Of each position's part, the sum of `values` over it."""
        return empty.scatter_add(1, part, values).gather(1, part)

    count = total(torch.ones_like(flat))
    top = empty.scatter_reduce(1, part, flat, "amax", include_self=False).gather(1, part)
    spread = (total((flat - total(flat) / count).square()) / count).sqrt()
    soft = ((flat - top) / (TEMPERATURE * spread).clamp_min(torch.finfo(flat.dtype).tiny)).exp()
    return (soft / total(soft) / empty.shape[1]).view_as(field)


def _part_of(length: int) -> Tensor:
    """The number of the part that each of `length` positions belongs to."""
    parts = min(length, max(LEAST_PARTS, round(length / PART)))
    return torch.arange(length) * parts // length


def _field(term: Target, taps: Taps) -> Tensor:
    """A plain target as one number a position, (N, h, w)."""
    if isinstance(term, Goal):
        return term.field(taps[term.layer])
    return _FIELDS[type(term)](term, taps)


def _weights(term: Target, field: Tensor) -> Tensor | None:
    """How much each position (h, w) counts; None where all count alike."""
    return term.weights(field) if isinstance(term, Inside) else None


def _unit(unit: Unit, taps: Taps) -> Tensor:
    channel = taps[unit.layer][:, unit.channel]
    if unit.position is None:
        return channel
    y, x = unit.position
    height, width = channel.shape[1:]
    if y >= height or x >= width:
        raise OutOfRange(
            f"'{unit}' lies outside the map of {unit.layer!r}, which is {height}×{width} (rows × columns) for a "
            f"picture of this size."
        )
    return channel[:, y : y + 1, x : x + 1]


def _logit(term: Logit, taps: Taps) -> Tensor:
    return taps[LOGITS][:, term.index, None, None]


def _probability(term: Probability, taps: Taps) -> Tensor:
    return taps[LOGITS].softmax(1)[:, term.index, None, None]


_FIELDS: dict[type[Target], Callable[[Any, Taps], Tensor]] = {
    Unit: _unit,
    Logit: _logit,
    Probability: _probability,
}


def _known(net: Network, term: Target) -> Target:
    """A plain target, checked against the network."""
    return term.known(net) if isinstance(term, Goal) else net.target(term)


def _plain(target: Target, weight: float = 1.0) -> Iterator[tuple[float, Target]]:
    """The weighted plain targets inside `target`, sums within sums opened."""
    for share, term in target.terms:
        if term is target:
            yield weight * share, term
        else:
            yield from _plain(term, weight * share)
