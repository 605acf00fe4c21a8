"""Selvaraju et al., 'Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization', 2017."""

from __future__ import annotations

from typing import Annotated, Any

from ..address import Target
from ..network import Network
from .attribution import Attribution
from .evidence import NO_EVIDENCE, Evidence, evidence, evidence_everywhere
from .recording import record
from .registry import Flag, method

__all__ = ["NO_EVIDENCE", "grad_cam", "grad_cams"]


@method("Grad-CAM", asks="class", cheap=True)
def grad_cam(
    net: Network,
    image: Any,
    target: Target | str | int | None = None,
    layer: str | None = None,
    signed: Annotated[bool, Flag("evidence against, too")] = False,
) -> Attribution:
    """L = ReLU(Σ_k α_k A_k) with α_k the mean over positions of ∂S/∂A_k, S the logit before softmax.

    `layer` defaults to the last one with spatial extent. `signed` leaves the rectifier out, so that evidence against
    the class shows as negative. A difference of targets, `net.logit("cat") - net.logit("dog")`, shows what speaks for
    one class and against the other. Divided by nothing: the values are in logit units per position, and on a network
    with global average pooling and a linear head H·W·Grad-CAM equals CAM.

    Returns values (H, W) in layer space. Raises `NotDefined` for a layer without positions or not on the way to S.
    """
    recording = record(net, image)
    return _weighed(evidence(recording, recording.resolve(target), layer), signed)


def grad_cams(
    net: Network, image: Any, target: Target | str | int | None = None, signed: bool = False
) -> dict[str, Attribution]:
    """Grad-CAM at every layer with positions that the target depends on, from one forward and one way back.

    Returns the layers' names in the order they are computed, each with what `grad_cam` gives there.
    """
    recording = record(net, image)
    found = evidence_everywhere(recording, recording.resolve(target))
    return {name: _weighed(here, signed) for name, here in found.items()}


def _weighed(here: Evidence, signed: bool) -> Attribution:
    weights = here.slopes.mean((1, 2))
    values = (weights[:, None, None] * here.maps).sum(0)
    return here.attribution(values if signed else values.clamp_min(0), "grad_cam", signed)
