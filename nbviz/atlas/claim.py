"""One writer at a time in the folder of an atlas."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import BadAtlas, BadRequest
from . import files
from .fields import FIELDS
from .plan import MANIFEST
from .workshop import WORK

Share = tuple[int, int]
"""(i, n): the i-th of n equal shares, counted from 0."""


def checked(share: Share | None) -> Share | None:
    """A share that makes sense; None where it is everything."""
    if share is not None and not (len(share) == 2 and 0 <= share[0] < share[1]):
        raise BadRequest(f"share={share!r} is not a share; give (i, n) with i from 0 to n−1.")
    return None if share is None or share[1] == 1 else share


def require_ours(folder: Path) -> None:
    """`BadAtlas` where a folder holds something that no scan has left there."""
    with files.told(folder):
        present = {file.name for file in folder.iterdir()} if folder.exists() else set()
    if MANIFEST not in present and (
        other := sorted(n for n in present - {WORK, FIELDS} if not n.endswith(files.TEMPORARY))
    ):
        raise BadAtlas(f"'{folder}' holds other files, such as '{other[0]}'; give a new or an empty folder.")


@contextmanager
def claimed(folder: Path, share: Share | None) -> Iterator[None]:
    """Hold the folder, or a share of the work in it; `BadAtlas` where somebody else does, or where it is read-only.

    The system lets go of the claim of a process that dies. Whoever holds the whole folder first removes what writers
    that were killed have left.
    """
    with files.told(folder):
        (folder / WORK).mkdir(parents=True, exist_ok=True)
        name = "lock" if share is None else f"lock-{share[0]}-of-{share[1]}"
        # A scan in the background lets go in another thread than it was begun in.
        lock = FileLock(folder / WORK / name, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            raise BadAtlas(
                f"Another scan is writing to '{folder}'; wait for it to end, or give another folder."
            ) from None
    try:
        if share is None:
            files.sweep(folder)
        yield
    finally:
        # While it is still held: whoever opens a new file from now on finds the work done.
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
            (folder / WORK).rmdir()  # which fails where something is left to go on with
        lock.release()
