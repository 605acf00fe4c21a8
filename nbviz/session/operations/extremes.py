"""Who is silent, and how far the layers go: on one picture, or over those that are here."""

from __future__ import annotations

import torch

from ...methods import extremes
from ..session import Report, Session
from .common import Result


def extremes_over(session: Session, report: Report, images: list[int]) -> Result:
    """Least and largest value of every channel of every layer over some of the pictures, layer after layer."""
    # One picture alone is the one that is looked at: its recording is there, or needed in a moment.
    pictures = [session.recording(images[0])] if len(images) == 1 else [session.picture(i).x for i in images]
    found = extremes(session.net, pictures, lambda step, steps: report(step, steps, f"picture {step + 1} of {steps}"))
    meta = {
        "pictures": found.pictures,
        "layers": [{"name": name, "channels": len(ends)} for name, ends in found.largest.items()],
    }
    both = (torch.cat(list(ends.values())).numpy().astype("<f4") for ends in (found.least, found.largest))
    return meta, list(both)
