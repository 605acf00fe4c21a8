"""Tells how far something long has got: one line that is written over, and whoever else wants to know."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

OnStep = Callable[[int, int, str], None]
"""Called as (step, steps, what); raising ends the run."""

INTERVAL = 0.2
"""Seconds between two writings of the line."""


class ProgressLine:
    """A line on the standard error output."""

    def __init__(self, visible: bool, on_step: OnStep | None = None) -> None:
        self.visible, self.on_step = visible, on_step
        self._written = float("-inf")

    def step(self, step: int, steps: int, what: str) -> None:
        """Step `step` of `steps` begins."""
        if self.visible and time.monotonic() - self._written >= INTERVAL:
            self._written = time.monotonic()
            self._write(f"{step}/{steps} {what}", "")
        if self.on_step:
            self.on_step(step, steps, what)

    def pass_on(self, text: str) -> None:
        """What the line of another process says."""
        said = text.strip().rpartition("\r")[2]
        if self.visible and said:
            self._write(said[:90], "")

    def close(self, said: str) -> None:
        """The last line stays."""
        if self.visible:
            self._write(said, "\n")

    @staticmethod
    def _write(line: str, end: str) -> None:
        sys.stderr.write(f"\r{line:<90}{end}")
        sys.stderr.flush()
