"""What is added to an atlas after the scan: each patch's projection, and a picture that excites the channel.

A kind is a row of `ADDITIONS`; its pictures lie in a folder of its name, in files like those of the patches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from .. import images
from ..address import Unit
from ..errors import BadAtlas, BadRequest, NbvizError, close_matches
from ..methods import METHODS, record
from ..synthesis import visualize
from . import files, tiles
from .gather import as_input
from .plan import PART, Plan
from .tables import read_channels
from .workshop import KINDS, Workshop

ABOUT = "about.json"
SYNTHESISED = 128
"""Height and width of synthesised pictures at most; smaller ones show as much of a unit in a third of the time."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A picture that was added to an atlas; `image` is None where there is none, and `note` says why.

    For a projection `scale` is what the picture's brightest colours stand for, grey being zero, in the network's own
    units, and `note` what a reader must know. For a synthesised picture `activation` is what it reaches and `ratio`
    that divided by the largest natural activation.
    """

    kind: str
    image: Image.Image | None
    scale: float | None = None
    note: str = ""
    activation: float | None = None
    ratio: float | None = None


@dataclass(frozen=True)
class Addition:
    """What can be added: how a part of it is made, and the options it takes with their defaults."""

    make: Callable[[Workshop, int], None]
    options: Mapping[str, Any]


def about(path: Path, kind: str) -> dict[str, Any]:
    """How the pictures of a kind were made: the layers, the options."""
    try:
        found: dict[str, Any] = json.loads((path / kind / ABOUT).read_text("utf-8"))
    except FileNotFoundError:
        raise BadAtlas(f"The atlas in '{path}' has no {kind}; atlas.add({kind!r}, net) makes them.") from None
    return found


def begin(path: Path, plan: Plan, kind: str, layers: list[str], options: Mapping[str, Any]) -> list[int]:
    """Write down how a kind is going to be made; returns the numbers of its parts.

    Layers that were made before stay; `BadRequest` for kinds and options that do not exist, `BadAtlas` for options
    that differ from those of the pictures that are there.
    """
    if kind not in ADDITIONS:
        known = ", ".join(ADDITIONS)
        raise BadRequest(f"{kind!r} cannot be added to an atlas; there are {known}.{close_matches(kind, ADDITIONS)}")
    defaults = ADDITIONS[kind].options
    if unknown := options.keys() - defaults.keys():
        raise BadRequest(f"{kind} has no option {min(unknown)!r}.{close_matches(min(unknown), defaults)}")
    chosen, before = {**defaults, **options}, None
    if (path / kind / ABOUT).exists():
        before = about(path, kind)
        if before["options"] != chosen:
            raise BadAtlas(f"The {kind} in '{path}' were made with {before['options']}; add with the same options.")
    numbers = sorted({plan.number(layer) for layer in layers} | {*(before["layers"] if before else ())})
    text = json.dumps({"layers": numbers, "options": chosen}, indent=1)
    files.write(path / kind / ABOUT, f"{text}\n".encode())
    return [i for i, (layer, _) in enumerate(plan.parts) if layer in numbers]


def _projecting(kind: str) -> Callable[[Workshop, int], None]:
    def make(shop: Workshop, number: int) -> None:
        """Project every patch of a part's channels; each picture runs forward once."""
        plan = shop.plan
        layer, first = plan.parts[number]
        columns = read_channels(shop.path, plan, layer)
        chosen, boxes, at = (columns[name][first : first + PART] for name in ("picture", "box", "at"))
        rows = [[(b"", 0.0, "")] * int((line >= 0).sum()) for line in chosen]
        for picture in np.unique(chosen[chosen >= 0]).tolist():
            x = as_input(shop.net, shop.source.read(picture), plan.space)
            recording = record(shop.net, x)
            for row, rank in zip(*np.nonzero(chosen == picture), strict=True):
                unit = _neuron(plan, layer, first + int(row), int(at[row, rank]))
                rows[row][rank] = _projected(shop, recording, kind, unit, boxes[row, rank])
                if shop.on_batch:
                    shop.on_batch(0)
        _write(shop, kind, number, first, rows, {"scale": pa.float32(), "note": pa.string()})

    return make


def _neuron(plan: Plan, layer: int, channel: int, at: int) -> Unit:
    planned = plan.layers[layer]
    if planned.spatial is None:
        return Unit(planned.name, channel)
    return Unit(planned.name, channel, *divmod(at, planned.spatial[1]))


def _projected(shop: Workshop, recording: Any, kind: str, unit: Unit, box: Any) -> tuple[bytes, float, str]:
    """The projection of one activation inside of its box, its scale and its note."""
    try:
        found = METHODS[kind].function(shop.net, recording, unit)
    except NbvizError as error:
        return b"", 0.0, str(error)
    y0, x0, y1, x1 = map(int, box)
    values = found.values[..., y0:y1, x0:x1]
    if not values.numel() or values.shape[0] not in (1, 3):
        return b"", 0.0, found.note or "The network's input is no picture in colour or grey."
    scale = images.robust_scale(values)
    picture = images.signed_picture(values, scale or None)
    coloured = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
    whole = np.array([0, 0, *coloured.shape[:2]])
    return tiles.encoded(tiles.patch(coloured, whole, shop.plan.tile)), scale, found.note


def _synthesise(shop: Workshop, number: int) -> None:
    """Make a picture that excites each channel of a part."""
    plan = shop.plan
    layer, first = plan.parts[number]
    high = read_channels(shop.path, plan, layer)["high"][first : first + PART]
    options = about(shop.path, "visualize")["options"]
    side = min(SYNTHESISED, *shop.net.input_size)
    rows = []
    for i, natural in enumerate(high):
        unit = Unit(plan.layers[layer].name, first + i)
        rows.append([_synthesised(shop, unit, float(natural), {"size": side, **_given(options)})])
    columns = {"activation": pa.float32(), "ratio": pa.float32(), "note": pa.string()}
    _write(shop, "visualize", number, first, rows, columns)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _synthesised(
    shop: Workshop, unit: Unit, natural: float, options: dict[str, Any]
) -> tuple[bytes, float | None, float | None, str]:
    def on_step(_: Any) -> None:
        if shop.on_batch:
            shop.on_batch(0)

    try:
        found = visualize(shop.net, unit, on_step=on_step, natural_max=natural, **options)
    except NbvizError as error:
        return b"", None, None, str(error)
    picture: NDArray[np.uint8] = np.asarray(found.image.convert("RGB"))
    box = np.array([0, 0, *picture.shape[:2]])
    content = tiles.encoded(tiles.patch(picture, box, SYNTHESISED))
    return content, found.activation, found.natural_ratio, ""


def _write(
    shop: Workshop, kind: str, number: int, first: int, rows: list[Any], columns: Mapping[str, pa.DataType]
) -> None:
    pictures = [[entry[0] for entry in row] for row in rows]
    extra = {
        name: pa.array([[entry[i] for entry in row] for row in rows], pa.list_(dtype))
        for i, (name, dtype) in enumerate(columns.items(), 1)
    }
    tiles.write_part(tiles.part_file(shop.path, shop.plan, kind, number), first, pictures, **extra)


ADDITIONS: dict[str, Addition] = {
    "deconvnet": Addition(_projecting("deconvnet"), {}),
    "guided_backprop": Addition(_projecting("guided_backprop"), {}),
    "neuron_gradient": Addition(_projecting("neuron_gradient"), {}),
    "visualize": Addition(_synthesise, {"steps": None, "size": None, "param": None, "seed": None}),
}
"""What `Atlas.add` can add: methods that ask about a unit, and activation maximisation."""

for _kind, _addition in ADDITIONS.items():
    KINDS[_kind] = _addition.make


def read_projections(path: Path, plan: Plan, kind: str, layer: int, channel: int) -> list[Projection]:
    """The pictures of a kind for a channel, in the order of its patches; none where they are not there."""
    if not tiles.part_file_of(path, plan, kind, layer, channel).exists():
        return []
    row = tiles.read_row(path, plan, kind, layer, channel)
    names = [name for name in ("scale", "note", "activation", "ratio") if name in row]
    return [
        Projection(kind, tiles.decoded(content), **{name: row[name][i] for name in names})
        for i, content in enumerate(row["pictures"])
    ]
