"""What a layer, a unit, a class or another picture brings out in a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from ... import images as pictures
from ...errors import BadRequest
from ...synthesis import Step, deep_dream
from ..session import Bytes, Report, Session
from .common import Result, joined
from .original import longest

FRAMES = 24
"""Pictures on the way that are kept at most."""
FRAME_PIXELS = 512
"""Longest side of pictures on the way: as they are they stay below 1 MB, as JPEG some 40 KB."""


def dream(
    session: Session,
    report: Report,
    image: int,
    target: Mapping[str, Any],
    guide: int | None,
    octaves: int,
    steps: int,
    strength: float,
    size: int | None,
    seed: int,
) -> Result:
    """Deep dream, reporting every step with the picture so far; the answer can be played as a film."""
    kept: list[int] = []
    files: list[bytes] = []

    def on_step(step: Step) -> None:
        def partial() -> Result:
            frame = _small(step)
            return {"height": frame.shape[0], "width": frame.shape[1], "value": step.value}, [frame]

        if step.step == step.steps or step.step % max(1, -(-step.steps // FRAMES)) == 0:
            kept.append(step.step)
            files.append(pictures.encode(_small(step), "jpeg"))
        report(step.step, step.steps, f"step {step.step} of {step.steps}", partial)

    found = deep_dream(
        session.net,
        session.picture(image).source,
        _wanted(session, target),
        guide=None if guide is None else session.picture(guide).source,
        octaves=octaves,
        steps=steps,
        strength=strength,
        size=longest(size),
        seed=seed,
        on_step=on_step,
    )
    shown = np.asarray(found.image)
    meta = {
        "height": shown.shape[0],
        "width": shown.shape[1],
        "value": found.value,
        "before": found.before,
        "objective": str(found.objective),
        "steps": found.steps,
        "seed": found.seed,
        "film": kept,
        "lengths": [len(file) for file in files],
        "code": found.code,
    }
    return meta, [shown, joined(files)]


def _small(step: Step) -> Bytes:
    frame = Image.fromarray(step.picture())
    frame.thumbnail((FRAME_PIXELS, FRAME_PIXELS))
    return np.asarray(frame)


def _wanted(session: Session, target: Mapping[str, Any]) -> Any:
    """What a page describes by one of layer, unit, logit."""
    net = session.net
    if "layer" in target:
        return net.layer(target["layer"]).name
    if "unit" in target:
        return net.unit(target["unit"]).whole
    if "logit" in target:
        return net.logit(target["logit"])
    raise BadRequest(f"A dream asks for one of layer, unit, logit, not {', '.join(target) or 'nothing'}.")
