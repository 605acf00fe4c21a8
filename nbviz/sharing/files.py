"""Files are written aside and then moved to their place: whoever reads sees the old one or the new one, never half."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ..errors import NotWritten


def replace(path: str | Path, text: str) -> Path:
    """Write `text` as UTF-8 to `path`, atomically; `NotWritten` leaves what was there untouched."""
    target = Path(path).expanduser()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    except OSError as error:
        raise NotWritten(f"{target} cannot be written: {error.strerror or error}.") from error
    aside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _take_mode(target, aside)
        if target.exists() and not _may_be_written(target):
            raise PermissionError(13, "it is read-only")
        aside.replace(target)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise NotWritten(f"{target} cannot be written: {error.strerror or error}.") from error
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return target


def _may_be_written(target: Path) -> bool:
    """Whether this process may change the file: moving another one into its place asks the folder only."""
    return os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _take_mode(target: Path, aside: Path) -> None:
    """A file that is replaced keeps its permissions; a new one gets what the process gives to new files."""
    if target.exists():
        aside.chmod(target.stat().st_mode & 0o777)
        return
    mask = os.umask(0)
    os.umask(mask)
    aside.chmod(0o666 & ~mask)
