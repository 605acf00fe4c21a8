"""`nbviz.scan`: the strongest patches of a data set for every unit, resumable, on one machine or many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from ..network import Network
from .atlas import Atlas
from .background import Background
from .begin import workshop
from .claim import Share, checked, claimed, require_ours
from .engines import engine_for
from .pictures import source_of
from .plan import MANIFEST, read_manifest
from .progress import OnProgress, Progress
from .run import Run, is_complete

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
    share: Share | None = None,
    background: bool = False,
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
        background: return at once; the atlas shows what there is so far, and `Atlas.background` stops or waits.
        on_progress: called as (done, total, what); what it raises ends the scan, which can be resumed.

    A picture that cannot be read is skipped, counted and listed in `Atlas.skipped`.
    Raises `BadDataset` where there are no pictures or they change from one look to the next, `BadAtlas` where `path`
    holds something else, an atlas of another network or data set, or cannot be written to.
    Zeiler & Fergus 2014.
    """
    share, folder, source = checked(share), Path(path).absolute(), source_of(dataset)
    # Patterns may come from an iterator, and are looked at more than once.
    wanted = None if layers is None else [layers] if isinstance(layers, str) else list(layers)
    require_ours(folder)
    with ExitStack() as held:
        finished = (folder / MANIFEST).exists() and is_complete(folder, read_manifest(folder)[0])
        if not finished:  # else nothing is written: the disk may be read-only
            held.enter_context(claimed(folder, share))
        shop = workshop(net, source, folder, wanted, k, batch)
        atlas = Atlas(folder, source, net)
        if finished:
            return atlas
        until_done = held.pop_all()

    def work(checkpoint: Callable[[], None]) -> None:
        bar = Progress(progress and not background, on_progress, checkpoint)
        with until_done, closing(bar), engine_for(engine, workers, net.device.type) as elsewhere:
            Run(shop, elsewhere, bar, share or (0, 1)).finish(alone=share is None)

    if background:
        atlas.background = Background(work)
    else:
        work(lambda: None)
    return atlas
