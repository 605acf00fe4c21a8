"""What a layer computes on a picture."""

from __future__ import annotations

from typing import Any

from ..address import Unit
from ..network import Network
from .attribution import Attribution
from .recording import record
from .registry import method


@method("Activation", asks="layer", signed=True)
def activations(net: Network, image: Any, layer: str | Unit) -> Attribution:
    """The maps of a layer, or of one unit.

    Returns values (C, H, W) of a layer, (H, W) of a `Unit` or of text such as `"layer3:17"`, in layer space and in the
    layer's own units; `score` is the largest value. Raises `UnknownName` with close matches, `OutOfRange`.
    """
    recording = record(net, image)
    unit = net.unit(layer) if isinstance(layer, Unit) or (layer not in net.layers and ":" in layer) else None
    name = unit.layer if unit else str(layer)
    maps = recording.maps(name).detach().float().cpu().clone()
    values = maps if unit is None else maps[unit.channel]
    return Attribution(
        values, "layer", bool(values.min() < 0), "activations", unit, name, float(values.max()), recording.picture,
        position=None if unit is None else recording.locate(unit),
    )  # fmt: skip
