"""How far a scan is: counted in pictures, shown as a bar, told to whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

OnProgress = Callable[[int, int, str], None]
"""Called as (done, total, what is being done); what it raises ends the scan, which can be resumed."""


@dataclass
class Progress:
    """Counts one stage after the other.

    `shown` says whether there is a bar on the standard error output; `checkpoint` raises where nobody waits any more.
    """

    shown: bool
    on_progress: OnProgress | None = None
    checkpoint: Callable[[], None] = lambda: None
    done: int = 0
    total: int = 0
    what: str = ""
    _bar: Any = None

    def begin(self, what: str, done: int, total: int, unit: str) -> None:
        """Start a stage of which `done` is done already."""
        self.close()
        self.what, self.done, self.total = what, done, total
        if self.shown:
            from tqdm.auto import tqdm

            self._bar = tqdm(desc=what, initial=done, total=total, unit=f" {unit}", dynamic_ncols=True)
        self.advance(0)

    def advance(self, n: int) -> None:
        """So many more are done."""
        self.checkpoint()
        self.done += n
        if self._bar is not None:
            self._bar.update(n)
        if self.on_progress:
            self.on_progress(self.done, self.total, self.what)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
