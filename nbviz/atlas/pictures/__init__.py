"""The pictures of a data set, whatever a person calls one."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...errors import BadDataset
from .items import Items, Stream
from .listed import Folder, Listed, Tars
from .source import Item, Source

__all__ = ["Folder", "Item", "Items", "Listed", "Source", "Stream", "Tars", "source_of"]


def source_of(dataset: Any) -> Source:
    """The pictures of a data set.

    dataset: a folder (flat, or with one sub-folder a class); a tar file, a pattern such as 'train-*.tar' or
        'train-{000..146}.tar', or a folder of tar files; a torch `Dataset` or `DataLoader` (whose data set is read in
        its own order); a list of pictures or of (picture, label).
    Raises `BadDataset` where there are no pictures.
    """
    if isinstance(dataset, Source):
        return dataset
    if isinstance(dataset, (str, os.PathLike)):
        return _of_path(os.fspath(dataset))
    inner = getattr(dataset, "dataset", None)
    if inner is not None and hasattr(dataset, "batch_size"):  # a DataLoader: its batches are of no concern here
        return source_of(inner)
    if isinstance(dataset, (list, tuple)) and dataset and all(_is_tar(item) for item in dataset):
        return Tars.of([Path(item).absolute() for item in dataset])
    if hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__"):
        return Items(dataset)
    if isinstance(dataset, Iterable) and iter(dataset) is not dataset:
        return Stream(dataset)
    raise BadDataset(
        f"A {type(dataset).__name__} is not a data set; give a folder, tar files, a torch Dataset, or a list of "
        "pictures."
    )


def _of_path(text: str) -> Source:
    path = Path(text).absolute()
    if path.is_dir():
        tars = sorted(path.glob("*.tar"))
        return Tars.of(tars) if tars else Folder.of(path)
    files = [Path(name).absolute() for pattern in _expanded(text) for name in sorted(glob.glob(pattern))]  # noqa: PTH207
    if not files:
        raise BadDataset(f"'{text}' does not exist; give a folder with pictures or tar files.")
    if not all(_is_tar(file) for file in files):
        raise BadDataset(f"'{text}' is one file; give a folder with pictures or tar files, or a list of pictures.")
    return Tars.of(files)


def _is_tar(item: Any) -> bool:
    return isinstance(item, (str, os.PathLike)) and os.fspath(item).endswith(".tar")


def _expanded(pattern: str) -> list[str]:
    """The names that a range of numbers in braces stands for: a-{08..10} is a-08, a-09, a-10."""
    match = re.search(r"\{(\d+)\.\.(\d+)\}", pattern)
    if match is None:
        return [pattern]
    numbers = range(int(match[1]), int(match[2]) + 1)
    return [
        name
        for n in numbers
        for name in _expanded(f"{pattern[: match.start()]}{n:0{len(match[1])}}{pattern[match.end() :]}")
    ]
