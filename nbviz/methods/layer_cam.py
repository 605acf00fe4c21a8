"""Jiang et al., 'LayerCAM: Exploring Hierarchical Class Activation Maps for Localization', 2021."""

from __future__ import annotations

from typing import Any

from ..address import Target
from ..network import Network
from .attribution import Attribution
from .evidence import evidence
from .recording import record
from .registry import method


@method("LayerCAM", asks="class", cheap=True)
def layer_cam(
    net: Network, image: Any, target: Target | str | int | None = None, layer: str | None = None
) -> Attribution:
    """L = ReLU(Σ_k ReLU(∂S/∂A_k)·A_k): each position has a weight of its own, so early layers stay sharp.

    Returns values (H, W) in layer space, in target units. Raises `NotDefined` as `grad_cam`.
    """
    recording = record(net, image)
    here = evidence(recording, recording.resolve(target), layer)
    return here.attribution((here.slopes.clamp_min(0) * here.maps).sum(0).clamp_min(0), "layer_cam")
