"""Sundararajan, Taly & Yan, 'Axiomatic Attribution for Deep Networks', 2017."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from torch import Tensor

from ..address import Target, Unit
from ..network import Network
from .attribution import Attribution
from .baselines import BASELINES, baseline_of
from .neighbourhood import Neighbourhood, OnStep
from .path import Path
from .recording import record
from .registry import Choice, Range, method

# A sum that misses the change it should explain by more than this share is told to the reader.
_TOLERATED = 0.01


@method("Integrated gradients", asks="class", signed=True, colour=True)
def integrated_gradients(
    net: Network,
    image: Any,
    target: Target | str | int | None = None,
    *,
    steps: Annotated[int, Range(1, 500)] = 128,
    baseline: Annotated[str | Tensor, Choice(*BASELINES)] = "black",
    on_step: OnStep | None = None,
) -> Attribution:
    """(x − x′) · ∫ ∂S/∂x at x′ + α(x − x′) dα, by the midpoint rule with at most `steps` gradients.

    Up to 32 steps the parts of the way are equal. Further steps cut those in three that explain their own change
    S(end) − S(begin) worst, since most of the change often happens in a small stretch near the baseline.
    The values add up to S(x) − S(x′) but for the error of this sum: `numbers["completeness"]` is the share of that
    change which they explain, and the note says so where it is off by more than 1 %.

    Returns values (C, H, W) in input space, signed, in target units; over the colours they add up.
    """
    recording = record(net, image)
    aim, x = recording.resolve(target), recording.x.detach()
    path = Path(Neighbourhood(recording, aim), baseline_of(net, x, baseline), x)

    def result() -> Attribution:
        values = path.way * path.mean_slope
        numbers, note = _completeness(float(values.double().sum()), path.end, path.begin, torch.finfo(x.dtype).eps)
        return Attribution(
            values.float().cpu(), "input", True, "integrated_gradients", aim,
            aim.layer if isinstance(aim, Unit) else None, path.end, recording.picture,
            recording.locate(aim) if isinstance(aim, Unit) else None, note, numbers, additive=True,
        )  # fmt: skip

    for _ in path.walk(steps):
        if on_step:
            on_step(path.count, path.reachable(steps), result)
    return result()


def _completeness(explained: float, score: float, without: float, eps: float) -> tuple[dict[str, float], str]:
    change = score - without
    numbers = {"baseline": without}
    if abs(change) <= 4 * eps * max(abs(score), abs(without)):
        return numbers, "but for rounding the target has the same value on the baseline: there is no change to explain"
    share = explained / change
    numbers["completeness"] = share
    if abs(share - 1) <= _TOLERATED:
        return numbers, ""
    return numbers, f"the values add up to {share:.1%} of the change from the baseline; more steps come closer"
