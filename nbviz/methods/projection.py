"""Shared by gradient, guided backprop and deconvnet: carry one value back to the pixels under a signal's rule."""

from __future__ import annotations

from typing import Any

import torch

from ..address import Target, Unit
from ..network import Network
from ..rules import Signal, deconvnet, remembers_picture
from .attribution import Attribution
from .recording import record


def project(
    net: Network, image: Any, target: Any, signal: Signal, name: str, label: str, start_from_value: bool = False
) -> Attribution:
    """Start at the target with 1, or with its own value, and go back to the input.

    The value of a unit that does not fire is nothing to start from: the picture is then zero and says so.
    """
    recording = record(net, image)
    aim = recording.resolve(target)
    value = recording.value(aim)
    seed = value.detach() if start_from_value else torch.ones_like(value)
    back = recording.backward(value, recording.x, signal, seed, label)[0]
    score = float(value.detach())
    note = ""
    if start_from_value and score <= 0:
        back = torch.zeros_like(back)
        what = "the unit does not fire" if isinstance(aim, Unit) else "the target is not positive"
        note = f"{what} on this picture (its largest value is {score:.3g}): nothing to project"
    elif not bool(back.any()):
        note = f"the signal is zero everywhere: {_stopped(aim, score)}"
    elif signal is deconvnet and not remembers_picture(value):
        note = "no max-pool on the way holds switches, so this shows what the unit's weights look for at its place"
    return Attribution(
        back.float().cpu(), "input", True, name, aim, aim.layer if isinstance(aim, Unit) else None, score,
        recording.picture, recording.locate(aim) if isinstance(aim, Unit) else None, note,
    )  # fmt: skip


def _stopped(aim: Target, score: float) -> str:
    """Why nothing comes back, and the way out."""
    if isinstance(aim, Unit) and score == 0:
        return f"the unit does not fire {'here' if aim.position else 'on this picture'}, its value is 0"
    return "every way back is blocked by rectifiers at one of their bounds; a layer before them shows more"
