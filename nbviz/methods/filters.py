"""First-layer filters: the only weights that are pictures themselves."""

from __future__ import annotations

import torch

from ..errors import NotDefined
from ..network import Network
from .attribution import Attribution


def filters(net: Network, layer: str | None = None) -> Attribution:
    """The weights of a convolution, by default the first one that is computed.

    Returns values (filters, input channels, h, w), signed, in weight units. With three input channels a filter is an
    RGB picture, with one a grey one, otherwise a strip of planes. Raises `NotDefined` for a layer that is no 2-d
    convolution, `UnknownName` with close matches.
    """
    name = layer or _first_convolution(net)
    net.layer(name)
    with net.running():
        weight = getattr(net.model.get_submodule(name.partition("#")[0]), "weight", None)
        if not isinstance(weight, torch.Tensor) or weight.dim() != 4:
            raise NotDefined(f"Layer {name!r} is no 2-d convolution, so it has no filters to show; {_hint(net)}.")
        values = weight.detach().float().cpu().clone()
    return Attribution(values, "input", True, "filters", None, name, None)


def _first_convolution(net: Network) -> str:
    for layer in net.layers.values():
        if layer.kind == "Conv2d":
            return layer.name
    raise NotDefined(f"{net.name} has no 2-d convolution, so it has no filters to show.")


def _hint(net: Network) -> str:
    return f"the first convolution is {_first_convolution(net)!r}"
