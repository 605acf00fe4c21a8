"""Where the work of a scan is done, in this process or another: the network, the pictures, and the folder."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from safetensors.torch import load_file

from ..network import Network
from . import files, parcel, partial
from .gather import Limits, gather
from .pictures import Folder, Listed, Source, Tars
from .pictures.listed import Entry
from .plan import Plan, read_manifest

WORK = ".scan"
"""The folder of what is needed until the atlas is complete."""
LIMITS, LISTING, TENSORS, LOCK, PREFIX = (
    "limits.safetensors",
    "listing.parquet",
    "tensors.safetensors",
    "lock",
    "prefix",
)


class Task(NamedTuple):
    """One piece of work: shard `number` of the scan, or part `number` of the pictures of a kind."""

    kind: str
    number: int


@dataclass(frozen=True)
class Order:
    """What every task carries: where the atlas is, and the network (with a data set that is no list) in a parcel."""

    path: Path
    parcel: bytes


own_device: str | None = None
"""The device of this process, where each of several has its own."""


@dataclass(eq=False)
class Workshop:
    """Everything a task needs, made once in each process."""

    path: Path
    plan: Plan
    net: Network
    source: Source
    on_batch: Callable[[int], None] | None = None
    seen: dict[int, NDArray[np.uint8]] = field(default_factory=dict, repr=False)

    @functools.cached_property
    def limits(self) -> Limits:
        """The limits of the histograms, as they were settled."""
        found = load_file(self.path / WORK / LIMITS)
        return Limits(found["low"].to(self.net.device), found["high"].to(self.net.device))

    def shard_file(self, number: int) -> Path:
        """Where the results of a shard lie until they are merged."""
        return self.path / WORK / f"shard-{number:06d}.safetensors"

    def do(self, task: Task) -> None:
        """Do a task and leave its file; nothing where it is there already."""
        KINDS[task.kind](self, task.number)


def scan_shard(shop: Workshop, number: int) -> None:
    """Look at the pictures of a shard and leave its partial result."""
    file = shop.shard_file(number)
    if not file.exists():
        partial.store(gather(shop.net, shop.source, shop.plan, shop.limits, number, shop.on_batch), file)


KINDS: dict[str, Callable[[Workshop, int], None]] = {"shard": scan_shard}
"""What can be asked for; each leaves one file, wholly or not at all, and the same one whenever it is done."""


def work(order: Order, task: Task) -> Task:
    """Do one task: what an engine runs, in whatever process."""
    _workshop(order).do(task)
    return task


@functools.lru_cache(maxsize=1)
def _workshop(order: Order) -> Workshop:
    plan, _ = read_manifest(order.path)
    net, source = parcel.unpack(order.parcel, order.path / WORK / TENSORS)
    if own_device is not None:
        net = net.around(net.model, own_device)
    return Workshop(order.path, plan, net, source or listed(order.path))


def order_for(shop: Workshop) -> Order:
    """The order that lets other processes do this workshop's tasks."""
    source = None if isinstance(shop.source, Listed) else shop.source
    return Order(shop.path, parcel.pack((shop.net, source), shop.path / WORK / TENSORS))


def keep_listing(path: Path, source: Listed) -> None:
    """Write the list of pictures down for the workers, who would need long to make it again."""
    columns = {name: [getattr(entry, name) for entry in source.entries] for name in Entry.__dataclass_fields__}
    table = pa.table(columns).replace_schema_metadata(
        {"kind": source.kind, "root": str(source.root), "files": "\n".join(map(str, getattr(source, "files", [])))}
    )
    with files.replacing(path / WORK / LISTING) as temporary:
        pq.write_table(table, temporary)


def listed(path: Path) -> Listed:
    """The pictures of a list that was written down."""
    table = pq.read_table(path / WORK / LISTING)
    about = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    columns = table.to_pydict()
    entries = [Entry(*row) for row in zip(*(columns[name] for name in Entry.__dataclass_fields__), strict=True)]
    made = {"folder": Folder, "tar": Tars}[about["kind"]](Path(about["root"]), entries, None)
    if isinstance(made, Tars):
        made.files = [Path(name) for name in about["files"].split("\n")]
    return made
