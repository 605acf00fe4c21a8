"""Who is silent, and how far the layers go: on one picture, or over those that are here."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ...errors import BadRequest
from ...methods import extremes
from ..session import Report, Session
from .common import Result, atlas_of


def extremes_over(session: Session, report: Report, images: list[int] | None) -> Result:
    """Least and largest value of every channel of every layer, layer after layer: over some of the pictures, or null
    for those of the atlas."""
    if images is None:
        return _of_atlas(session)
    # One picture alone is the one that is looked at: its recording is there, or needed in a moment.
    pictures = [session.recording(images[0])] if len(images) == 1 else [session.picture(i).x for i in images]
    found = extremes(session.net, pictures, lambda step, steps: report(step, steps, f"picture {step + 1} of {steps}"))
    return _told(found.pictures, None, found.least, found.largest)


def _of_atlas(session: Session) -> Result:
    """What a data set says of the layers that were scanned; the least values are not kept there, and are NaN."""
    atlas = atlas_of(session)
    known = atlas.plan.numbers
    layers = [layer.name for layer in session.net.shown_layers if layer.name in known]
    largest = {name: torch.tensor(atlas.statistics(name).high) for name in layers}
    least = {name: torch.full_like(high, torch.nan) for name, high in largest.items()}
    seen = atlas.progress[0]
    if not largest or seen == 0:
        raise BadRequest("The atlas knows nothing of these layers so far.")
    return _told(seen, atlas.path.name, least, largest)


def _told(pictures: int, atlas: str | None, least: Mapping[str, Tensor], largest: Mapping[str, Tensor]) -> Result:
    layers = [{"name": name, "channels": len(ends)} for name, ends in largest.items()]
    both = (torch.cat(list(ends.values())).numpy().astype("<f4") for ends in (least, largest))
    return {"pictures": pictures, "atlas": atlas, "layers": layers}, list(both)
