"""The same picture as several layers remember it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import NotDefined
from ...synthesis import Inversion, Step, invert, remembering
from ..session import Bytes, Report, Session
from .common import Result

NOTHING: Bytes = np.zeros((0, 0, 3), np.uint8)


def inversion(session: Session, report: Report, image: int, layers: list[str] | None, steps: int, seed: int) -> Result:
    """One inversion a layer, in the order given (by default a few spread over the network).

    A partial result has all layers so far, the last one on its way. A layer that nothing of the picture reaches
    keeps its place without a picture and says why.
    """
    net = session.net
    names = remembering(net) if layers is None else [net.layer(name).name for name in layers]
    rows: list[dict[str, Any]] = []
    shown: list[Bytes] = []
    facts = {"steps": steps, "seed": seed, "height": net.input_size[0], "width": net.input_size[1]}

    def on_step(step: Step) -> None:
        def partial() -> Result:
            row = _row(names[len(rows)], error=step.value)
            return {**facts, "layers": [*rows, row]}, [*shown, step.picture()]

        done = len(rows) * steps + step.step
        report(done, len(names) * steps, f"{names[len(rows)]}: step {step.step} of {steps}", partial)

    for name in names:
        try:
            found = invert(net, session.picture(image).x, name, steps=steps, seed=seed, on_step=on_step)
        except NotDefined as error:
            rows.append(_row(name, note=str(error)))
            shown.append(NOTHING)
        else:
            rows.append(_done(found))
            shown.append(np.asarray(found.image))
    return {**facts, "layers": rows}, shown


def _done(found: Inversion) -> dict[str, Any]:
    return _row(found.layer, error=found.error, trace=found.trace, code=found.code)


def _row(
    layer: str, error: float | None = None, trace: list[float] | None = None, code: str = "", note: str = ""
) -> dict[str, Any]:
    return {"layer": layer, "error": error, "trace": trace or [], "code": code, "note": note}
