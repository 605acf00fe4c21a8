"""Work in the background: one worker thread a device, newest first, cancelled within one step.

A long job calls `Job.checkpoint` at every step. There it learns that nobody waits for it any more, and there newer
jobs run before it goes on, so that a click is answered while a synthesis is under way.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial

from .errors import Cancelled

logger = logging.getLogger("nbviz")


@dataclass(eq=False)
class Job:
    """A piece of work; `slot` is the place its result goes to, and a newer job for the same slot supersedes it.

    Of `run`, `failed` and `cancelled`, the latter two are called at most once, on the worker's thread.
    """

    slot: Hashable
    run: Callable[[Job], None]
    failed: Callable[[Exception], None]
    cancelled: Callable[[], None]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    runner: Runner | None = None
    _cancel: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Nobody waits for the result any more."""
        self._cancel.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancel.is_set()

    def checkpoint(self) -> None:
        """Raise `Cancelled` if nobody waits; else let newer jobs run, then go on."""
        if self.is_cancelled:
            raise Cancelled
        if self.runner:
            self.runner.run_newer()
            if self.is_cancelled:
                raise Cancelled


class Runner:
    """One worker thread that runs the newest job first; started with the first job."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: list[Job] = []
        self._running: list[Job] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> None:
        """Enqueue; older jobs of the same slot are cancelled. Safe from any thread, returns at once."""
        job.runner = self
        with self._changed:
            for older in [*self._waiting, *self._running]:
                if older.slot == job.slot:
                    older.cancel()
            self._waiting.append(job)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name=f"nbviz-{self.name}", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def cancel(self, matches: Callable[[Job], bool]) -> None:
        """Cancel the waiting and running jobs that match."""
        with self._changed:
            for job in [*self._waiting, *self._running]:
                if matches(job):
                    job.cancel()

    def wait(self, matches: Callable[[Job], bool], timeout: float | None = None) -> bool:
        """Block until no matching job is waiting or running; False where the timeout (seconds) came first."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while any(matches(job) for job in [*self._waiting, *self._running]):
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def run_newer(self) -> None:
        """Run everything that is waiting now, newest first; called by the running job on the worker thread."""
        while True:
            with self._changed:
                if not self._waiting:
                    return
                job = self._waiting.pop()
                self._running.append(job)
            self._run(job)

    def _work(self) -> None:
        while True:
            self.run_newer()
            with self._changed:
                # The thread ends after a while without work, and the next job starts a new one.
                if not self._waiting and not self._changed.wait_for(lambda: bool(self._waiting), timeout=60):
                    self._thread = None
                    return

    def _run(self, job: Job) -> None:
        try:
            # A copy, because a context can be entered only once at a time and jobs nest.
            job.context.copy().run(self._attempt, job)
        finally:
            with self._changed:
                self._running.remove(job)
                self._changed.notify_all()

    @staticmethod
    def _attempt(job: Job) -> None:
        try:
            if job.is_cancelled:
                raise Cancelled
            job.run(job)
        except Cancelled:
            _safely(job.cancelled)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person who asked is told
            _safely(partial(job.failed, error))


def _safely(report: Callable[[], None]) -> None:
    """A report that fails (the page is gone) must not end the worker thread."""
    try:
        report()
    except Exception:
        logger.exception("a result could not be delivered")


_runners: dict[str, Runner] = {}
_runners_lock = threading.Lock()


def runner_for(device: str) -> Runner:
    """The one runner of a device, shared by all widgets of the process."""
    with _runners_lock:
        return _runners.setdefault(device, Runner(device))
