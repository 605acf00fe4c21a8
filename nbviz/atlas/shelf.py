"""Where the rows of an atlas come from: the tables of a finished one, or the merged results of a scan under way."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Protocol

from safetensors import safe_open

from . import tables
from .gather import Limits
from .ledger import prefix_file
from .partial import NO_LABEL, Partial, empty, load_rows
from .pictures import Source
from .plan import Plan
from .tables import CHANNELS, Columns, columns_of, read_channels
from .workshop import LIMITS, WORK

KEPT = 8
"""Layers whose rows stay in memory."""


class Shelf(Protocol):
    """What an atlas reads from."""

    @property
    def seen(self) -> int:
        """Pictures looked at, those skipped included."""

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(name, reason)."""

    def layer(self, number: int) -> Columns:
        """The rows of a layer's channels."""

    def picture(self, number: int, source: Source | None) -> tuple[str, int]:
        """Name and class (−1 without) of a picture."""


class Finished:
    """The tables."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self._path, self._plan = path, plan
        self._layers: OrderedDict[int, Columns] = OrderedDict()
        self._skipped: list[tuple[str, str]] | None = None
        self._lock = threading.Lock()

    @property
    def is_there(self) -> bool:
        """Whether the tables are written; patches may still be missing."""
        return (self._path / CHANNELS).exists()

    @property
    def seen(self) -> int:
        """All."""
        return self._plan.count

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """Read once."""
        if self._skipped is None:
            self._skipped = tables.read_skipped(self._path, self._plan)
        return self._skipped

    def layer(self, number: int) -> Columns:
        """The rows, the last few layers' kept."""
        with self._lock:
            if number not in self._layers:
                self._layers[number] = read_channels(self._path, self._plan, number)
                if len(self._layers) > KEPT:
                    self._layers.popitem(last=False)
            self._layers.move_to_end(number)
            return self._layers[number]

    def picture(self, number: int, source: Source | None) -> tuple[str, int]:
        """From the table."""
        return tables.read_picture(self._path, number)


class Running:
    """The results so far, read anew whenever there are more."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self._path, self._plan = path, plan

    @property
    def seen(self) -> int:
        """As far as merged."""
        return self._rows(slice(0, 0)).end

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """By number where the names are not known yet."""
        return [(f"picture {number}", reason) for number, reason in self._rows(slice(0, 0)).skipped]

    def layer(self, number: int) -> Columns:
        """The rows as they are now."""
        rows = self._plan.rows(number)
        with safe_open(self._path / WORK / LIMITS, framework="pt") as file:
            limits = Limits(file.get_slice("low")[rows], file.get_slice("high")[rows])
        return columns_of(self._path, self._plan, number, self._rows(rows), limits)

    def picture(self, number: int, source: Source | None) -> tuple[str, int]:
        """The class as it was read; the name where the pictures are at hand."""
        labels = self._rows(slice(0, 0)).labels
        label = int(labels[number]) if number < len(labels) else NO_LABEL
        return (f"picture {number}" if source is None else source.name(number)), label

    def _rows(self, rows: slice) -> Partial:
        file, plan = prefix_file(self._path), self._plan
        if not file.exists():
            return empty(rows.stop - rows.start, plan.k, plan.bins, plan.examples, 0, 0)
        return load_rows(file, rows)
