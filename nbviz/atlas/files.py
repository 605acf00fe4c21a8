"""Files that are there wholly or not at all, and the errors of a folder that cannot be used."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import BadAtlas

TEMPORARY = ".tmp"

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and start the same scan again, it goes on where it stopped",
    errno.EDQUOT: "the quota is used up; free some space and start the same scan again, it goes on where it stopped",
    errno.EFBIG: "the file would be larger than is allowed here",
    errno.EROFS: "the disk is read-only; give a folder that can be written to",
    errno.EACCES: "there is no permission to write there; give a folder that can be written to",
    errno.EPERM: "there is no permission to write there; give a folder that can be written to",
    errno.ENOTDIR: "a part of the path is a file; give a new or an empty folder",
}


def write(path: Path, content: bytes) -> None:
    """Write bytes to `path` in one step: whoever looks sees the old file or the whole new one, also after a crash."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place where the body ends well, and is removed where it does not.

    `BadAtlas` says why a file cannot be written.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{TEMPORARY}")
        try:
            yield temporary
            _settle(temporary)
            temporary.replace(path)
            _settle(path.parent)
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What the system refuses about `path`, in one sentence."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise BadAtlas(f"'{path}' cannot be written: {reason}.") from error


def sweep(folder: Path) -> None:
    """Remove what writers that were killed have left behind."""
    for file in folder.rglob(f".*{TEMPORARY}"):
        file.unlink(missing_ok=True)


def _settle(path: Path) -> None:
    """Wait until the disk has it; folders cannot be opened everywhere."""
    with suppress(PermissionError, IsADirectoryError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
