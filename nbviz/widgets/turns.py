"""Traits are written by one thread at a time: the main thread, a subshell's, and the worker that computes.

traitlets and ipywidgets keep state on the widget while a trait is set, without locks of their own: a page's update on
one thread would swallow, or let through unchecked, what a cell assigns on another.

Lock order: whoever holds the turn may take the transport's, the runner's and the network's lock after it, because an
observer may call anything. Nobody may wait for the turn while holding one of those; the worker never waits for it at
all, so that an observer can wait for the worker.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

logger = logging.getLogger("nbviz")


class Turns:
    """A lock for `with`, and a tray for writes of those who must not wait: whoever has the turn carries them out."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._tray: deque[Callable[[], None]] = deque()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()
        self._empty_tray()

    def soon(self, write: Callable[[], None]) -> None:
        """Carry out `write` now, or have it done at the end of the present turn; in order, and never raises."""
        self._tray.append(write)
        self._empty_tray()

    def settle(self, timeout: float | None = None) -> bool:
        """Block until all writes so far are done; False where `timeout` (seconds) came first."""
        if not self._lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            return False
        try:
            self._empty_tray()
        finally:
            self.__exit__()
        return True

    def _empty_tray(self) -> None:
        # Looking again after the release finds what was put down while somebody else's attempt failed.
        while self._tray and self._lock.acquire(blocking=False):
            try:
                if self._tray:
                    self._tray.popleft()()
            except Exception:
                logger.exception("an observer failed")
            finally:
                self._lock.release()


TURNS = Turns()
"""One for all widgets: `ipywidgets.link` goes from one to another in either direction, where two locks would meet."""
