"""What class activation methods start from: a layer's maps A and the slopes ∂S/∂A of a target at every position."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..address import Target
from ..errors import NotDefined
from ..network import Layer, Network
from .attribution import Attribution
from .recording import Recording

NO_EVIDENCE = "no positive evidence for this class at this layer"


@dataclass(frozen=True)
class Evidence:
    """Maps A_k and slopes ∂S/∂A_k of `layer`, both (C, H, W), in float32 or, for a network in float64, in float64."""

    recording: Recording
    target: Target
    layer: str
    maps: Tensor
    slopes: Tensor

    def attribution(self, values: Tensor, method: str, signed: bool = False) -> Attribution:
        """Values (H, W) over the layer's positions as a result; where there is nothing, it says so."""
        note = "" if signed or bool(values.any()) else NO_EVIDENCE
        score = float(self.recording.value(self.target).detach())
        return Attribution(
            values.float().cpu(), "layer", signed, method, self.target, self.layer, score, self.recording.picture,
            note=note,
        )  # fmt: skip


def evidence(recording: Recording, target: Target, layer: str | None = None) -> Evidence:
    """The evidence at `layer`, by default at the last one with spatial extent that the target depends on.

    Raises `NotDefined` for a layer without positions or not on the way to the target.
    """
    value = recording.value(target)
    name, back = _asked(recording, value, layer) if layer else _default(recording, value)
    return _of(recording, target, name, back)


def evidence_everywhere(recording: Recording, target: Target) -> dict[str, Evidence]:
    """The evidence at every layer with spatial extent that the target depends on, from one way back."""
    layers = [layer.name for layer in spatial_layers(recording.net) if layer.name in recording.outputs]
    backs = recording.reaching_all(recording.value(target), [recording.output(name) for name in layers])
    found = {
        name: _of(recording, target, name, back) for name, back in zip(layers, backs, strict=True) if back is not None
    }
    if not found:
        raise _nowhere(recording.net)
    return found


def spatial_layers(net: Network) -> list[Layer]:
    """The layers whose maps have positions, one for each distinct output."""
    return [layer for layer in net.shown_layers if layer.spatial and max(layer.spatial) > 1]


def _of(recording: Recording, target: Target, name: str, back: Tensor) -> Evidence:
    wide = torch.promote_types(back.dtype, torch.float32)
    slopes = recording.net.as_map(name, back, recording.x)[0].to(wide)
    return Evidence(recording, target, name, recording.maps(name).detach().to(wide), slopes)


def _asked(recording: Recording, value: Tensor, layer: str) -> tuple[str, Tensor]:
    chosen = recording.net.layer(layer)
    if chosen.spatial is None or max(chosen.spatial) == 1:
        raise NotDefined(
            f"Layer {chosen.name!r} has no spatial extent; Grad-CAM needs maps. Try {recording.net.last_spatial!r}."
        )
    return chosen.name, recording.backward(value, recording.output(chosen.name))


def _default(recording: Recording, value: Tensor) -> tuple[str, Tensor]:
    """The last layer with spatial extent that the target depends on.

    A target inside of the network does not depend on the layers after it, nor a class on side branches; and where a
    class token is read out, the other tokens of the last block have no influence any more.
    """
    net = recording.net
    unreached: tuple[str, Tensor] | None = None
    for layer in reversed(spatial_layers(net)):
        if layer.name not in recording.outputs:
            continue
        back = recording.reaching(value, recording.output(layer.name))
        if back is None:
            continue
        unreached = unreached or (layer.name, back)
        if not layer.layout.prefix or bool(net.as_map(layer.name, back, recording.x).any()):
            return layer.name, back
    if unreached is None:
        raise _nowhere(net)
    return unreached


def _nowhere(net: Network) -> NotDefined:
    return NotDefined(
        f"Before this target {net.name} has no layer with spatial extent, so Grad-CAM has no place to point at."
    )
