"""The tables of a finished atlas, in Parquet, so that anything from pandas to a script in a web page can read them.

`channels.parquet` has one row a channel and one row group a layer, `pictures.parquet` one row a picture. Pages carry
checksums and an index, so that over HTTP a reader asks for the bytes of one row only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ..errors import DamagedAtlas
from . import files
from .fields import boxes_at
from .gather import Limits
from .keys import unpack
from .partial import SKIPPED, Partial
from .plan import Plan

CHANNELS, PICTURES = "channels.parquet", "pictures.parquet"
GROUP = 4096
"""Rows of a row group of `pictures.parquet`."""

_MEND = "delete it and run the same scan again, which makes patches anew"

OPTIONS: dict[str, Any] = {"write_page_index": True, "write_page_checksum": True, "store_schema": False}

Columns = Mapping[str, NDArray[Any]]
"""What is known of a layer's channels, C in number, by name; see `columns_of`."""


def columns_of(path: Path, plan: Plan, number: int, found: Partial, limits: Limits) -> dict[str, NDArray[Any]]:
    """The rows of layer `number`, of whose channels alone `found` and `limits` tell.

    channel (C,); mean over positions and pictures; low, high: the smallest and the largest of the pictures' maxima;
    fired: pictures in which the channel is above zero; edge_low, edge_high: range of the histogram; histogram (C, B);
    score, picture, at (C, k) and box (C, k, 4): the strongest, the position counted row by row; example_picture,
    example_score, example_at (C, B, m) and example_box (C, B, m, 4). Picture and position are -1 where there is none.
    """
    score, picture = unpack(found.key)
    return {
        "channel": np.arange(len(score), dtype=np.int32),
        "mean": found.total / max(found.count, 1),
        "low": found.low,
        "high": score[:, 0],
        "fired": found.fired,
        "edge_low": limits.low.cpu().numpy(),
        "edge_high": limits.high.cpu().numpy(),
        "histogram": found.histogram,
        "score": score,
        "picture": picture,
        "at": found.at,
        "box": boxes_at(path, plan, number, found.at),
        "example_picture": found.example,
        "example_score": found.example_score,
        "example_at": found.example_at,
        "example_box": boxes_at(path, plan, number, found.example_at),
    }


def write_channels(path: Path, plan: Plan, found: Partial, limits: Limits) -> None:
    """Write `channels.parquet`; columns of several numbers are lists, all of the same length, row by row."""
    with files.replacing(path / CHANNELS) as temporary:
        writer: pq.ParquetWriter | None = None
        try:
            for number, layer in enumerate(plan.layers):
                rows = plan.rows(number)
                columns = columns_of(path, plan, number, found.of(rows), limits.of(rows))
                arrays = {"layer": pa.array([layer.name] * layer.channels)}
                arrays |= {name: _as_arrow(values) for name, values in columns.items()}
                table = pa.table(arrays)
                writer = writer or pq.ParquetWriter(temporary, table.schema, **OPTIONS)
                writer.write_table(table, row_group_size=layer.channels)
        finally:
            if writer is not None:
                writer.close()


def _as_arrow(values: NDArray[Any]) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    if values.ndim == 1:
        return flat
    width = flat.type and int(np.prod(values.shape[1:]))
    return pa.ListArray.from_arrays(np.arange(0, len(values) * width + 1, width, dtype=np.int32), flat)


def read_channels(path: Path, plan: Plan, number: int) -> Columns:
    """The rows of layer `number` of a finished atlas; `DamagedAtlas` where they cannot be read."""
    k, bins, examples = plan.k, plan.bins, plan.examples
    shapes = {"histogram": (bins,), "score": (k,), "picture": (k,), "at": (k,), "box": (k, 4)}
    shapes |= {f"example_{name}": (bins, examples) for name in ("picture", "score", "at")}
    shapes["example_box"] = (bins, examples, 4)
    table = read_group(path / CHANNELS, number).drop_columns(["layer"])
    return {
        name: _numbers(table[name].combine_chunks()).reshape(table.num_rows, *shapes.get(name, ()))
        for name in table.column_names
    }


def _numbers(array: Any) -> NDArray[Any]:
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    found: NDArray[Any] = (array.flatten() if pa.types.is_list(array.type) else array).to_numpy(zero_copy_only=False)
    return found


def is_whole(file: Path) -> bool:
    """Whether a Parquet file is there to its end, where it says what lies where."""
    try:
        with pq.ParquetFile(file) as parquet:
            metadata = parquet.metadata
            last = metadata.row_group(metadata.num_row_groups - 1).column(metadata.num_columns - 1)
            return bool(last.data_page_offset + last.total_compressed_size <= file.stat().st_size)
    except (OSError, pa.ArrowException):
        return False


def read_group(file: Path, group: int, columns: list[str] | None = None) -> Any:
    """One row group of a Parquet file, its checksums verified; `DamagedAtlas` where it cannot be read."""
    try:
        with pq.ParquetFile(file, page_checksum_verification=True) as parquet:
            return parquet.read_row_group(group, columns=columns)
    except FileNotFoundError:
        raise DamagedAtlas(f"'{file}' is missing; {_MEND}.") from None
    except (OSError, pa.ArrowException) as error:
        cause = str(error).partition("\n")[0]
        raise DamagedAtlas(f"'{file}' is damaged ({cause}); {_MEND}.") from error


def write_pictures(path: Path, names: list[str], found: Partial) -> None:
    """Write `pictures.parquet`: name, number of the class (−1 without), and why it was skipped, where it was."""
    reasons = dict(found.skipped)
    table = pa.table(
        {
            "name": pa.array(names, pa.string()),
            "label": pa.array(np.where(found.labels == SKIPPED, -1, found.labels).astype(np.int32)),
            "skipped": pa.array([reasons.get(i) for i in range(len(names))], pa.string()),
        }
    )
    with files.replacing(path / PICTURES) as temporary:
        pq.write_table(table, temporary, row_group_size=GROUP, **OPTIONS)


def read_picture(path: Path, index: int) -> tuple[str, int]:
    """Name and class of a picture of a finished atlas."""
    table = read_group(path / PICTURES, index // GROUP, ["name", "label"])
    row = index % GROUP
    return table["name"][row].as_py(), table["label"][row].as_py()


def read_skipped(path: Path, plan: Plan) -> list[tuple[str, str]]:
    """(name, reason) of every skipped picture of a finished atlas."""
    found = []
    for group in range(-(-plan.count // GROUP)):
        table = read_group(path / PICTURES, group, ["name", "skipped"])
        found += [(row["name"], row["skipped"]) for row in table.to_pylist() if row["skipped"] is not None]
    return found
