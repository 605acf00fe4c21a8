"""Pictures in files: a folder of them, or tar files with pictures and labels inside (WebDataset)."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from ...errors import BadDataset, BadPicture
from .source import Item, Source

_LABEL_SUFFIXES = ("cls", "cls.txt")


@dataclass(frozen=True)
class Entry:
    """A picture in a folder (`path` below it) or in a tar file (`path` of the member, `start` of its bytes)."""

    path: str
    size: int
    stamp: int
    label: int | None = None
    tar: int = -1
    start: int = 0


class Listed(Source):
    """Pictures of which a list was made; the list says whether any has changed."""

    kind: str

    def __init__(self, root: Path, entries: Sequence[Entry], classes: list[str] | None) -> None:
        self.root, self.entries, self.classes, self.count = root, entries, classes, len(entries)

    def name(self, index: int) -> str:
        """The path below the folder, or in the tar file."""
        return self.entries[index].path

    @cached_property
    def digest(self) -> str:
        """Of all names, sizes and times of change."""
        digest = hashlib.sha256()
        for e in self.entries:
            digest.update(f"{e.path}\0{e.size}\0{e.stamp}\0{e.label}\n".encode(errors="surrogateescape"))
        return digest.hexdigest()[:32]

    def description(self) -> Mapping[str, Any]:
        """Where the pictures lie, how many there are, and a digest of the list."""
        return {"kind": self.kind, "path": str(self.root), "count": self.count, "digest": self.digest}

    def changes(self, earlier: Mapping[str, Any]) -> str:
        """Told by number and digest; the names of single files are not kept."""
        if earlier.get("kind") != self.kind:
            return f"it was a {earlier.get('kind')} and is a {self.kind} now"
        if earlier["count"] != self.count:
            return f"it had {earlier['count']:,} pictures and has {self.count:,} now"
        return "" if earlier["digest"] == self.digest else "files were exchanged, renamed or written to"


class Folder(Listed):
    """Pictures below a folder, in the order of their paths; sub-folders of the first level are the classes."""

    kind = "folder"

    @classmethod
    def of(cls, root: Path) -> Folder:
        """List a folder; `BadDataset` where it has no pictures."""
        found = sorted(_files(root))
        if not found:
            raise BadDataset(f"'{root}' has no pictures in it or below; give a folder with JPEG, PNG or WebP files.")
        tops = sorted({path.partition("/")[0] for path, _, _ in found if "/" in path})
        number = {name: i for i, name in enumerate(tops)}
        entries = [Entry(path, size, stamp, number.get(path.partition("/")[0])) for path, size, stamp in found]
        return cls(root, entries, tops or None)

    def read(self, index: int) -> Item:
        """The path of the file, which is opened when it is preprocessed."""
        entry = self.entries[index]
        return Item(self.root / entry.path, entry.label)


class Tars(Listed):
    """Members of tar files, in their order; `name.cls` beside `name.jpg` is its class (WebDataset)."""

    kind = "tar"

    @classmethod
    def of(cls, files: Sequence[Path]) -> Tars:
        """List the members; `BadDataset` for files that are no tar, are compressed, or hold no pictures."""
        root = Path(os.path.commonpath([file.parent for file in files]))
        entries = [entry for number, file in enumerate(files) for entry in _members(file, number)]
        if not entries:
            raise BadDataset(f"There are no pictures in '{files[0]}'{' and the other tar files' * (len(files) > 1)}.")
        made = cls(root, entries, None)
        made.files = list(files)
        return made

    files: list[Path]

    def description(self) -> Mapping[str, Any]:
        """With the names of the files."""
        return {**super().description(), "files": [str(file) for file in self.files]}

    def name(self, index: int) -> str:
        """Tar file and member."""
        entry = self.entries[index]
        return f"{self.files[entry.tar].name}/{entry.path}"

    def read(self, index: int) -> Item:
        """The bytes of the member."""
        entry = self.entries[index]
        with self.files[entry.tar].open("rb") as file:
            file.seek(entry.start)
            content = file.read(entry.size)
        if len(content) < entry.size:
            raise BadPicture(f"'{self.files[entry.tar].name}' ends within '{entry.path}'; copy it again.")
        return Item(content, entry.label)


def _files(root: Path) -> Iterator[tuple[str, int, int]]:
    """Path below `root`, size and time of change of every picture; a folder that is linked to in a circle, once."""
    suffixes = {*_suffixes()}
    seen: set[tuple[int, int]] = set()
    for folder, below, names in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            below.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        below[:] = [name for name in below if not name.startswith(".")]
        for name in names:
            if name.startswith(".") or os.path.splitext(name)[1].lower() not in suffixes:  # noqa: PTH122 - many names
                continue
            path = Path(folder) / name
            try:
                status = path.stat()
            except OSError:  # a link that leads nowhere is listed, and told of when it is read
                yield path.relative_to(root).as_posix(), 0, 0
            else:
                yield path.relative_to(root).as_posix(), status.st_size, status.st_mtime_ns


def _suffixes() -> Iterable[str]:
    """The endings of the formats that Pillow reads, videos and documents left out."""
    known = Image.registered_extensions()
    return (suffix for suffix, kind in known.items() if kind in Image.OPEN and kind not in ("MPEG", "PDF", "HDF5"))


def _members(file: Path, number: int) -> list[Entry]:
    suffixes = {*_suffixes()}
    entries: dict[str, Entry] = {}
    labels: dict[str, int] = {}
    try:
        stamp = file.stat().st_mtime_ns
        with tarfile.open(file, "r:") as tar:
            for member in tar:
                folder, _, name = member.name.rpartition("/")
                stem, _, suffix = name.partition(".")
                key = f"{folder}/{stem}"
                if not member.isfile() or not stem:
                    continue
                if "." + suffix.rpartition(".")[2].lower() in suffixes:
                    entries.setdefault(key, Entry(member.name, member.size, stamp, None, number, member.offset_data))
                elif suffix.lower() in _LABEL_SUFFIXES:
                    text = tar.extractfile(member)
                    content = b"" if text is None else text.read().strip()
                    if content.isdigit():
                        labels[key] = int(content)
    except (OSError, tarfile.TarError) as error:
        raise BadDataset(
            f"'{file}' cannot be read as an uncompressed tar file ({error}); unpack or copy it."
        ) from error
    return [replace(entry, label=labels.get(key)) for key, entry in entries.items()]
