"""Which channels of a layer speak for a class on this picture: gradient times activation, summed over positions."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..address import Target
from ..network import Network
from .recording import record


def contributions(net: Network, image: Any, target: Target | str | int | None, layer: str) -> Tensor:
    """c_k = Σ over positions of ∂S/∂A_k · A_k, S the logit before softmax; (C,) in logit units, on the CPU.

    Grad-CAM's weighing (Selvaraju et al. 2017) with the slope taken at each position instead of its mean. On a
    network with global average pooling and a linear head, c_k = w_k · mean A_k exactly, and Σ c_k + b = S; on one
    of rectifiers, pools and linear maps without biases, Σ c_k = S at every layer that all of the signal passes.
    Elsewhere it is the first-order share. Raises `NotDefined` where the target does not depend on the layer.
    """
    recording = record(net, image)
    aim = recording.resolve(target)
    slopes = recording.backward(recording.value(aim), recording.output(layer))
    wide = torch.promote_types(slopes.dtype, torch.float32)
    shares = net.as_map(layer, slopes.to(wide), recording.x)[0] * recording.maps(layer).detach().to(wide)
    return shares.sum((1, 2)).cpu()
