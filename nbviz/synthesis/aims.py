"""What a given picture is driven towards: more of what the network sees in it, or the contents of another one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..address import Unit
from ..errors import BadRequest, NotDefined
from .goals import Goal, Whole
from .objectives import Objective

if TYPE_CHECKING:
    from ..network import Network

PLACES = 2048
"""Places of a map that are compared with the guide's at once, which bounds the memory of early layers."""


@dataclass(frozen=True, eq=False)
class Guided(Goal):
    """At each place the product with the most similar place of a guide, maxⱼ ⟨aᵢ, gⱼ⟩ (Mordvintsev et al. 2015).

    guide: whatever `net.preprocess` takes.
    """

    layer: str
    guide: Any = field(repr=False)
    features: Tensor | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.layer} of the guide"

    @torch.no_grad()
    def known(self, net: Network) -> Guided:
        """With the guide's activations (C, places); `NotDefined` where there are none."""
        name = net.layer(self.layer).name
        features = net.tap(net.preprocess(self.guide), [name])[name].detach()
        if not bool(features.any()):
            raise NotDefined(f"All of '{name}' is zero on the guide, so nothing can resemble it; choose another layer.")
        return replace(self, layer=name, features=features.flatten(2)[0])

    def field(self, maps: Tensor) -> Tensor:
        """The products with the places that are the most similar ones now."""
        assert self.features is not None
        guide = self.features.to(maps)
        each = [(places * guide[:, _nearest(guide, places)]).sum(0) for places in maps.flatten(2)]
        return torch.stack(each).view(len(maps), *maps.shape[-2:])

    @property
    def code(self) -> str:
        """A call of the class with a picture called `guide`."""
        return f"nbviz.synthesis.Guided({self.layer!r}, guide)"


@torch.no_grad()
def _nearest(guide: Tensor, places: Tensor) -> Tensor:
    """The place of `guide` (C, m) with the largest product, for each of `places` (C, n)."""
    return torch.cat([(guide.T @ some).argmax(0) for some in places.split(PLACES, 1)])


def aim_of(net: Network, wanted: Any, guide: Any = None) -> Objective:
    """A layer's name, or anything `visualize` takes, as an aim for a whole picture; with a `guide`, its contents.

    Raises `UnknownName` and `OutOfRange` for what the network does not have, `BadRequest` for what is no aim of a
    whole picture.
    """
    if guide is not None:
        if not isinstance(wanted, str):
            raise BadRequest(f"A guide is compared in one layer; give the name of a layer with it, not '{wanted}'.")
        return Objective.of(net, Guided(wanted, guide))
    if isinstance(wanted, str) and (wanted in net.layers or not _names_target(net, wanted)):
        return Objective.of(net, Whole(wanted))
    aim = Objective.of(net, wanted)
    for _, term in aim.terms:
        if isinstance(term, Unit) and term.position is not None:
            raise BadRequest(
                f"The neuron '{term}' looks at one place, and a dream changes the whole picture; give its channel, "
                f"'{term.whole}', or see what excites the neuron with nbviz.visualize."
            )
    return aim


def _names_target(net: Network, text: str) -> bool:
    """Whether a text means a unit or a class."""
    return ":" in text or text.casefold() in (label.casefold() for label in net.labels or ())
