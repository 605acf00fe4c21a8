"""Dask: a cluster on this machine, or one that runs elsewhere (SLURM, Kubernetes, cloud)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import BadRequest
from . import Engine, Futures

RETRIES = 3
"""How often a task may be given to another worker after one was lost."""

PATIENCE = 10
"""Seconds to wait for a scheduler."""

# The default makes the allocator give memory back after every batch, which doubles the time of a scan.
_ENVIRONMENT = {"MALLOC_TRIM_THRESHOLD_": "134217728"}


@contextmanager
def dask(where: Any, workers: int | None) -> Iterator[Engine]:
    """An engine on a client, on the scheduler at an address, or on a cluster made for this scan alone."""
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise BadRequest("The engine 'dask' is not installed. Run: pip install 'nbviz[dask]'") from error
    if hasattr(where, "get_executor"):
        yield Futures(where.get_executor(retries=RETRIES))
        return
    if where != "dask":
        with _reached(Client, where) as client:
            yield Futures(client.get_executor(retries=RETRIES))
        return
    import dask as settings

    count = workers or max(1, (os.cpu_count() or 1) // 2)
    threads = str(max(1, (os.cpu_count() or 1) // count))
    environment = {**_ENVIRONMENT, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    with (
        settings.config.set(
            {
                "distributed.nanny.pre-spawn-environ": environment,
                "distributed.worker.profile.enabled": False,
                "distributed.worker.daemon": False,
            }
        ),
        LocalCluster(
            n_workers=count, threads_per_worker=1, dashboard_address=None, memory_limit=None, silence_logs=40
        ) as cluster,
        Client(cluster) as client,
    ):
        yield Futures(client.get_executor(retries=RETRIES))


@contextmanager
def _reached(client_of: Any, address: str) -> Iterator[Any]:
    try:
        client = client_of(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise BadRequest(f"There is no Dask scheduler at {address!r} ({error}); check the address.") from error
    with client:
        yield client
