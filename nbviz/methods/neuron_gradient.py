"""The gradient of one unit with respect to the picture."""

from __future__ import annotations

from typing import Any

from ..network import Network
from ..rules import gradient
from .attribution import Attribution
from .projection import project
from .registry import method


@method("Gradient", asks="unit", signed=True, colour=True)
def neuron_gradient(net: Network, image: Any, unit: Any) -> Attribution:
    """∂a/∂x of a neuron, or of a channel where it is strongest; any other target is allowed too.

    Returns values (C, H, W), signed, in input space: target units per unit of model input.
    """
    return project(net, image, unit, gradient, "neuron_gradient", "The gradient")
