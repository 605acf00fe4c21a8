"""The course of a scan: look at all pictures, write the tables, cut the patches, tidy up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import ForwardFailed
from . import tiles
from .engines import Engine
from .ledger import Ledger
from .plan import Plan, read_manifest, write_manifest
from .progress import Progress
from .tables import CHANNELS, PICTURES, is_whole, read_skipped, write_channels, write_pictures
from .workshop import WORK, Task, Workshop, order_for


def is_complete(path: Path, plan: Plan) -> bool:
    """Whether the atlas in `path` is finished and all of its patches are there."""
    tables = is_whole(path / CHANNELS) and is_whole(path / PICTURES)
    return read_manifest(path)[1] is not None and tables and not missing(path, plan)


def missing(path: Path, plan: Plan, kind: str = tiles.PATCHES, numbers: Sequence[int] | None = None) -> list[Task]:
    """Of the files of a kind's pictures, all or those of some parts, the ones that are not there or cut off."""
    tasks = (Task(kind, number) for number in (range(len(plan.parts)) if numbers is None else numbers))
    return [task for task in tasks if not is_whole(tiles.part_file(path, plan, *task))]


class Run:
    """One scan under way, in this process or `elsewhere`; `share` (i, n) are the tasks it does."""

    def __init__(self, shop: Workshop, elsewhere: Engine | None, bar: Progress, share: tuple[int, int]) -> None:
        self.shop, self.elsewhere, self.bar, self.share = shop, elsewhere, bar, share
        self.path, self.plan = shop.path, shop.plan

    def finish(self, alone: bool) -> None:
        """Do all that is left to do; where this is not the only one at work (`alone`), what belongs to this share."""
        if not is_whole(self.path / CHANNELS):
            ledger = self._look()
            if not alone:
                return
            write_pictures(self.path, [self.shop.source.name(i) for i in range(self.plan.count)], ledger.merged)
            write_channels(self.path, self.plan, ledger.merged, self.shop.limits)
        self.make(tiles.PATCHES, "cutting patches", range(len(self.plan.parts)))
        if alone:
            # In this order, so that nothing is left behind where the process is killed between the two.
            shutil.rmtree(self.path / WORK, ignore_errors=True)
            write_manifest(self.path, self.plan, len(read_skipped(self.path, self.plan)))

    def _look(self) -> Ledger:
        """Send every picture through the network, shard by shard; a shard that turns out to be damaged, again."""
        ledger = Ledger(self.shop)
        self.bar.begin("scanning", ledger.pictures, self.plan.count, "pictures")
        if self.share[1] > 1:
            self._scan(ledger, fold=False)
            return ledger
        ledger.fold(last=True)
        while ledger.open:
            self._scan(ledger, fold=True)
            ledger.fold(last=True)
        return ledger

    def _scan(self, ledger: Ledger, fold: bool) -> None:
        for task in self._done(self._mine(ledger.open)):
            if self.elsewhere is not None:
                first, end = self.plan.shard(task.number)
                self.bar.advance(end - first)
            if fold:
                ledger.fold()

    def make(self, kind: str, what: str, numbers: Sequence[int]) -> None:
        """Write the files of a kind's pictures that are not there."""
        tasks = self._mine(missing(self.path, self.plan, kind, numbers))
        self.bar.begin(what, len(numbers) - len(tasks), len(numbers), "files")
        for task in tasks:  # one that is damaged would pass for done
            tiles.part_file(self.path, self.plan, *task).unlink(missing_ok=True)
        for _ in self._done(tasks):
            self.bar.advance(1)

    def _mine(self, tasks: Sequence[Task]) -> list[Task]:
        number, of = self.share
        return [task for task in tasks if task.number % of == number]

    def _done(self, tasks: Sequence[Task]) -> Iterator[Task]:
        if self.elsewhere is not None:
            if tasks:
                yield from self.elsewhere.run(order_for(self.shop), tasks)
            return
        self.shop.on_batch = self._after_batch
        for task in tasks:
            self.shop.do(task)
            yield task

    def _after_batch(self, pictures: int) -> None:
        if self.shop.net.sync():
            raise ForwardFailed(
                "The weights changed while an atlas was made of them, as in training; give a copy of the network."
            )
        self.bar.advance(pictures)
