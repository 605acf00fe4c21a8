"""What excites a unit, a class, or several units at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...address import Sum, Target
from ...errors import BadRequest
from ...network import Network
from ..session import Report, Session
from .common import Result


def synthesis(
    session: Session,
    report: Report,
    target: dict[str, Any],
    steps: int,
    size: int | None,
    seed: int,
    param: str | None = None,
) -> Result:
    """Activation maximisation, reporting every step with the picture so far; the answer can be played as a film."""
    from ...synthesis import Step, visualize
    from ...synthesis.objectives import Objective
    from .film import Film

    net = session.net
    aim = target_of(net, target)
    natural = session.natural(aim)
    film = Film(net, Objective.of(net, aim), steps)
    nature = None if natural is None else {"largest": natural.largest, "source": natural.source}

    def on_step(step: Step) -> None:
        film.take(step)

        def partial() -> Result:
            frame = step.picture()
            height, width = frame.shape[:2]
            facts = {"value": step.value, "film": film.facts, "natural": nature}
            return {"height": height, "width": width, **facts}, [frame]

        report(step.step, step.steps, f"step {step.step} of {step.steps}", partial)

    found = visualize(net, aim, steps=steps, size=size, param=param or "fourier", seed=seed, on_step=on_step)
    reading = found.value if found.activation is None else found.activation
    film.end(found.steps, reading)
    frame = np.asarray(found.image.convert("RGB"))
    meta = {
        "height": frame.shape[0],
        "width": frame.shape[1],
        "value": found.value,
        "film": film.facts,
        "natural": nature,
        "lengths": film.lengths,
        "objective": str(found.objective),
        "steps": found.steps,
        "seed": found.seed,
        "code": found.code,
    }
    return meta, [frame, film.files]


def target_of(net: Network, described: Mapping[str, Any]) -> Target:
    """The target that a page describes by one of unit, logit, probability, or as terms: [[weight, unit], …]."""
    makers: dict[str, Callable[[Any], Target]] = {
        "unit": net.unit,
        "logit": net.logit,
        "probability": net.probability,
        "terms": lambda terms: Sum(tuple((float(weight), net.unit(unit)) for weight, unit in terms)),
    }
    for name, make in makers.items():
        if name in described:
            return make(described[name])
    raise BadRequest(f"A synthesis asks for one of {', '.join(makers)}, not {', '.join(described) or 'nothing'}.")
