"""Springenberg et al., 'Striving for Simplicity: The All Convolutional Net', 2015."""

from __future__ import annotations

from typing import Any

from ..network import Network
from ..rules import guided
from .attribution import Attribution
from .projection import project
from .registry import method

_CAUTION = "Shows edges the unit could use; it changes little when upper weights are randomised."


@method("Guided backprop", asks="unit", signed=True, colour=True, rectifiers=True, note=_CAUTION)
def guided_backprop(net: Network, image: Any, target: Any = None) -> Attribution:
    """The gradient where every rectifier passes only positive signals of active inputs: R·1[x>0]·1[R>0].

    `target` is a unit, a class, or None for the predicted class. Returns values (C, H, W), signed, in input space.
    Raises `NotDefined` where an activation other than a rectifier lies on the way, naming its layer.
    """
    return project(net, image, target, guided, "guided_backprop", "Guided backprop")
