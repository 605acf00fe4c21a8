"""Work on an atlas while the notebook goes on: a thread of its own, which can be stopped and waited for."""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from collections.abc import Callable

from ..errors import Cancelled

logger = logging.getLogger("nbviz")

_under_way: weakref.WeakSet[Background] = weakref.WeakSet()


class Background:
    """Runs `work(checkpoint)`; `checkpoint` raises `Cancelled` once `stop` was called, and then nothing is lost."""

    def __init__(self, work: Callable[[Callable[[], None]], None]) -> None:
        self.error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(work,), name="nbviz-atlas", daemon=True)
        _under_way.add(self)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether there is work left, and it is being done."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End after the present batch; what is done is kept. Returns at once."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is done or stopped; False where `timeout` seconds were not enough. Raises what the work raised."""
        self._thread.join(timeout)
        if self.error is not None:
            raise self.error
        return not self.running

    def _run(self, work: Callable[[Callable[[], None]], None]) -> None:
        try:
            work(self._checkpoint)
        except Cancelled:
            logger.info("stopped; the same call goes on from here")
        except BaseException as error:  # noqa: BLE001 - told to whoever waits, and in the log
            self.error = error
            logger.warning("%s", error)

    def _checkpoint(self) -> None:
        if self._stop.is_set():
            raise Cancelled


@atexit.register
def _end() -> None:
    """Torch aborts the process where a thread still computes while Python ends; a batch takes a few seconds."""
    for work in list(_under_way):
        work.stop()
    for work in list(_under_way):
        work._thread.join(10)
