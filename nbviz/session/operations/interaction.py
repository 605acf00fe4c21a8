"""From one unit to another: what excites mixtures of the two, in equal steps along the way between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...address import Unit
from ...errors import BadRequest
from ...network import Network
from ..session import Bytes, Report, Session
from .common import Result

MOST_PICTURES = 9
"""Pictures in a row at most."""


def interaction(
    session: Session, report: Report, a: str, b: str, count: int, steps: int, size: int | None, seed: int
) -> Result:
    """`count` pictures for (1 − t)·a + t·b, t from 0 to 1, and how strongly either unit answers to each of them."""
    from ...synthesis import Step, interpolate, visualize
    from ...synthesis.result import as_code

    if not 2 <= count <= MOST_PICTURES:
        raise BadRequest(f"A row from one unit to another has 2 to {MOST_PICTURES} pictures, not {count}.")
    net = session.net
    ends = net.unit(a), net.unit(b)
    facts = {
        "units": [str(end) for end in ends],
        "natural": [_nature(session, end) for end in ends],
        "weights": [k / (count - 1) for k in range(count)],
        "seed": seed,
    }

    def row(frames: list[Bytes], readings: list[list[float]], taken: int, code: str) -> Result:
        height, width = frames[0].shape[:2]
        made = {"height": height, "width": width, "readings": readings, "steps": taken, "code": code}
        return {**facts, **made}, [np.stack(frames)]

    def on_step(step: Step) -> None:
        message = f"step {step.step} of {step.steps}"
        report(
            step.step, step.steps, message,
            lambda: row([step.picture(k) for k in range(count)], [], step.step, ""),
        )  # fmt: skip

    found = visualize(net, interpolate(*ends, count), steps=steps, size=size, seed=seed, on_step=on_step)
    frames = [np.asarray(one.image.convert("RGB")) for one in found]
    alone = as_code(ends[0])
    together = f"nbviz.interpolate({alone}, {as_code(ends[1])}, {count})"
    code = found[0].code.replace(alone, together, 1)
    return row(frames, [_readings(net, ends, frame) for frame in frames], max(one.steps for one in found), code)


def _nature(session: Session, unit: Unit) -> dict[str, Any] | None:
    natural = session.natural(unit)
    return None if natural is None else {"largest": natural.largest, "source": natural.source}


@torch.no_grad()
def _readings(net: Network, units: tuple[Unit, ...], frame: Bytes) -> list[float]:
    """The strongest activation of each unit on exactly this picture (H, W, 3), or planes side by side."""
    planes = frame if net.in_channels == 3 else np.stack(np.split(frame[..., 0], net.in_channels, 1), -1)
    pixels = torch.from_numpy(planes.copy()).permute(2, 0, 1)[None].to(net.device) / 255
    maps = net.tap(net.normalise(pixels).to(net.dtype), {unit.layer for unit in units})
    return [_strongest(maps[unit.layer][0, unit.channel], unit) for unit in units]


def _strongest(plane: torch.Tensor, unit: Unit) -> float:
    return float(plane.max() if unit.position is None else plane[unit.position])
