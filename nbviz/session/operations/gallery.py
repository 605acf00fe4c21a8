"""What excites every unit of a layer, one small picture after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image

from ... import images as pictures
from ...address import Unit
from ...errors import ForwardFailed, NotDefined
from ..session import Report, Session, Tile
from .common import Result, joined

DRAWN_PIXELS = 96
"""Side of the pictures that are searched for: enough for a tile, and several times faster than the whole input."""
TILE_PIXELS = 64
"""Longest side of the tiles that travel; a grid shows them at some 48 pixels."""

Shape = tuple[int, int]


def gallery(session: Session, report: Report, layer: str, steps: int, size: int | None, seed: int) -> Result:
    """What excites each unit of a layer: those that fire most on the pictures seen come first.

    A partial result carries the tiles that were not sent before. Tiles outlive the request that made them: one that
    was stopped goes on where it was.
    """
    name, total = session.net.layer(layer).name, session.net.layer(layer).channels
    shape = (size, size) if size else _shape(session, name)
    done: dict[int, Tile] = {}
    unsent: dict[int, Tile] = {}

    def partial() -> Result:
        tiles = dict(unsent)
        unsent.clear()
        return _sheet(name, total, shape, tiles)

    def tell() -> None:
        report(len(done), total, f"what excites {name}: {len(done)} of {total} units", partial if unsent else None)

    for channel in _strongest_first(session, name):
        tell()
        key = name, channel, steps, shape, seed, session.net.sync()
        tile = session.tiles.get(key)
        if tile is None:
            tile = _drawn(session, Unit(name, channel), steps, shape, seed, tell)
            session.tiles.put(key, tile)
        done[channel] = unsent[channel] = tile
    return _sheet(name, total, shape, {channel: done[channel] for channel in sorted(done)})


def _shape(session: Session, layer: str) -> Shape:
    """A small square where the network takes one, else the size it is made for."""
    net = session.net
    if min(net.input_size) > DRAWN_PIXELS:
        grey = torch.zeros(1, net.in_channels, DRAWN_PIXELS, DRAWN_PIXELS, device=net.device, dtype=net.dtype)
        try:
            with torch.no_grad():
                net.tap(grey, [layer])
        except (ForwardFailed, NotDefined):
            return net.input_size
        return DRAWN_PIXELS, DRAWN_PIXELS
    return net.input_size


def _strongest_first(session: Session, layer: str) -> list[int]:
    """All channels, by their largest activation on the pictures seen; in their own order where none was."""
    maxima = session.natural_maxima(layer)
    if maxima is None:
        return list(range(session.net.layer(layer).channels))
    return [int(channel) for channel in maxima.argsort(descending=True, stable=True)]


def _drawn(session: Session, unit: Unit, steps: int, shape: Shape, seed: int, tell: Callable[[], None]) -> Tile:
    from ...synthesis import visualize

    try:
        found = visualize(session.net, unit, steps=steps, size=shape, seed=seed, on_step=lambda _step: tell())
    except NotDefined as error:  # a unit that stays silent leaves its place empty, and all others go on
        return Tile(b"", None, str(error))
    height, width = _tile_size(shape)
    small = found.image.convert("RGB").resize((width, height), Image.Resampling.BOX)
    return Tile(pictures.encode(np.asarray(small), "webp"), found.activation, "")


def _tile_size(shape: Shape) -> Shape:
    factor = min(1.0, TILE_PIXELS / max(shape))
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def _sheet(layer: str, total: int, shape: Shape, tiles: dict[int, Tile]) -> Result:
    """One buffer with the tiles' files one after the other, and how long each is."""
    height, width = _tile_size(shape)
    meta = {
        "layer": layer,
        "channels": total,
        "height": height,
        "width": width,
        "tiles": [
            {"channel": channel, "length": len(tile.file), "activation": tile.activation, "note": tile.note}
            for channel, tile in tiles.items()
        ],
    }
    return meta, [joined(tile.file for tile in tiles.values())]
