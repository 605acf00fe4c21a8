"""Files that come from the page in parts."""

from __future__ import annotations

from ..errors import BadRequest

PART_BYTES = 2**20
"""No part is larger: some hosts lose longer messages."""
MOST_PARTS = 256
"""Files of more parts are refused: a JPEG of 100 megapixels has some 50 MiB."""


class Uploads:
    """Puts the parts of one file after another together; a new file ends one that was not finished."""

    def __init__(self) -> None:
        self._file = ""
        self._parts: list[bytes] = []

    def take(self, file: str, part: int, parts: int, data: bytes) -> bytes | None:
        """The whole file with its last part, None before that; `BadRequest` for a part that does not follow."""
        if part == 0:
            self._file, self._parts = file, []
        if file != self._file or part != len(self._parts) or part >= parts:
            raise BadRequest("The upload was interrupted by another one; give the file again.")
        if parts > MOST_PARTS or len(data) > PART_BYTES:
            self._parts = []
            raise BadRequest(f"The file has more than {MOST_PARTS} parts of 1 MiB; give a smaller picture.")
        self._parts.append(data)
        if len(self._parts) < parts:
            return None
        whole, self._parts = b"".join(self._parts), []
        return whole
