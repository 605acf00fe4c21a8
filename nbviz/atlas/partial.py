"""What is known of every channel after some pictures, and how two such pieces become one.

Channels of all layers lie one after the other, C in number. Merging is exact for everything but the sums behind the
means: those are added in the order of the pictures, so that the result does not depend on who computed what, or when.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..errors import DamagedAtlas
from .files import write
from .keys import EMPTY, shuffled

NO_LABEL, SKIPPED = -1, -2
"""In `Partial.labels`: a picture without a class, and one that could not be read."""


@dataclass(eq=False)
class Partial:
    """Results over the pictures `first` … `end`−1, those that could not be read left out.

    key: (C, k) int64, the strongest of every channel, descending. at: (C, k) int32, the position of each in the map,
        counted row by row.
    total: (C,) float64, the sum over pictures of the mean over positions. fired: (C,) int64, in how many pictures the
        channel is above zero anywhere. low: (C,) float32, the smallest of its maxima.
    histogram: (C, B) int64, in how many pictures its maximum lies in each bin.
    example, example_at, example_score: (C, B, m), for each bin the first pictures in a fixed random order; -1 is none.
    labels: (end − first,) int32, class of each picture. skipped: (picture, reason).
    """

    first: int
    end: int
    key: NDArray[np.int64]
    at: NDArray[np.int32]
    total: NDArray[np.float64]
    fired: NDArray[np.int64]
    low: NDArray[np.float32]
    histogram: NDArray[np.int64]
    example: NDArray[np.int32]
    example_at: NDArray[np.int32]
    example_score: NDArray[np.float32]
    labels: NDArray[np.int32]
    skipped: list[tuple[int, str]]

    @property
    def count(self) -> int:
        """The pictures that were looked at and counted."""
        return self.end - self.first - len(self.skipped)

    def of(self, rows: slice) -> Partial:
        """The same pictures, of some channels."""
        return replace(self, **{name: getattr(self, name)[rows] for name in BY_CHANNEL})


BY_CHANNEL = tuple(f.name for f in fields(Partial) if f.name not in ("first", "end", "labels", "skipped"))
ARRAYS = (*BY_CHANNEL, "labels")


def merge(a: Partial, b: Partial) -> Partial:
    """Both together; `b` must follow `a` without a gap, so that nothing is counted twice or left out."""
    if a.end != b.first:
        raise ValueError(f"Pictures {b.first}…{b.end - 1} do not follow {a.first}…{a.end - 1}.")
    keys = np.concatenate([a.key, b.key], 1)
    best = np.argsort(-keys, axis=1, kind="stable")[:, : a.key.shape[1]]
    examples = _merged_examples(a, b)
    return Partial(
        a.first,
        b.end,
        np.take_along_axis(keys, best, 1),
        np.take_along_axis(np.concatenate([a.at, b.at], 1), best, 1),
        a.total + b.total,
        a.fired + b.fired,
        np.minimum(a.low, b.low),
        a.histogram + b.histogram,
        *examples,
        np.concatenate([a.labels, b.labels]),
        a.skipped + b.skipped,
    )


def _merged_examples(a: Partial, b: Partial) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    pictures = np.concatenate([a.example, b.example], 2)
    ranks = shuffled(torch.from_numpy(pictures)).numpy()
    order = np.argsort(np.where(pictures < 0, 2**33, ranks), axis=2, kind="stable")[..., : a.example.shape[2]]
    both = [(a.example, b.example), (a.example_at, b.example_at), (a.example_score, b.example_score)]
    first, second, third = (np.take_along_axis(np.concatenate(pair, 2), order, 2) for pair in both)
    return first, second, third


def empty(channels: int, k: int, bins: int, examples: int, first: int, end: int) -> Partial:
    """No picture looked at yet."""
    return Partial(
        first,
        end,
        np.full((channels, k), EMPTY, np.int64),
        np.full((channels, k), -1, np.int32),
        np.zeros(channels, np.float64),
        np.zeros(channels, np.int64),
        np.full(channels, np.inf, np.float32),
        np.zeros((channels, bins), np.int64),
        np.full((channels, bins, examples), -1, np.int32),
        np.full((channels, bins, examples), -1, np.int32),
        np.full((channels, bins, examples), np.nan, np.float32),
        np.full(end - first, NO_LABEL, np.int32),
        [],
    )


def store(partial: Partial, path: Path) -> None:
    """Write a partial with a checksum, wholly or not at all."""
    arrays = {name: np.ascontiguousarray(getattr(partial, name)) for name in ARRAYS}
    about = {"range": [partial.first, partial.end], "skipped": partial.skipped}
    text = json.dumps(about)
    write(path, save(arrays, {"about": text, "sha256": _digest(arrays, text)}))


def load_rows(path: Path, rows: slice) -> Partial:
    """Read what is known of some channels, as far as the file can be trusted without reading all of it."""
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_slice(name)[rows] for name in BY_CHANNEL}
            arrays["labels"] = file.get_tensor("labels")
            return _made(arrays, file.metadata()["about"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DamagedAtlas(f"'{path}' is damaged ({error}).") from error


def load(path: Path) -> Partial:
    """Read a partial; `DamagedAtlas` where the file is cut off or changed."""
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in ARRAYS}
            data = file.metadata()
        if data["sha256"] != _digest(arrays, data["about"]):
            raise ValueError("the checksum differs")
        return _made(arrays, data["about"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise DamagedAtlas(f"'{path}' is damaged ({error}).") from error


def _made(arrays: dict[str, NDArray[Any]], text: str) -> Partial:
    about = json.loads(text)
    first, end = about["range"]
    skipped = [(int(i), str(why)) for i, why in about["skipped"]]
    return Partial(first=first, end=end, skipped=skipped, **arrays)


def _digest(arrays: dict[str, NDArray[Any]], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in ARRAYS:
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
