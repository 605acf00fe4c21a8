"""Small pictures of an atlas: files of up to 256 channels, one row a channel, read eight rows at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from .. import images
from ..errors import BadDataset, BadPicture, DamagedAtlas
from . import files
from .gather import batches
from .plan import PART, Plan
from .tables import OPTIONS, read_channels, read_group
from .workshop import KINDS, Workshop

GROUP = 8
"""Rows of a row group: a reader fetches these together, about 100 KB."""
PATCHES = "patches"
KEPT_BYTES = 2**28
"""Memory for pictures that the next part may need again: most do, where the data set is small."""
LOSSLESS = 16
"""Pictures up to this height and width are stored as they are: their colours would be averaged over 2x2 pixels."""


def part_file(path: Path, plan: Plan, kind: str, number: int) -> Path:
    """The file of part `number` of a kind's pictures."""
    layer, first = plan.parts[number]
    return path / kind / plan.layers[layer].folder / f"part-{first // PART:05d}.parquet"


def part_file_of(path: Path, plan: Plan, kind: str, layer: int, channel: int) -> Path:
    """The file that holds a channel's pictures."""
    return part_file(path, plan, kind, plan.parts.index((layer, channel // PART * PART)))


def write_part(file: Path, first: int, rows: Sequence[Sequence[bytes]], **extra: list[Any]) -> None:
    """Write the encoded pictures of channels `first` …, with further columns; pictures are not compressed again."""
    channels = pa.array(range(first, first + len(rows)), pa.int32())
    pictures = pa.array(rows, pa.list_(pa.binary()))
    table = pa.table({"channel": channels, "pictures": pictures, **extra})
    compression = dict.fromkeys(table.column_names, "snappy") | {"pictures.list.element": "none"}
    with files.replacing(file) as temporary:
        pq.write_table(
            table, temporary, row_group_size=GROUP, compression=compression, use_dictionary=False,
            # A page a row: over HTTP a reader asks for the pictures of one channel alone.
            write_batch_size=1, data_page_size=1, write_statistics=["channel"], **OPTIONS,
        )  # fmt: skip


def read_row(path: Path, plan: Plan, kind: str, layer: int, channel: int) -> dict[str, Any]:
    """The row of one channel."""
    file = part_file_of(path, plan, kind, layer, channel)
    table = read_group(file, channel % PART // GROUP)
    row: dict[str, Any] = table.slice(channel % GROUP, 1).to_pylist()[0]
    if row["channel"] != channel:
        raise DamagedAtlas(f"'{file}' holds another channel than it should; scan again into a new folder.")
    return row


def patch(picture: NDArray[np.uint8], box: NDArray[np.int32], largest: int) -> NDArray[np.uint8]:
    """The part of a picture (H, W, 3) inside of a box, reduced where it is higher or wider than `largest`."""
    y0, x0, y1, x1 = map(int, box)
    part = picture[y0:y1, x0:x1]
    factor = largest / max(*part.shape[:2], 1)
    if factor >= 1:
        return part
    size = (max(1, round((x1 - x0) * factor)), max(1, round((y1 - y0) * factor)))
    return np.asarray(Image.fromarray(np.ascontiguousarray(part)).resize(size, Image.Resampling.LANCZOS))


def encoded(picture: NDArray[np.uint8]) -> bytes:
    """As WebP, small pictures without loss; nothing for one without pixels, of a unit that sees only padding."""
    if not picture.size:
        return b""
    buffer = io.BytesIO()
    small = max(picture.shape[:2]) <= LOSSLESS
    options = {"lossless": True, "quality": 50} if small else {"quality": 80, "method": 2}
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "WEBP", **options)
    return buffer.getvalue()


def cut_patches(shop: Workshop, number: int) -> None:
    """Cut the patches of a part's channels out of the data set's pictures, each of which is read once."""
    file, plan = part_file(shop.path, shop.plan, PATCHES, number), shop.plan
    layer, first = plan.parts[number]
    columns = read_channels(shop.path, plan, layer)
    chosen, boxes = columns["picture"][first : first + PART], columns["box"][first : first + PART]
    rows: list[list[bytes]] = [[b""] * int((line >= 0).sum()) for line in chosen]
    for index, picture in seen_by(shop, [int(i) for i in np.unique(chosen) if i >= 0]):
        made: dict[bytes, bytes] = {}  # units of late layers see the same part, or all of it
        for row, rank in zip(*np.nonzero(chosen == index), strict=True):
            box = boxes[row, rank]
            if (place := box.tobytes()) not in made:
                made[place] = encoded(patch(picture, box, plan.tile))
            rows[row][rank] = made[place]
    write_part(file, first, rows)


KINDS[PATCHES] = cut_patches


def seen_by(shop: Workshop, wanted: Sequence[int]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Pictures of the data set as the network sees them, uint8 (H, W, 3); the last ones stay in memory."""
    known = {index: shop.seen[index] for index in wanted if index in shop.seen}
    yield from known.items()
    for batch in batches(shop.net, shop.source, shop.plan, [index for index in wanted if index not in known]):
        for read in batch:
            if read.x is None:
                raise BadDataset(
                    f"'{shop.source.name(read.index)}' was read before and cannot be read any more ({read.reason}); "
                    "bring it back and start the same scan again."
                )
            picture = shop.net.picture(read.x)
            shop.seen[read.index] = picture
            while len(shop.seen) * picture.nbytes > KEPT_BYTES:
                shop.seen.pop(next(iter(shop.seen)))
            yield read.index, picture
        if shop.on_batch:
            shop.on_batch(0)


def decoded(content: bytes) -> Image.Image | None:
    """The picture of stored bytes; None where there is none."""
    if not content:
        return None
    try:
        return images.read(content)
    except BadPicture as error:
        raise DamagedAtlas(f"A stored picture is damaged ({error}).") from error
