"""Selvaraju et al., 'Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization', 2017."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..address import Target
from ..errors import NotDefined
from ..network import Network
from .attribution import Attribution
from .recording import Recording, record
from .registry import method

NO_EVIDENCE = "no positive evidence for this class at this layer"


@method("Grad-CAM", asks="class")
def grad_cam(
    net: Network, image: Any, target: Target | str | int | None = None, layer: str | None = None, signed: bool = False
) -> Attribution:
    """L = ReLU(Σ_k α_k A_k) with α_k the mean over positions of ∂S/∂A_k, S the logit before softmax.

    `layer` defaults to the last one with spatial extent. `signed` leaves the rectifier out, so that evidence against
    the class shows as negative. Divided by nothing: the values are in logit units per position, and on a network
    with global average pooling and a linear head H·W·Grad-CAM equals CAM.

    Returns values (H, W) in layer space. Raises `NotDefined` for a layer without positions or not on the way to S.
    """
    recording = record(net, image)
    aim = recording.resolve(target)
    value = recording.value(aim)
    name, back = _asked(recording, value, layer) if layer else _default(recording, value)
    weights = net.as_map(name, back, recording.x)[0].mean((1, 2))
    values = (weights[:, None, None] * recording.maps(name).detach()).sum(0).float().cpu()
    if not signed:
        values = values.clamp_min(0)
    note = "" if signed or bool(values.any()) else NO_EVIDENCE
    return Attribution(
        values, "layer", signed, "grad_cam", aim, name, float(value.detach()), recording.picture, None, note
    )


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
    for layer in reversed([layer for layer in net.shown_layers if layer.spatial and max(layer.spatial) > 1]):
        back = recording.reaching(value, recording.output(layer.name))
        if back is None:
            continue
        unreached = unreached or (layer.name, back)
        if not layer.layout.prefix or bool(net.as_map(layer.name, back, recording.x).any()):
            return layer.name, back
    if unreached is None:
        raise NotDefined(
            f"Before this target {net.name} has no layer with spatial extent, so Grad-CAM has no place to point at."
        )
    return unreached
