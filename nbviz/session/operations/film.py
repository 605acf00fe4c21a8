"""A search as a film: pictures on the way, evenly spread, each with what the target says of it."""

from __future__ import annotations

from ... import images as pictures
from ...network import Network
from ...synthesis.objectives import Objective
from ...synthesis.optimise import Step
from ..session import Bytes
from .common import joined

FRAMES = 24
"""Pictures kept at most: as JPEG some 17 KB each at 224 pixels, so that all of them stay a quick message."""


class Film:
    """Keeps pictures of a search of `steps` steps, the first and the last among them.

    A picture's step is the number of changes made to it. Its reading is the strongest activation of a unit over
    positions, or the value of a class or a sum, on exactly that picture: undisturbed and in 8 bits, as what nature
    reached was measured.
    """

    def __init__(self, net: Network, objective: Objective, steps: int) -> None:
        self.net, self.objective = net, objective
        count = min(FRAMES, steps + 1)
        self._kept = {round(i * steps / (count - 1)) for i in range(count)}
        self._steps: list[int] = []
        self._readings: list[float] = []
        self._files: list[bytes] = []

    def take(self, step: Step) -> None:
        """Keep the picture of a step if it is one of those."""
        done = step.step - 1
        if done in self._kept:
            self._steps.append(done)
            self._readings.append(step.reading(self.net, self.objective))
            self._files.append(pictures.encode(step.picture(), "jpeg"))

    def end(self, steps: int, reading: float) -> None:
        """The search ended after `steps` steps; its last picture travels beside the film."""
        self._steps.append(steps)
        self._readings.append(reading)

    @property
    def facts(self) -> list[dict[str, float]]:
        """Step and reading of each picture so far."""
        return [{"step": s, "reading": r} for s, r in zip(self._steps, self._readings, strict=True)]

    @property
    def lengths(self) -> list[int]:
        """How long each file is."""
        return [len(file) for file in self._files]

    @property
    def files(self) -> Bytes:
        """The files of all pictures but the last, one after the other."""
        return joined(self._files)
