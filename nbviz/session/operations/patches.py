"""What a data set says of a unit: its strongest patches with their projections, and how its maxima are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ... import images as pictures
from ...address import Unit
from ...errors import NbvizError
from ...methods import Method, Recording
from ..session import Bytes, Report, Session
from .common import Result, atlas_of, joined, method_named

if TYPE_CHECKING:
    from ...atlas import Atlas, Patch

TILE_PIXELS = 96
"""Longest side of a patch in the page, at most."""


def patches(session: Session, report: Report, unit: str, method: str) -> Result:
    """The strongest patches of the unit's channel, each projected by `method`: as it is stored, else computed now."""
    atlas, row, aim = atlas_of(session), method_named(method, "unit"), session.net.unit(unit)
    top = atlas.top(aim)
    files = [_shown(patch) for patch in top]
    facts = _facts(atlas, aim)
    stored = atlas.projections(aim, method) if method in atlas.added() else []
    projected: list[dict[str, Any]] = []
    drawn: list[bytes] = []

    def sheet() -> Result:
        told = [_told(patch, *file) for patch, file in zip(top, files, strict=True)]
        return {**facts, "method": row.label, "patches": told, "projections": list(projected)}, [
            joined([*(file for file, _ in files), *drawn])
        ]

    for rank, patch in enumerate(top):
        report(rank, len(top), f"{row.label} of patch {rank + 1} of {len(top)}", sheet)
        if rank < len(stored) and stored[rank].image is not None:
            file, scale, note = _file(stored[rank].image), stored[rank].scale or 0.0, stored[rank].note
        else:
            file, scale, note = _projected(session, atlas, row, aim, patch)
        drawn.append(file)
        projected.append({"length": len(file), "scale": scale, "note": note})
    return sheet()


def examples(session: Session, report: Report, unit: str, bin: int) -> Result:  # noqa: A002 - the field's own word
    """A few pictures whose maximum lies in a bin of the unit's histogram."""
    atlas, aim = atlas_of(session), session.net.unit(unit)
    edges, counts = atlas.histogram(aim)
    found = atlas.examples(aim, bin)
    files = [_shown(patch) for patch in found]
    meta = {
        "unit": str(aim),
        "bin": bin,
        "lo": float(edges[bin]),
        "hi": float(edges[bin + 1]),
        "count": int(counts[bin]),
        "patches": [_told(patch, *file) for patch, file in zip(found, files, strict=True)],
    }
    return meta, [joined(file for file, _ in files)]


def adopt(session: Session, report: Report, picture: int) -> Result:
    """Take a picture of the data set in among those that are looked at; `image` is its number there."""
    atlas = atlas_of(session)
    name = f"data set {picture}"
    image = session.add(atlas.input(picture) if atlas.plan.space == "model" else atlas.picture(picture), name)
    return {"image": image, "note": session.picture(image).note}, []


def _facts(atlas: Atlas, unit: Unit) -> dict[str, Any]:
    """What is known of the unit's channel so far."""
    seen, total = atlas.progress
    statistics, classes = atlas.statistics(unit.layer), atlas.classes(unit)
    edges, counts = atlas.histogram(unit)
    known = statistics.count > 0 and bool(np.isfinite(edges).all())
    return {
        "unit": str(unit),
        "seen": seen,
        "total": total,
        "complete": atlas.complete,
        "field": atlas.field(unit.layer),
        "fired": _finite(statistics.fired[unit.channel]) if known else None,
        "mean": _finite(statistics.mean[unit.channel]) if known else None,
        "largest": _finite(statistics.high[unit.channel]) if known else None,
        "classes": [{"label": label, "count": count} for label, count in classes.counts.items()],
        "purity": classes.purity,
        "edges": edges.tolist() if known else [],
        "counts": counts.tolist() if known else [],
    }


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _shown(patch: Patch) -> tuple[bytes, str]:
    """The patch as a file, and why there is none: a picture that is not there any more hides nothing else."""
    try:
        return _file(patch.image), ""
    except NbvizError as error:
        return b"", str(error)


def _told(patch: Patch, file: bytes, note: str) -> dict[str, Any]:
    return {
        "score": patch.score,
        "picture": patch.picture,
        "name": patch.name,
        "label": patch.label,
        "box": list(patch.box),
        "length": len(file),
        "note": note,
    }


def _projected(session: Session, atlas: Atlas, row: Method, unit: Unit, patch: Patch) -> tuple[bytes, float, str]:
    """The projection of the patch's activation inside of its box: the file, its scale, and what to know of it."""
    spatial = session.net.layer(unit.layer).spatial
    neuron = Unit(unit.layer, unit.channel, *patch.position) if spatial else unit.whole
    try:
        recording = Recording(session.net, atlas.input(patch.picture))
        found = row.function(session.net, recording, neuron)
    except NbvizError as error:
        return b"", 0.0, str(error)
    y0, x0, y1, x1 = patch.box
    values = found.values[..., y0:y1, x0:x1]
    if not values.numel() or values.shape[0] not in (1, 3):
        return b"", 0.0, found.note or "The network's input is no picture in colour or grey."
    scale = pictures.robust_scale(values)
    return _encoded(pictures.signed_picture(values, scale or None)), scale, found.note


def _file(image: Image.Image | None) -> bytes:
    return b"" if image is None else _encoded(np.asarray(image.convert("RGB")))


def _encoded(picture: Bytes) -> bytes:
    """As WebP, reduced where it is large."""
    image = Image.fromarray(picture).convert("RGB")
    factor = min(1.0, TILE_PIXELS / max(image.size))
    if factor < 1:
        size: Sequence[int] = [max(1, round(side * factor)) for side in image.size]
        image = image.resize((size[0], size[1]), Image.Resampling.BOX)
    return pictures.encode(np.asarray(image), "webp")
