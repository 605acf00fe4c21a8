"""Pictures that a Python object gives: a torch data set, a list, or something that can only be gone through."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...errors import BadDataset
from .source import Item, Source

_PICTURE_KEYS, _LABEL_KEYS = ("image", "img", "picture", "pixel_values"), ("label", "labels", "target", "fine_label")
_SAMPLED = 8


class Items(Source):
    """Anything with a length and items: pictures, (picture, label) pairs, or dicts with an image and a label."""

    threads = False  # whether a person's own code may be called from several threads at a time is not known

    def __init__(self, items: Any) -> None:
        self.items = items
        try:
            self.count = len(items)
        except TypeError as error:
            raise BadDataset(f"The {type(items).__name__} does not say how long it is ({error}).") from error
        if not self.count:
            raise BadDataset("The data set is empty; give one with pictures.")
        classes = getattr(items, "classes", None)
        self.classes = [str(name) for name in classes] if isinstance(classes, (list, tuple)) else None

    def read(self, index: int) -> Item:
        """The item, taken apart."""
        return taken_apart(self.items[index])

    def name(self, index: int) -> str:
        """The file's path where the data set lists files, as torchvision's folders do; else the number."""
        samples = getattr(self.items, "samples", None)
        if isinstance(samples, list) and len(samples) == self.count and isinstance(samples[index], (list, tuple)):
            parts = str(samples[index][0]).replace("\\", "/").split("/")
            return "/".join(parts[-2:])
        if isinstance(self.items, (list, tuple)) and isinstance(self.items[index], (str, Path)):
            return Path(self.items[index]).name
        return f"picture {index}"

    def description(self) -> Mapping[str, Any]:
        """How many items there are, and a digest of some."""
        chosen = sorted({round(i) for i in np.linspace(0, self.count - 1, min(self.count, _SAMPLED))})
        digest = hashlib.sha256()
        for index in chosen:
            digest.update(_bytes_of(self.items, index))
        return {"kind": "items", "count": self.count, "digest": digest.hexdigest()[:32]}

    def changes(self, earlier: Mapping[str, Any]) -> str:
        """Told by number and by the items that were looked at."""
        if earlier.get("kind") != "items":
            return f"it was a {earlier.get('kind')} and is a Python object now"
        if earlier["count"] != self.count:
            return f"it had {earlier['count']:,} pictures and has {self.count:,} now"
        return "" if earlier["digest"] == self.description()["digest"] else "some of its pictures are others now"


class Stream(Items):
    """An iterable data set: read in its own order, from the beginning again where an earlier picture is needed."""

    sendable = False

    def __init__(self, iterable: Any) -> None:
        super().__init__(_Numbered(iterable))


class _Numbered:
    """Items of an iterable by number; going forwards is one pass."""

    def __init__(self, iterable: Any) -> None:
        self._iterable = iterable
        self._length = sum(1 for _ in iterable)
        self._restart()

    def _restart(self) -> None:
        self._iterator: Iterator[Any] = iter(self._iterable)
        self._next = 0

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> Any:
        if index < self._next:
            self._restart()
        for item in self._iterator:
            self._next += 1
            if self._next > index:
                return item
        raise IndexError(f"The data set ended after {self._next} pictures; it had {self._length}.")


def taken_apart(item: Any) -> Item:
    """Picture and label of an item: a picture, a tuple that begins with picture and label, or a dict."""
    if isinstance(item, Mapping):
        picture = next((item[key] for key in _PICTURE_KEYS if key in item), None)
        if picture is None:
            raise BadDataset(
                f"An item has the keys {', '.join(map(str, item))}, and none of {', '.join(_PICTURE_KEYS)}."
            )
        return Item(picture, _number(next((item[key] for key in _LABEL_KEYS if key in item), None)))
    if isinstance(item, (tuple, list)) and item:
        return Item(item[0], _number(item[1]) if len(item) > 1 else None)
    return Item(item, None)


def _number(label: Any) -> int | None:
    """A class number, also as an array or tensor of one; anything else is no class."""
    try:
        value = int(label.item() if hasattr(label, "item") else label)
    except (TypeError, ValueError, RuntimeError):
        return None
    return value if value >= 0 else None


def _bytes_of(items: Any, index: int) -> bytes:
    try:
        picture, label = taken_apart(items[index])
    except Exception as error:  # noqa: BLE001 - an unreadable picture identifies the data set as well as any
        return type(error).__name__.encode()
    if isinstance(picture, Image.Image):
        content = picture.tobytes()
    elif hasattr(picture, "numpy"):
        content = np.ascontiguousarray(picture.detach().cpu().numpy()).tobytes()
    elif hasattr(picture, "__array__"):
        content = np.ascontiguousarray(np.asarray(picture)).tobytes()
    else:
        content = picture if isinstance(picture, bytes) else str(picture).encode()
    return content + str(label).encode()
