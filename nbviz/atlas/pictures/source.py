"""What a scan needs of a data set: how many pictures, any of them by number, and whether it is still the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple


class Item(NamedTuple):
    """A picture as it was read, for `Network.preprocess`, and the number of its class where it has one."""

    picture: Any
    label: int | None


class Source(ABC):
    """Pictures numbered 0 … count−1.

    classes: names of the labels, None where they are not known.
    threads: whether several threads may read at a time.
    sendable: whether other processes can read the pictures, too.
    """

    count: int
    classes: list[str] | None = None
    threads = True
    sendable = True

    @abstractmethod
    def read(self, index: int) -> Item:
        """One picture; any exception means that it cannot be read."""

    @abstractmethod
    def name(self, index: int) -> str:
        """A short name to show and to find the picture by, the same for the same data set wherever it lies."""

    @abstractmethod
    def description(self) -> Mapping[str, Any]:
        """What identifies the data set, as JSON: its `kind`, its `count`, a `digest`."""

    @abstractmethod
    def changes(self, earlier: Mapping[str, Any]) -> str:
        """What differs from an earlier description, in words; empty where nothing does."""
