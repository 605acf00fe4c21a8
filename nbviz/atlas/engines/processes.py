"""Other processes of this machine, one for each device; one that is killed is replaced."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from typing import Any

import torch

from ...errors import BadRequest
from .. import workshop
from ..workshop import Order, Task
from . import Engine, Futures

TRIES = 3
"""How often in succession workers may die without a single task done."""

_devices: Any = None


class Processes:
    """Spawned, because a process that has computed with threads or a GPU cannot be forked; kept until the scan ends."""

    def __init__(self, workers: int, device: str) -> None:
        self.workers, self.device = workers, device
        self._pool: ProcessPoolExecutor | None = None

    def run(self, order: Order, tasks: Sequence[Task]) -> Iterator[Task]:
        """See `Engine`; what a worker that was killed has left undone is given to new ones."""
        left, tries = list(tasks), 0
        while left:
            self._pool = self._pool or self._begun()
            try:
                for task in Futures(self._pool).run(order, list(left)):
                    left.remove(task)
                    tries = 0
                    yield task
            except BrokenProcessPool as error:
                self.close()
                tries += 1
                if tries == TRIES:
                    raise BadRequest(
                        f"The workers died {TRIES} times in succession, perhaps for want of memory; "
                        "scan with fewer workers or a smaller batch. What is done is kept."
                    ) from error

    def _begun(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        numbers = context.SimpleQueue()
        for number in range(self.workers):
            numbers.put(number)
        threads = max(1, (os.cpu_count() or 1) // self.workers)
        return ProcessPoolExecutor(self.workers, context, _begin, (numbers, threads, self.device))

    def close(self) -> None:
        """End the workers after the tasks they are at."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _begin(numbers: Any, threads: int, device: str) -> None:
    """In a new worker: its share of the cores, and its own device where there are several."""
    torch.set_num_threads(threads)
    if device == "cuda" and torch.cuda.device_count() > 1:
        workshop.own_device = f"cuda:{numbers.get() % torch.cuda.device_count()}"


@contextmanager
def processes(workers: int | None, device: str) -> Iterator[Engine]:
    """As many workers as asked for; by default one a GPU, or one for two cores."""
    usual = torch.cuda.device_count() if device == "cuda" else max(1, (os.cpu_count() or 1) // 2)
    with closing(Processes(workers or usual, device)) as engine:
        yield engine
