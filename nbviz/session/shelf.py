"""What was made and may be wanted again, least recently used dropped first, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shelf(Generic[T]):
    """Keeps things by key up to `limit` bytes, as `weigh` counts them. Safe from any thread."""

    def __init__(self, limit: int, weigh: Callable[[T], int]) -> None:
        self.limit, self._weigh = limit, weigh
        self.bytes = 0
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """What is kept under `key`, None where nothing is."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
            return self._things.get(key)

    def put(self, key: Hashable, thing: T) -> None:
        """Keep `thing`; what was not used for longest makes room."""
        with self._lock:
            if key in self._things:
                self.bytes -= self._weigh(self._things.pop(key))
            self._things[key] = thing
            self.bytes += self._weigh(thing)
            while self.bytes > self.limit:
                _, oldest = self._things.popitem(last=False)
                self.bytes -= self._weigh(oldest)

    def values(self) -> list[T]:
        """Everything that is kept, least recently used first."""
        with self._lock:
            return list(self._things.values())
