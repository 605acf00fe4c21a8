"""Zhou et al., 'Learning Deep Features for Discriminative Localization', 2016."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..address import Logit, Sum, Target
from ..errors import NotDefined
from ..network import Network
from .attribution import Attribution
from .evidence import evidence, spatial_layers
from .recording import Recording, record
from .registry import method

# Rounding errors allowed, in units of the type's precision, where two sides of an identity are compared.
_ULPS = 32


@method("CAM", asks="class", signed=True, cheap=True, anywhere=False)
def cam(net: Network, image: Any, target: Target | str | int | None = None) -> Attribution:
    """M = Σ_k w_k A_k, the class's linear weights applied to the maps before the global average: mean(M) + b = S.

    Where every class has a map of its own that is averaged (SqueezeNet), M is that map. A weighted sum of logits is
    allowed. Whether the network has such a head is not read off its code but checked on the picture: the identity
    must hold for every class, and the gradient at every position must be w_k/(H·W).

    Returns values (H, W), signed, in layer space and logit units; `numbers` has the bias b. Raises `NotDefined`
    naming Grad-CAM for any other head, or for a target that is no logit.
    """
    recording = record(net, image)
    aim = recording.resolve(target)
    shares = _shares(aim, net)
    head = _head(recording, aim, shares)
    values = torch.einsum("k,khw->hw", shares @ head.weight, head.maps)
    note = "" if bool(values.any()) else "no evidence for or against this class at this layer"
    return Attribution(
        values.float().cpu(), "layer", True, "cam", aim, head.layer, float(recording.value(aim).detach()),
        recording.picture, note=note, numbers={"bias": float(shares @ head.bias)},
    )  # fmt: skip


def _shares(target: Target, net: Network) -> Tensor:
    """How much of each class's logit is in the target, (classes,)."""
    wide = torch.promote_types(net.dtype, torch.float32)
    if isinstance(target, Logit):
        shares = torch.zeros(net.classes, dtype=wide, device=net.device)
        shares[target.index] = 1
        return shares
    if isinstance(target, Sum):
        return torch.stack([weight * _shares(part, net) for weight, part in target.parts]).sum(0)
    raise NotDefined(f"CAM shows what adds up to a class's logit; {target} is none. grad_cam is defined for it.")


@dataclass(frozen=True)
class Head:
    """Maps A (K, H, W) that are averaged, then weighed: logits = weight (classes, K) · mean A + bias (classes,)."""

    layer: str
    maps: Tensor
    weight: Tensor
    bias: Tensor
    rectified: bool


def _head(recording: Recording, aim: Target, shares: Tensor) -> Head:
    for head in _candidates(recording):
        if _explains_logits(head, recording) and _explains_slopes(head, recording, aim, shares):
            return head
    raise NotDefined(
        f"CAM is not defined for {recording.net.name}: its logits are not a linear layer's on the global average of a "
        "layer's maps, which was checked on this picture. grad_cam is defined here."
    )


def _candidates(recording: Recording) -> Iterator[Head]:
    """What could be the head, the last maps first; maps as they are, or through a rectifier without a layer."""
    net = recording.net
    wide = torch.promote_types(recording.x.dtype, torch.float32)
    linears = list(_linears(net, wide))
    own = torch.eye(net.classes, dtype=wide, device=net.device), torch.zeros(net.classes, dtype=wide, device=net.device)
    for layer in reversed(spatial_layers(net)):
        if layer.name not in recording.outputs:
            continue
        for weight, bias in [own, *linears]:
            if weight.shape[1] == layer.channels:
                maps = recording.maps(layer.name).detach().to(wide)
                yield Head(layer.name, maps, weight, bias, rectified=False)
                yield Head(layer.name, maps.clamp_min(0), weight, bias, rectified=True)


def _linears(net: Network, wide: torch.dtype) -> Iterator[tuple[Tensor, Tensor]]:
    """Weight and bias of every layer that maps a vector to the classes, the last one first."""
    for layer in reversed(list(net.layers.values())):
        if layer.channels != net.classes or layer.spatial not in (None, (1, 1)):
            continue
        weight = net.weight(layer.name)
        if weight is None or weight.dim() < 2 or weight.numel() != len(weight) * weight.shape[1]:
            continue
        if len(weight) == net.classes and bool(weight.any()):
            bias = getattr(net.model.get_submodule(layer.name.partition("#")[0]), "bias", None)
            zeros = torch.zeros(net.classes)
            yield weight.flatten(1).to(wide), (zeros if bias is None else bias.detach()).to(weight.device, wide)


def _explains_logits(head: Head, recording: Recording) -> bool:
    """mean(M) + b = S for every class."""
    means = head.maps.mean((1, 2))
    logits = recording.logits[0].detach().to(means.dtype)
    scale = head.weight.abs() @ head.maps.abs().mean((1, 2)) + head.bias.abs()
    off = (head.weight @ means + head.bias - logits).abs()
    return bool(means.any()) and bool((off <= _tolerance(recording) * scale).all())


def _explains_slopes(head: Head, recording: Recording, aim: Target, shares: Tensor) -> bool:
    """∂S/∂A_k = w_k/(H·W) at every position, so that no other pooling passes."""
    found = evidence(recording, aim, head.layer).slopes
    expected = ((shares @ head.weight) / found[0].numel())[:, None, None].expand_as(found)
    if head.rectified:
        expected = expected * (head.maps > 0)
    return bool(((found - expected).abs() <= _tolerance(recording) * expected.abs().max()).all())


def _tolerance(recording: Recording) -> float:
    return _ULPS * torch.finfo(recording.x.dtype).eps
