"""What the network still says of a picture of which a person covers a part."""

from __future__ import annotations

from typing import Any

import torch

from ...errors import BadRequest, NotFinite, UnknownName, close_matches
from ...methods.baselines import BASELINES, baseline_of
from ..session import Report, Session
from .common import Result

STRONGEST = 5
"""Classes that are told of the picture, and as many of the covered one."""


def occlude(
    session: Session, report: Report, image: int, box: list[int], fill: str, target: int | None = None
) -> Result:
    """The strongest classes with and without the pixels y0 … y1, x0 … x1, which `fill` replaces (see `baseline_of`).

    The buffer is the covered part as the network saw it. `BadRequest` for a box that has no place on the picture.
    """
    net, recording = session.net, session.recording(image)
    net.class_index(target or 0)
    y0, x0, y1, x1 = box
    x = recording.x.detach()
    if not (y0 < y1 <= x.shape[2] and x0 < x1 <= x.shape[3]):
        raise BadRequest(f"The window {box} does not lie on the picture, which has {x.shape[2]}×{x.shape[3]} pixels.")
    if fill not in BASELINES:
        raise UnknownName(f"There is no filling {fill!r}.{close_matches(fill, BASELINES)}")
    covered = x.clone()
    covered[..., y0:y1, x0:x1] = baseline_of(net, x, fill)[..., y0:y1, x0:x1]
    with torch.no_grad():
        _, logits = net.run(covered, [])
    assert logits is not None
    if not bool(torch.isfinite(logits).all()):
        raise NotFinite(f"{net.name} computes NaN or infinity on the covered picture.")
    patch = net.picture(covered[..., y0:y1, x0:x1])
    meta = {
        "box": box,
        "height": patch.shape[0],
        "width": patch.shape[1],
        "fill": fill,
        "classes": _classes(session, recording.logits[0], logits[0], target),
    }
    return meta, [patch]


def _classes(session: Session, before: torch.Tensor, after: torch.Tensor, target: int | None) -> list[dict[str, Any]]:
    """The classes that are strongest before or after, and the one asked for, in the order of before."""
    was, now = before.detach().float().cpu(), after.detach().float().cpu()
    most = min(STRONGEST, session.net.classes)
    told = {*was.topk(most).indices.tolist(), *now.topk(most).indices.tolist()}
    told |= {target} if target is not None else set()
    shares = was.softmax(0), now.softmax(0)
    return [
        {
            "index": index,
            "label": session.net.label(index),
            "probability": float(shares[1][index]),
            "logit": float(now[index]),
            "before": {"probability": float(shares[0][index]), "logit": float(was[index])},
        }
        for index in sorted(told, key=lambda index: -float(was[index]))
    ]
