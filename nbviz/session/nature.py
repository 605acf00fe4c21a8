"""How strongly targets respond to natural pictures: what a synthesised picture is measured by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..address import Logit, Probability, Target, Unit
from ..errors import NbvizError
from ..methods import Recording

if TYPE_CHECKING:
    from ..atlas import Atlas


@dataclass(frozen=True)
class Natural:
    """The largest value of a target on natural pictures, and in words on which: "of 3 pictures seen"."""

    largest: float
    source: str


def natural(recordings: Sequence[Recording], target: Target) -> Natural | None:
    """The largest value on the pictures recorded; None for a sum, and where no picture says anything."""
    values = [value for recording in recordings if (value := _largest(recording, target)) is not None]
    if not values:
        return None
    return Natural(max(values), f"of {len(values)} picture{'s' * (len(values) > 1)} seen")


def in_atlas(atlas: Atlas | None, target: Target) -> Natural | None:
    """The largest value of a unit in a data set; None where the atlas does not know it."""
    if atlas is None or not isinstance(target, Unit):
        return None
    try:
        largest = atlas.natural_max(target)
    except NbvizError:  # a layer that was not scanned
        return None
    seen, total = atlas.progress
    so_far = "" if seen == total else f" of {total:,} so far"
    return None if largest is None else Natural(largest, f"of the atlas, n = {seen:,}{so_far}")


def maxima(recordings: Sequence[Recording], layer: str) -> torch.Tensor | None:
    """The largest activation of each channel of a layer, (C,); None where no picture was seen."""
    found = [r.maps(layer).detach().flatten(1).amax(1) for r in recordings if layer in r.outputs]
    return torch.stack(found).amax(0) if found else None


def _largest(recording: Recording, target: Target) -> float | None:
    if isinstance(target, Unit):
        return _of_unit(recording, target)
    if isinstance(target, (Logit, Probability)):
        return float(recording.value(target).detach())
    return None


def _of_unit(recording: Recording, unit: Unit) -> float | None:
    if unit.layer not in recording.outputs:
        return None
    plane = recording.maps(unit.layer)[unit.channel].detach()
    if unit.position:
        y, x = unit.position
        plane = plane[y : y + 1, x : x + 1]
    return float(plane.max()) if plane.numel() else None
