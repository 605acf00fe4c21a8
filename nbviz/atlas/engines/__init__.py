"""Who does the tasks of a scan: this process, or any `concurrent.futures.Executor`.

An engine takes an order and tasks and yields the tasks as they are done. Tasks are idempotent and leave files, so an
engine may do one twice, in any order, in any process that sees the atlas's folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, as_completed
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from ...errors import BadRequest
from ..workshop import Order, Task, work


class Engine(Protocol):
    """Does tasks elsewhere."""

    def run(self, order: Order, tasks: Sequence[Task]) -> Iterator[Task]:
        """Yield the tasks as they are done; an exception of a task is raised here."""
        ...


class Futures:
    """An engine on any executor."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def run(self, order: Order, tasks: Sequence[Task]) -> Iterator[Task]:
        """See `Engine`."""
        futures = [self.executor.submit(work, order, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


def engine_for(engine: Any, workers: int | None, device: str) -> AbstractContextManager[Engine | None]:
    """The engine a person named; None means this process.

    engine: None (this process; other ones where `workers` is more than one), "processes", "dask" (a cluster on this
        machine), the address of a Dask scheduler such as "tcp://10.0.0.1:8786", a `dask.distributed.Client`, or any
        `concurrent.futures.Executor`.
    """
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise BadRequest(f"workers={workers!r} is not a positive whole number.")
    if isinstance(engine, Executor):
        return nullcontext(Futures(engine))
    if engine is None and (workers or 1) == 1:
        return nullcontext(None)
    if engine in (None, "processes"):
        from .processes import processes

        return processes(workers, device)
    if engine == "dask" or (isinstance(engine, str) and "://" in engine) or hasattr(engine, "get_executor"):
        from .dask import dask

        return dask(engine, workers)
    raise BadRequest(
        f"There is no engine {engine!r}; give 'processes', 'dask', the address of a Dask scheduler, a Dask client "
        "or a concurrent.futures.Executor."
    )
