"""Selvaraju et al., 'Grad-CAM', 2017, section 3.2: where from Grad-CAM, what from guided backprop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch.nn import functional as F

from ..address import Target
from ..network import Network
from ..rules import guided
from .attribution import Attribution
from .evidence import NO_EVIDENCE
from .grad_cam import grad_cam
from .projection import project
from .recording import record
from .registry import method

_CAUTION = "Its detail comes from guided backprop, which changes little when upper weights are randomised."


@method("Guided Grad-CAM", asks="class", signed=True, colour=True, rectifiers=True, note=_CAUTION)
def guided_grad_cam(
    net: Network, image: Any, target: Target | str | int | None = None, layer: str | None = None
) -> Attribution:
    """Guided backprop times Grad-CAM, which is enlarged bilinearly to the picture (pixel centres at halves).

    Returns values (C, H, W), signed, in input space. Raises `NotDefined` where either of the two does, such as for
    an activation other than a rectifier on the way.
    """
    recording = record(net, image)
    aim = recording.resolve(target)
    detail = project(net, recording, aim, guided, "guided_grad_cam", "Guided Grad-CAM")
    where = grad_cam(net, recording, aim, layer)
    enlarged = F.interpolate(where.values[None, None], detail.values.shape[1:], mode="bilinear", align_corners=False)
    note = where.note if where.note == NO_EVIDENCE else detail.note
    return replace(detail, values=detail.values * enlarged[0], layer=where.layer, note=note)
