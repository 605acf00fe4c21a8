"""Work in the background: one worker thread a device, newest first, cancelled within one step.

A long job calls `Job.checkpoint` at every step. There it learns that nobody waits for it any more, and there waiting
jobs run before it goes on, so that a click is answered while a synthesis is under way.

Locks: `Runner._changed` guards the two lists alone. It is never held while anything of a job is called, so it can be
taken under any other lock.
"""

from __future__ import annotations

import atexit
import contextvars
import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial

from .errors import BadRequest, Cancelled

logger = logging.getLogger("nbviz")

MOST_NESTED = 8
"""How many jobs may be under way inside of each other. A job that was cancelled under others can only end after them,
so that long jobs for different slots, replaced in turn, would otherwise pile up until Python's stack is full. So deep
down a long job still lets short ones run, and other long ones wait for it to end."""
IDLE = 60.0
"""Seconds without work after which the thread ends; the next job starts a new one."""


@dataclass(eq=False)
class Job:
    """A piece of work; `slot` is the place its result goes to, and a newer job for the same slot supersedes it.

    All three are called on the worker's thread: `run` unless the job is cancelled before its turn, then `failed` where
    it raised, `cancelled` where it was cancelled, else neither. `long` says that it takes seconds: short jobs are
    never kept waiting by it, and of long ones the newest goes first. `aside` lets everything else go first.
    """

    slot: Hashable
    run: Callable[[Job], None]
    failed: Callable[[BaseException], None]
    cancelled: Callable[[], None]
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    long: bool = False
    aside: bool = False
    runner: Runner | None = None
    number: int = 0
    _cancel: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Nobody waits for the result any more."""
        self._cancel.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancel.is_set()

    def checkpoint(self) -> None:
        """Raise `Cancelled` as soon as nobody waits; else let waiting jobs run, newest first, then go on."""
        while not self.is_cancelled and self.runner and self.runner.run_next(inside=self):
            pass
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
        self._submitted = 0

    def submit(self, job: Job) -> None:
        """Enqueue; older jobs of the same slot are cancelled. Safe from any thread, returns at once."""
        job.runner = self
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name=f"nbviz-{self.name}", daemon=True)
                self._thread.start()
            for older in [*self._waiting, *self._running]:
                if older.slot == job.slot:
                    older.cancel()
            self._submitted += 1
            job.number = self._submitted
            self._waiting.append(job)
            self._changed.notify_all()

    def cancel(self, matches: Callable[[Job], bool]) -> None:
        """Cancel the waiting and running jobs that match."""
        with self._changed:
            for job in [*self._waiting, *self._running]:
                if matches(job):
                    job.cancel()

    def wait(self, matches: Callable[[Job], bool], timeout: float | None = None) -> bool:
        """Block until no matching job is waiting or running; False where the timeout (seconds) came first.

        `BadRequest` on the worker's own thread, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            raise BadRequest(
                "wait() was called by something that is being computed, such as an observer of status, and would wait "
                "for itself; call it from a cell."
            )
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while any(matches(job) for job in [*self._waiting, *self._running]):
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def run_next(self, inside: Job | None = None) -> bool:
        """Run the newest waiting job that may begin now, those aside last; False where there is none. For the worker.

        A job that was superseded ends before its successor begins: both are decided under one lock.
        """
        with self._changed:
            able = [job for job in reversed(self._waiting) if self._may_begin(job, inside)]
            if not able:
                return False
            job = next((job for job in able if not job.aside), able[0])
            self._waiting.remove(job)
            self._running.append(job)
        self._run(job)
        return True

    def _may_begin(self, job: Job, inside: Job | None) -> bool:
        if inside is None or inside.is_cancelled:
            return inside is None
        if job.is_cancelled:
            return True  # it ends at once
        if job.long:
            return inside.long and inside.number < job.number and len(self._running) < MOST_NESTED
        return inside.long or len(self._running) < MOST_NESTED

    def _work(self) -> None:
        while True:
            while self.run_next():
                pass
            with self._changed:
                if not self._changed.wait_for(lambda: bool(self._waiting), timeout=IDLE):
                    self._thread = None
                    return

    def _run(self, job: Job) -> None:
        try:
            # Jobs that nest may share a context, and one can be entered only once at a time: hence the copy.
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
        # A model that calls sys.exit() must end neither this thread nor the job inside of which this one runs.
        except BaseException as error:  # noqa: BLE001 - whatever it is, the person who asked is told
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


@atexit.register
def _end() -> None:
    """Torch aborts the process where a thread still computes while Python ends."""
    for runner in list(_runners.values()):
        runner.cancel(lambda _job: True)
        runner.wait(lambda _job: True, timeout=2)
