"""The channels one layer before and after a unit that matter most to it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ..address import Unit
from ..errors import BadRequest, NotDefined
from ..network import Network
from ..rules.lrp import NoRule
from .links import FromPicture, Gap, Link, layers_after, layers_before, links_in, links_out
from .lrp import Taped
from .recording import Recording, record
from .wiring import Wire, Wiring

WEIGHTS = "weights"
GRADIENT = "gradient × activation on this picture"


@dataclass(frozen=True, eq=False)
class Neighbour:
    """A channel before or after a unit; negative influence holds values down.

    By weights, `kernel` (h, w) holds them, batch-norm included, and `influence` is Σ|w| with the sign of Σw. By
    gradient × activation, `influence` is what the one contributes to the other on the picture, in the other's units.
    """

    unit: Unit
    influence: float
    kernel: Tensor | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Side:
    """The neighbours on one side, strongest influence first; `basis` is `WEIGHTS` or `GRADIENT`, `note` says why."""

    neighbours: tuple[Neighbour, ...]
    basis: str
    note: str = ""


@dataclass(frozen=True)
class Neighbours:
    """What `unit` is computed from (`incoming`) and what is computed from it (`outgoing`)."""

    unit: Unit
    incoming: Side
    outgoing: Side


def neighbours(net: Network, image: Any, unit: Unit | str, k: int = 8) -> Neighbours:
    """The `k` channels one layer before and the `k` one layer after `unit` that matter most.

    Where layers are adjacent – between their weights lies nothing but batch-norm, rectifiers, pooling, sums and
    concatenation – the weights decide, the same for every picture. Elsewhere gradient × activation on this picture
    does: towards a neuron, or a channel where it is strongest, and from it summed over all positions. Each side says
    which it is. Raises `UnknownName`, `OutOfRange`, and `BadRequest` for a `k` below 1.
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise BadRequest(f"k={k!r}: the number of neighbours is a whole number of at least 1.")
    aim = net.unit(unit)
    recording = record(net, image)
    wire = _wires(net, recording).get(_shown_name(net, aim.layer))
    before = layers_before(wire) if wire else _beside(net, aim.layer, -1)
    after = layers_after(wire) if wire else _beside(net, aim.layer, 1)
    return Neighbours(
        aim,
        _side(wire, aim, k, links_in, lambda: _contributions_to(recording, aim, before)),
        _side(wire, aim, k, links_out, lambda: _contributions_of(recording, aim, after)),
    )


def _side(
    wire: Wire | None,
    unit: Unit,
    k: int,
    links: Callable[[Wire, int], Iterator[Link]],
    contributions: Callable[[], Iterable[tuple[str, Tensor]]],
) -> Side:
    try:
        if wire is None:
            raise Gap("its place among the network's calls could not be followed")
        return Side(_strongest((_linked(link) for link in links(wire, unit.channel)), k), WEIGHTS)
    except FromPicture as end:
        return Side((), WEIGHTS, str(end))
    except Gap as gap:
        why = str(gap)
    try:
        return Side(_strongest(_contributing(contributions()), k), GRADIENT, why)
    except NotDefined as error:
        return Side((), GRADIENT, str(error))


def _linked(link: Link) -> Neighbour:
    kernel = link.kernel.float().cpu()
    size, total = float(kernel.abs().sum()), float(kernel.sum())
    return Neighbour(Unit(link.layer, link.channel), -size if total < 0 else size, kernel)


def _contributing(found: Iterable[tuple[str, Tensor]]) -> Iterator[Neighbour]:
    for layer, values in found:
        for channel, value in enumerate(values.tolist()):
            yield Neighbour(Unit(layer, channel), value)


def _strongest(found: Iterable[Neighbour], k: int) -> tuple[Neighbour, ...]:
    """The `k` of largest influence; what has none is no neighbour."""
    of_influence = (one for one in found if one.influence)
    return tuple(sorted(of_influence, key=lambda one: -abs(one.influence))[:k])


def _contributions_to(recording: Recording, unit: Unit, layers: list[str]) -> list[tuple[str, Tensor]]:
    """Σ over positions of ∂a/∂x·x for the unit's value a and each channel x of `layers`, the others held fixed."""
    places = [recording.output(layer) for layer in layers]
    slopes = list(recording.reaching_all(recording.value(unit), places))
    order = sorted(range(len(layers)), key=lambda i: -list(recording.outputs).index(layers[i]))
    for at, i in enumerate(order):
        # What reached this place by way of later ones is theirs.
        for j in order[:at]:
            through = None if slopes[j] is None else recording.reaching(places[j], places[i], seed=slopes[j])
            slopes[i] = slopes[i] if through is None else _difference(slopes[i], through)
    return [
        (layer, _by_channel(recording, layer, slope * place.detach()))
        for layer, place, slope in zip(layers, places, slopes, strict=True)
        if slope is not None
    ]


def _difference(slope: Tensor | None, through: Tensor) -> Tensor | None:
    return None if slope is None else slope - through


@torch.inference_mode(False)
@torch.enable_grad()
def _contributions_of(recording: Recording, unit: Unit, layers: list[str]) -> list[tuple[str, Tensor]]:
    """Σ over positions of ∂y/∂a·a for the unit's activations a and each channel y of `layers`.

    One directional derivative gives all channels at once: the gradient, with respect to v, of v's way back.
    """
    found = []
    with recording.net.running():
        x, maps = recording.output(unit.layer), recording.maps(unit.layer)
        if not x.requires_grad:
            raise NotDefined(f"Nothing leads from the picture to {unit.layer!r}.")
        only = torch.zeros_like(maps)
        place = (unit.channel, *(unit.position or ()))
        only[place] = maps[place].detach()
        (direction,) = torch.autograd.grad(maps, x, only, retain_graph=True)
        for layer in layers:
            moved = _pushed(x, recording.output(layer), direction)
            if moved is not None:
                found.append((layer, _by_channel(recording, layer, moved)))
    return found


def _pushed(x: Tensor, y: Tensor, direction: Tensor) -> Tensor | None:
    """∂y/∂x · direction; None where y does not depend on x."""
    if not y.requires_grad:
        return None
    v = torch.zeros_like(y, requires_grad=True)
    try:
        (back,) = torch.autograd.grad(y, x, v, create_graph=True, allow_unused=True)
        if back is None or not back.requires_grad:
            return None
        (moved,) = torch.autograd.grad(back, v, direction, allow_unused=True, retain_graph=True)
    except RuntimeError as error:
        raise NotDefined(f"a second derivative is not implemented here: {str(error).splitlines()[0]}") from error
    return moved


def _by_channel(recording: Recording, layer: str, values: Tensor) -> Tensor:
    maps = recording.net.as_map(layer, values.detach(), recording.x)[0]
    return maps.float().flatten(1).sum(1).cpu()


_known: weakref.WeakKeyDictionary[Network, tuple[int, dict[str, Wire]]] = weakref.WeakKeyDictionary()


def _wires(net: Network, recording: Recording) -> dict[str, Wire]:
    """The wires of a network's layers, followed once for each state of its weights; none where that fails."""
    revision, wires = _known.get(net, (-1, {}))
    if revision != recording.revision:
        try:
            taped = Taped(net, recording)
            wires = Wiring(net, taped.tape, taped.names).layers
        except NoRule:
            wires = {}
        _known[net] = recording.revision, wires
    return wires


def _shown_name(net: Network, name: str) -> str:
    """The name under which a layer's output is shown."""
    source = net.layer(name).same_as or name
    return next((s.name for s in net.shown_layers if (s.same_as or s.name) == source), name)


def _beside(net: Network, name: str, by: int) -> list[str]:
    """The next layer in the order of execution, in place of a wire."""
    names = [layer.name for layer in net.shown_layers]
    at = names.index(_shown_name(net, name)) + by
    return [names[at]] if 0 <= at < len(names) else []
