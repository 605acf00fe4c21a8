"""Zeiler & Fergus, 'Visualizing and Understanding Convolutional Networks', 2014."""

from __future__ import annotations

from typing import Any

from ..network import Network
from ..rules import deconvnet as deconvnet_signal
from .attribution import Attribution
from .projection import project
from .registry import method

_CAUTION = "Reconstructs what the switches remember; it changes little when upper weights are randomised."


@method("Deconvnet", asks="unit", signed=True, colour=True, rectifiers=True, note=_CAUTION)
def deconvnet(net: Network, image: Any, unit: Any = None) -> Attribution:
    """The projection of one activation down to the pixels.

    Starts from R = a·e(k, i, j), the unit's activation a at the neuron given or where the channel is strongest, and
    everything else zero. Max-pools send R to their recorded switches (overlaps add up), rectifiers keep R > 0,
    convolutions apply their transposed filters without bias, and sums send R down both branches.

    Returns values (C, H, W), signed, in input space, with `score` = a and its `position`. A unit that does not fire
    (a ≤ 0) has nothing to project: zeros, and a note. Raises `NotDefined` where an activation other than a rectifier
    lies on the way, naming its layer.
    """
    return project(net, image, unit, deconvnet_signal, "deconvnet", "Deconvnet", start_from_value=True)
