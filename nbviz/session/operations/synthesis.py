"""What excites a unit or a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...address import Target, Unit
from ...errors import BadRequest
from ..session import Report, Session
from .common import Result


def synthesis(
    session: Session, report: Report, target: dict[str, Any], steps: int, size: int | None, seed: int
) -> Result:
    """Activation maximisation, reporting every step with the picture so far."""
    from ...synthesis import Step, visualize

    aim = _synthesis_target(session, target)
    natural = session.natural_max(aim) if isinstance(aim, Unit) else None

    def on_step(step: Step) -> None:
        def partial() -> Result:
            frame = step.picture()
            meta = {"height": frame.shape[0], "width": frame.shape[1], "value": step.value, "natural_ratio": None}
            return meta, [frame]

        report(step.step, step.steps, f"step {step.step} of {step.steps}", partial)

    found = visualize(session.net, aim, steps=steps, size=size, seed=seed, on_step=on_step, natural_max=natural)
    frame = np.asarray(found.image.convert("RGB"))
    meta = {
        "height": frame.shape[0],
        "width": frame.shape[1],
        "value": found.value,
        "natural_ratio": found.natural_ratio,
        "objective": str(found.objective),
        "activation": found.value if found.activation is None else found.activation,
        "steps": found.steps,
        "seed": found.seed,
        "trace": list(found.trace),
        "code": found.code,
    }
    return meta, [frame]


def _synthesis_target(session: Session, target: dict[str, Any]) -> Target:
    net = session.net
    makers: dict[str, Callable[[Any], Target]] = {"unit": net.unit, "logit": net.logit, "probability": net.probability}
    for name, make in makers.items():
        if name in target:
            return make(target[name])
    raise BadRequest(f"A synthesis asks for one of {', '.join(makers)}, not {', '.join(target) or 'nothing'}.")
