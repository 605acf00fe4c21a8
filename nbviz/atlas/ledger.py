"""What of a scan is done: merged results of the first pictures, and shards that wait for those before them."""

from __future__ import annotations

import logging
import time
from pathlib import Path

from ..errors import DamagedAtlas
from .partial import Partial, empty, load, merge, store
from .workshop import WORK, Task, Workshop

logger = logging.getLogger("nbviz")

PREFIX = "prefix.safetensors"
PAUSE = 2.0
"""Seconds between two writings of the merged results, which are large; whoever looks on sees them this late."""


class Ledger:
    """Merges shards in their order, from the first, and writes the result in place of their files.

    A crash loses nothing: a shard's file is removed only after the merged results that hold it are on the disk, and
    those that they hold already are passed over.
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop, self._plan = shop, shop.plan
        self._file = prefix_file(shop.path)
        self.merged = self._read()
        self._unsaved: list[Path] = []
        self._saved_at = float("-inf")

    def _read(self) -> Partial:
        plan = self._plan
        if self._file.exists():
            try:
                return load(self._file)
            except DamagedAtlas as error:
                logger.warning("%s The scan begins anew.", error)
        return empty(plan.channels, plan.k, plan.bins, plan.examples, 0, 0)

    @property
    def next(self) -> int:
        """The number of the first shard that is not merged."""
        return 0 if self.merged.end == 0 else self._plan.shards.index(self.merged.end) + 1

    @property
    def open(self) -> list[Task]:
        """The shards that have no results yet."""
        numbers = range(self.next, len(self._plan.shards))
        return [Task("shard", n) for n in numbers if not self._shop.shard_file(n).exists()]

    @property
    def pictures(self) -> int:
        """How many pictures have been looked at, merged or waiting."""
        left = sum(end - first for first, end in (self._plan.shard(task.number) for task in self.open))
        return self._plan.count - left

    def fold(self, last: bool = False) -> None:
        """Merge the shards that follow; write the result if some time has passed, or if this is the last call.

        A shard's file that is damaged is removed, so that the shard is open again.
        """
        while (number := self.next) < len(self._plan.shards):
            file = self._shop.shard_file(number)
            if not file.exists():
                break
            try:
                self.merged = merge(self.merged, load(file))
            except DamagedAtlas as error:
                logger.warning("%s Its pictures are looked at again.", error)
                file.unlink(missing_ok=True)
                break
            self._unsaved.append(file)
        if self._unsaved and (last or time.monotonic() - self._saved_at > PAUSE):
            store(self.merged, self._file)
            for file in self._unsaved:
                file.unlink(missing_ok=True)
            self._unsaved, self._saved_at = [], time.monotonic()


def prefix_file(path: Path) -> Path:
    """Where the merged results of a scan that is not complete lie."""
    return path / WORK / PREFIX
