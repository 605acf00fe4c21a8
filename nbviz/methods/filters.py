"""First-layer filters: the only weights that are pictures themselves."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ..errors import NotDefined
from ..network import Network
from .attribution import Attribution


def filters(net: Network, layer: str | None = None) -> Attribution:
    """The weights of a convolution, by default the first one that is computed.

    Returns values (filters, input channels, h, w), signed, in weight units. With three input channels a filter is an
    RGB picture, with one a grey one, otherwise a strip of planes. A container that passes a convolution's output on
    unchanged has that one's. Raises `NotDefined` for a layer that is no 2-d
    convolution, `UnknownName` with close matches.
    """
    name = layer or _first_convolution(net)
    weight = _weight(net, name)
    if weight is None or weight.dim() != 4:
        raise NotDefined(f"Layer {name!r} is no 2-d convolution, so it has no filters to show; {_hint(net, name)}.")
    return Attribution(weight.float().cpu(), "input", True, "filters", None, name, None)


def _weight(net: Network, name: str) -> torch.Tensor | None:
    chosen = net.layer(name)
    weight = net.weight(chosen.name)
    return net.weight(chosen.same_as) if weight is None and chosen.same_as else weight


def _convolutions(net: Network) -> Iterator[str]:
    """Layers with filters, in the order in which they are computed."""
    for name in net.layers:
        weight = net.weight(name)
        if weight is not None and weight.dim() == 4:
            yield name


def _first_convolution(net: Network) -> str:
    for name in _convolutions(net):
        return name
    raise NotDefined(f"{net.name} has no 2-d convolution, so it has no filters to show.")


def _hint(net: Network, name: str) -> str:
    """Where there are filters near a layer without: the newest before it, else the first of all."""
    first, names = _first_convolution(net), list(net.layers)
    earlier = names[: names.index(name)]
    before = [one for one in _convolutions(net) if one in earlier]
    return f"the convolution before it is {before[-1]!r}" if before else f"the first one is {first!r}"
