"""Which channels speak for a class."""

from __future__ import annotations

from ...methods import contributions
from ..session import Report, Session
from .common import Result


def contributions_to(session: Session, report: Report, image: int, layer: str, target: int | None) -> Result:
    """What each channel of a layer contributes to the logit of a class, by default the predicted one."""
    recording = session.recording(image)
    aim = recording.resolve(target)
    shares = contributions(session.net, recording, aim, layer)
    index = getattr(aim, "index", 0)
    meta = {
        "layer": layer,
        "channels": len(shares),
        "target": index,
        "label": session.net.label(index),
        "sum": float(shares.sum()),
        "logit": float(recording.value(aim).detach()),
    }
    return meta, [shares.numpy().astype("<f4")]
