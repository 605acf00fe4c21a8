"""What a picture that is already there is driven towards: more of what a layer sees in it, or another one's contents.

An aim has what an `Objective` has, as far as a dream or an inversion needs it: it says which layers to run, and gives
each picture a number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from ..address import Target, Unit
from ..errors import BadRequest, NotDefined
from .objectives import Objective, Taps

if TYPE_CHECKING:
    from ..network import Network

COLUMNS = 2048
"""Places of a map that are compared with the guide's at once, which bounds the memory of early layers."""


class Aim(Protocol):
    """Something that grows with a picture."""

    @property
    def target(self) -> Target:
        """What is aimed at, to show and to write down."""
        ...

    def tap(self, net: Network, x: Tensor) -> dict[str, Tensor]:
        """Run the network as far as it is needed; x (N, C, H, W) in model space."""
        ...

    def value(self, taps: Taps) -> Tensor:
        """The number of each picture, (N,), differentiable."""
        ...

    def activation(self, taps: Taps) -> Tensor | None:
        """The strongest activation (N,) over positions where one unit is aimed at, else None."""
        ...


@dataclass(frozen=True)
class Whole(Target):
    """A whole layer, all channels and positions."""

    layer: str

    def __str__(self) -> str:
        return self.layer


@dataclass(frozen=True)
class Likeness(Target):
    """What a layer computes of another picture."""

    layer: str

    def __str__(self) -> str:
        return f"{self.layer} of the guide"


class Energy:
    """The mean of A² over a layer: whatever it sees, more of it (Mordvintsev et al. 2015)."""

    def __init__(self, layer: str) -> None:
        self.target = Whole(layer)

    def tap(self, net: Network, x: Tensor) -> dict[str, Tensor]:
        """The layer's map."""
        return net.tap(x, [self.target.layer])

    def value(self, taps: Taps) -> Tensor:
        """Mean of A², (N,)."""
        return taps[self.target.layer].square().flatten(1).mean(1)

    def activation(self, taps: Taps) -> Tensor | None:
        """A layer is many units."""
        return None


class Guided:
    """At each place the product with the most similar place of a guide, maxⱼ ⟨aᵢ, gⱼ⟩, averaged over places i."""

    def __init__(self, layer: str, guide: Tensor) -> None:
        """`guide`: the layer's map (1, C, h, w) of the guide."""
        self.target = Likeness(layer)
        self._guide = guide.detach().flatten(2)[0]

    def tap(self, net: Network, x: Tensor) -> dict[str, Tensor]:
        """The layer's map."""
        return net.tap(x, [self.target.layer])

    def value(self, taps: Taps) -> Tensor:
        """Mean of maxⱼ ⟨aᵢ, gⱼ⟩, (N,)."""
        maps = taps[self.target.layer].flatten(2)
        return torch.stack([(places * self._guide[:, self._nearest(places)]).sum(0).mean() for places in maps])

    @torch.no_grad()
    def _nearest(self, places: Tensor) -> Tensor:
        """The guide's place with the largest product, for each of `places` (C, n)."""
        return torch.cat([(self._guide.T @ some).argmax(0) for some in places.split(COLUMNS, 1)])

    def activation(self, taps: Taps) -> Tensor | None:
        """A layer is many units."""
        return None


def aim_of(net: Network, wanted: Any, guide: Any = None) -> Aim:
    """A layer's name, or anything `visualize` takes, as an aim for a whole picture; with a `guide`, its likeness.

    Raises `UnknownName` and `OutOfRange` for what the network does not have, `BadRequest` for what is no aim of a
    whole picture.
    """
    if guide is not None:
        return _guided(net, wanted, guide)
    if isinstance(wanted, str) and (wanted in net.layers or not _names_target(net, wanted)):
        return Energy(net.layer(wanted).name)
    goal = Objective.of(net, wanted)
    for _, term in goal.terms:
        if isinstance(term, Unit) and term.position is not None:
            raise BadRequest(
                f"The neuron '{term}' looks at one place, and a dream changes the whole picture; give its channel, "
                f"'{term.whole}', or see what excites the neuron with nbviz.visualize."
            )
    return goal


def _names_target(net: Network, text: str) -> bool:
    """Whether a text means a unit or a class."""
    return ":" in text or text.casefold() in (label.casefold() for label in net.labels or ())


@torch.no_grad()
def _guided(net: Network, layer: Any, guide: Any) -> Guided:
    if not isinstance(layer, str):
        raise BadRequest(f"A guide is compared in one layer; give the name of a layer with it, not '{layer}'.")
    name = net.layer(layer).name
    features = net.tap(net.preprocess(guide), [name])[name]
    if not bool(features.any()):
        raise NotDefined(f"All of '{name}' is zero on the guide, so nothing can resemble it; choose another layer.")
    return Guided(name, features)
