"""`nbviz.scan`: the strongest patches of a data set for every unit, resumable, on one machine or many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import BadAtlas, BadRequest
from ..network import Network
from . import files
from .atlas import Atlas
from .begin import workshop
from .engines import engine_for
from .fields import FIELDS
from .pictures import source_of
from .plan import MANIFEST, read_manifest
from .progress import OnProgress, Progress
from .run import Run, is_complete
from .workshop import WORK

BATCH = 32
"""Pictures that run through the network together."""


def scan(
    net: Network,
    dataset: Any,
    path: str | Path,
    layers: Iterable[str] | None = None,
    k: int = 9,
    workers: int | None = None,
    engine: Any = None,
    progress: bool = True,
    *,
    batch: int = BATCH,
    share: tuple[int, int] | None = None,
    on_progress: OnProgress | None = None,
) -> Atlas:
    """Find the `k` strongest patches of a data set for every channel, at most one a picture, and statistics of all.

    Args:
        dataset: a folder of pictures (flat, or with a sub-folder for each class), tar files (WebDataset), a torch
            `Dataset` or `DataLoader`, a list of pictures or of (picture, label).
        path: folder of the atlas. Where it holds the same scan unfinished, that goes on where it stopped, also after
            a crash, and the finished atlas is the same byte for byte; where it is finished, it is opened.
        layers: names or glob patterns; by default one for each distinct output, those that the map shows.
        workers: other processes on this machine, one a GPU. engine: "dask", the address of a Dask scheduler, a Dask
            client, or any `concurrent.futures.Executor` whose workers see `path` and the pictures.
        batch: pictures that run together. The last digits depend on it, so a resumed scan keeps the one it had.
        share: (i, n) does the i-th of n equal shares and no more, for jobs that know nothing of each other; once all
            are done, a scan without it puts them together.
        on_progress: called as (done, total, what); what it raises ends the scan, which can be resumed.

    A picture that cannot be read is skipped, counted and listed in `Atlas.skipped`.
    Raises `BadDataset` where there are no pictures or they change from one look to the next, `BadAtlas` where `path`
    holds something else, an atlas of another network or data set, or cannot be written to.
    Zeiler & Fergus 2014.
    """
    if share is not None and not (len(share) == 2 and 0 <= share[0] < share[1]):
        raise BadRequest(f"share={share!r} is not a share; give (i, n) with i from 0 to n−1.")
    share = None if share is None or share[1] == 1 else share
    folder, source = Path(path).absolute(), source_of(dataset)
    bar = Progress(progress, on_progress)
    # Patterns may come from an iterator, and are looked at more than once.
    wanted = None if layers is None else [layers] if isinstance(layers, str) else list(layers)
    with claimed(folder, share), closing(bar):
        shop = workshop(net, source, folder, wanted, k, batch)
        if not is_complete(folder, shop.plan):
            with engine_for(engine, workers, net.device.type) as elsewhere:
                Run(shop, elsewhere, bar, share or (0, 1)).finish(alone=share is None)
    return Atlas(folder, source)


@contextmanager
def claimed(folder: Path, share: tuple[int, int] | None) -> Iterator[None]:
    """Hold the folder for one scan; `BadAtlas` where it holds something else or another scan is at work in it."""
    ours = {WORK, FIELDS, MANIFEST}
    with files.told(folder):
        present = {file.name for file in folder.iterdir()} if folder.exists() else set()
    if MANIFEST not in present and any(n not in ours and not n.endswith(files.TEMPORARY) for n in present):
        raise BadAtlas(f"'{folder}' holds other files, such as '{min(present)}'; give a new or an empty folder.")
    if MANIFEST in present and is_complete(folder, read_manifest(folder)[0]):
        yield  # nothing will be written: the disk may be read-only
        return
    with files.told(folder):
        (folder / WORK).mkdir(parents=True, exist_ok=True)
        name = "lock" if share is None else f"lock-{share[0]}-of-{share[1]}"
        lock = FileLock(folder / WORK / name, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise BadAtlas(
                f"Another scan is writing to '{folder}'; wait for it to end, or give another folder."
            ) from None
    try:
        if share is None:
            files.sweep(folder)
        yield
    finally:
        lock.release()
