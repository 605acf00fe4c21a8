"""Chattopadhay et al., 'Grad-CAM++: Generalized Gradient-based Visual Explanations for Deep Networks', 2018."""

from __future__ import annotations

from typing import Any

import torch

from ..address import Target
from ..errors import NotDefined
from ..network import Network
from .attribution import Attribution
from .evidence import evidence
from .recording import record
from .registry import method


@method("Grad-CAM++", asks="class", cheap=True)
def grad_cam_pp(
    net: Network, image: Any, target: Target | str | int | None = None, layer: str | None = None
) -> Attribution:
    """L = ReLU(Σ_k w_k A_k), w_k = Σ_ij α_kij·ReLU(g_kij), α_kij = g² / (2g² + g³·Σ_ab A_kab), g = ∂S/∂A.

    That is the paper's weight for Y = exp(S), whose derivatives are Y·g, Y·g², Y·g³ where the network is piecewise
    linear; the factor Y, common to all positions, is left out. Only g > 0 counts, and there α = 1 / (2 + g·Σ_ab A).

    Returns values (H, W) in layer space, as `grad_cam`. Raises `NotDefined` also where α has a pole on the way,
    2 + g·Σ A ≤ 0, which maps that go below zero can bring about.
    """
    recording = record(net, image)
    here = evidence(recording, recording.resolve(target), layer)
    g = here.slopes
    denominator = 2 + g * here.maps.sum((1, 2), keepdim=True)
    if bool((denominator[g > 0] <= 0).any()):
        raise NotDefined(
            f"Grad-CAM++ is not defined at layer {here.layer!r} on this picture: its weights 1/(2 + g·ΣA) pass a pole, "
            "because maps are negative there; choose a layer after a rectifier, or grad_cam or layer_cam."
        )
    weights = torch.where(g > 0, g / denominator, 0).sum((1, 2))
    return here.attribution((weights[:, None, None] * here.maps).sum(0).clamp_min(0), "grad_cam_pp")
