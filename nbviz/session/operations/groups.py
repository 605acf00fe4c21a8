"""Groups of channels that fire together."""

from __future__ import annotations

import torch

from ...methods import groups
from ..session import Report, Session
from .common import Result


def groups_of(session: Session, report: Report, images: list[int], layer: str, count: int, seed: int) -> Result:
    """Non-negative factors of a layer's maps over some pictures: each group's maps, and its channels' weights."""

    def on_step(step: int, steps: int) -> None:
        report(step, steps, f"update {step} of {steps}")

    report(0, 1, "reading the pictures")
    found = groups(session.net, [session.picture(i).x for i in images], layer, count, seed, on_step)
    tops = found.maps.amax((0, 2, 3))
    codes = (found.maps / tops.clamp_min(1e-12)[:, None, None] * 255).round().to(torch.uint8)
    meta = {
        "layer": found.layer,
        "count": count,
        "channels": found.weights.shape[1],
        "pictures": len(images),
        "height": found.maps.shape[2],
        "width": found.maps.shape[3],
        "tops": tops.tolist(),
        "explained": found.explained,
        "positive": found.positive,
        "seed": seed,
    }
    return meta, [codes.numpy(), found.weights.numpy().astype("<f4")]
