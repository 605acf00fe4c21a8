"""Simonyan, Vedaldi & Zisserman, 'Deep Inside Convolutional Networks', 2014."""

from __future__ import annotations

from typing import Any

from ..address import Target
from ..network import Network
from .attribution import Attribution
from .recording import record
from .registry import method


@method("Saliency", asks="class")
def saliency(net: Network, image: Any, target: Target | str | int | None = None) -> Attribution:
    """max over colour of |∂S/∂x|, for a class's logit (None: the predicted class) or any other target.

    Returns values (H, W) ≥ 0 in input space, in target units per unit of model input.
    """
    recording = record(net, image)
    aim = recording.resolve(target)
    value = recording.value(aim)
    gradient = recording.backward(value, recording.x)[0]
    values = gradient.abs().amax(0).float().cpu()
    return Attribution(values, "input", False, "saliency", aim, None, float(value.detach()), recording.picture)
