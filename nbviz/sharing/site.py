"""An atlas as a folder of static files that any web server can offer: a page, and records read by byte ranges.

`index.html` holds the page and what the layers are called. For each layer there are `<n>.json`, where each channel's
record begins, and numbers to sort by; `<n>.webp`, a sheet of every channel's strongest patch; and `<n>.bin`, the
records one after the other: four bytes, little-endian, that say how long the following JSON is, and the pictures that
it describes, in its order. A click is one request for one range.
"""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .. import images
from ..atlas import Atlas, Patch, Projection
from ..errors import BadRequest, NotWritten
from .page import site_page
from .progress import OnStep, ProgressLine

SIDE = 112
"""Longest side of a patch's picture, in pixels."""
TILE = 40
"""Side of a tile of the sheet."""
COLUMNS = 32
"""Tiles in a row of the sheet."""
PROJECTED = ("deconvnet", "guided_backprop", "neuron_gradient")
"""Kinds of pictures that belong to the patches, one each."""


@dataclass(frozen=True)
class Site:
    """What was written."""

    path: Path
    layers: int
    channels: int
    bytes: int

    def __repr__(self) -> str:
        """In one sentence."""
        size = f"{self.bytes / 1e6:.1f} MB"
        return f"{self.path}: {self.channels:,} channels of {self.layers} layers, {size}; put it on any web server."


def export(
    atlas: Atlas,
    folder: str | Path,
    layers: Iterable[str] | None = None,
    *,
    progress: bool = True,
    on_step: OnStep | None = None,
) -> Site:
    """Write an atlas as a static site into a new folder.

    Args:
        atlas: an atlas whose patches are stored, or with its data set and network. layers: names; by default all.
        progress, on_step: as for `Widget.precompute`; raising ends the export, and nothing is left of it.

    Raises `BadRequest` where the folder holds something already, `NotWritten` where it cannot be made.
    """
    target = Path(folder).expanduser()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadRequest(f"'{target}' holds something already; name a new folder for the site.")
    numbers = {name: number for number, name in enumerate(atlas.layers)}
    chosen = [atlas.layers[atlas.plan.number(name)] for name in layers] if layers else list(atlas.layers)
    line = ProgressLine(progress, on_step)
    try:
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise NotWritten(f"{target} cannot be written: {error.strerror or error}.") from error
    try:
        facts = []
        for step, name in enumerate(chosen, 1):
            line.step(step, len(chosen), f"exporting {name}")
            facts.append({"name": name, "number": numbers[name], **_write_layer(atlas, name, numbers[name], aside)})
        site = {"network": atlas.plan.network["name"], "pictures": atlas.progress[0], "layers": facts}
        (aside / "index.html").write_text(site_page(site), "utf-8")
        size = sum(file.stat().st_size for file in aside.iterdir())
        aside.chmod(0o755)
        aside.replace(target)
    except OSError as error:
        raise NotWritten(f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    line.close("")
    return Site(target, len(chosen), sum(layer["channels"] for layer in facts), size)


def _write_layer(atlas: Atlas, name: str, number: int, folder: Path) -> dict[str, Any]:
    statistics = atlas.statistics(name)
    count = len(statistics.mean)
    ends, tops = [0], []
    with (folder / f"{number}.bin").open("wb") as file:
        for channel in range(count):
            record, top = _record(atlas, f"{name}:{channel}", statistics, channel)
            ends.append(ends[-1] + file.write(record))
            tops.append(top)
    numbers = {"high": statistics.high, "mean": statistics.mean, "fired": statistics.fired}
    index = {"ends": ends, **{key: _plain(values) for key, values in numbers.items()}}
    (folder / f"{number}.json").write_text(json.dumps(index, allow_nan=False), "utf-8")
    (folder / f"{number}.webp").write_bytes(images.encode(_sheet(tops), "webp"))
    return {"channels": count, "field": atlas.field(name), "columns": min(COLUMNS, count), "tile": TILE}


def _plain(values: Any) -> list[float | None]:
    """Numbers as JSON has them, which knows no infinity."""
    return [float(value) if np.isfinite(value) else None for value in values]


def _record(atlas: Atlas, unit: str, statistics: Any, channel: int) -> tuple[bytes, Image.Image | None]:
    """A channel's record, and its strongest patch."""
    patches = atlas.top(unit)
    histogram = statistics.histograms[channel]
    classes = atlas.classes(unit)
    files: list[bytes] = []
    facts: dict[str, Any] = {
        "unit": unit,
        "patches": [_patch(patch, files) for patch in patches],
        "edges": _plain(histogram.edges),
        "counts": [int(n) for n in histogram.counts],
        "classes": dict(classes.counts),
        "projections": {
            kind: [_projection(one, files) for one in atlas.projections(unit, kind)]
            for kind in (*PROJECTED, "visualize")
            if kind in atlas.added()
        },
    }
    head = json.dumps(facts, allow_nan=False).encode()
    return struct.pack("<I", len(head)) + head + b"".join(files), patches[0].image if patches else None


def _patch(patch: Patch, files: list[bytes]) -> dict[str, Any]:
    return {
        "score": patch.score,
        "label": patch.label,
        "name": patch.name,
        "box": list(patch.box),
        "position": list(patch.position),
        **_picture(patch.image, files),
    }


def _projection(one: Projection, files: list[bytes]) -> dict[str, Any]:
    numbers: Mapping[str, float | None] = {"scale": one.scale, "activation": one.activation, "ratio": one.ratio}
    return {**numbers, "note": one.note, **_picture(one.image, files)}


def _picture(image: Image.Image | None, files: list[bytes]) -> dict[str, Any]:
    if image is None:
        return {"length": 0, "height": 1, "width": 1}
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    files.append(images.encode(np.asarray(small), "webp"))
    return {"length": len(files[-1]), "height": small.height, "width": small.width}


def _sheet(tops: list[Image.Image | None]) -> Any:
    columns = min(COLUMNS, max(1, len(tops)))
    sheet = Image.new("RGB", (columns * TILE, -(-max(1, len(tops)) // columns) * TILE), "grey")
    for i, top in enumerate(tops):
        if top is not None:
            smooth = Image.Resampling.NEAREST if max(top.size) <= TILE // 2 else Image.Resampling.BOX
            sheet.paste(top.convert("RGB").resize((TILE, TILE), smooth), (i % columns * TILE, i // columns * TILE))
    return np.asarray(sheet)
