"""What a scan is going to do, settled before it begins and never changed: numbers depend on all of it."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import BadAtlas, BadRequest, UnknownName, close_matches
from ..network import Network
from . import files
from .fingerprint import fingerprint
from .pictures import Source

FORMAT, VERSION = "nbviz atlas", 1
MANIFEST = "atlas.json"

BINS = 20
"""Bins of a channel's histogram."""
EXAMPLES = 2
"""Pictures kept for each bin."""
TILE = 96
"""Height and width of a stored patch at most; larger ones are reduced."""
PART = 256
"""Channels in a file of patches at most."""
LARGEST_SHARD = 1024
"""Pictures in a shard at most; the first is one batch, so that there is soon something to see."""


@dataclass(frozen=True)
class PlannedLayer:
    """A layer of the atlas.

    folder: its folder below `patches`. spatial: (height, width) of its map, None for a vector. also: the other names
    of the same output. field: what its units see, "exact"; "whole", the whole picture; "gated", as exact, with gates
    that look at the whole picture; "assumed", the whole picture because it could not be followed.
    """

    name: str
    folder: str
    channels: int
    spatial: tuple[int, int] | None
    also: tuple[str, ...]
    field: str


@dataclass(frozen=True)
class Plan:
    """Everything that the numbers of an atlas depend on.

    network, data: fingerprints. classes: names of the labels. space: "picture", or "model" where the data set gives
    tensors that are preprocessed already. batch: pictures that run together. shards: where each ends.
    """

    layers: tuple[PlannedLayer, ...]
    k: int
    batch: int
    shards: tuple[int, ...]
    device: str
    dtype: str
    space: str
    network: Mapping[str, Any] = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    classes: tuple[str, ...] | None = field(repr=False, default=None)
    bins: int = BINS
    examples: int = EXAMPLES
    tile: int = TILE

    @property
    def count(self) -> int:
        """Pictures in the data set."""
        return self.shards[-1]

    @cached_property
    def offsets(self) -> dict[str, int]:
        """Where each layer's channels begin among those of all layers."""
        offsets, end = {}, 0
        for layer in self.layers:
            offsets[layer.name] = end
            end += layer.channels
        return offsets

    def rows(self, number: int) -> slice:
        """The channels of layer `number` among those of all layers."""
        layer = self.layers[number]
        return slice(self.offsets[layer.name], self.offsets[layer.name] + layer.channels)

    @property
    def channels(self) -> int:
        """Channels of all layers together."""
        return sum(layer.channels for layer in self.layers)

    @cached_property
    def parts(self) -> list[tuple[int, int]]:
        """The files of patches: (layer's number, first channel)."""
        return [(i, first) for i, layer in enumerate(self.layers) for first in range(0, layer.channels, PART)]

    def shard(self, number: int) -> tuple[int, int]:
        """The first picture of a shard and the one after its last."""
        return (self.shards[number - 1] if number else 0), self.shards[number]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each layer by all of its names."""
        return {name: i for i, layer in enumerate(self.layers) for name in (*layer.also, layer.name)}

    def number(self, name: str) -> int:
        """The number of a layer by any of its names; `UnknownName` with close matches."""
        if name not in self.numbers:
            names = [layer.name for layer in self.layers]
            raise UnknownName(f"The atlas has no layer {name!r}.{close_matches(name, names)}")
        return self.numbers[name]

    def to_json(self, skipped: int | None) -> bytes:
        """The manifest of an atlas; `skipped` pictures once it is complete."""
        data = {"format": FORMAT, "version": VERSION, "skipped": skipped, **asdict(self)}
        return (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode()


def write_manifest(path: Path, plan: Plan, skipped: int | None) -> None:
    """Write the manifest of the atlas in `path`; `skipped` is None until it is complete."""
    files.write(path / MANIFEST, plan.to_json(skipped))


def read_manifest(path: Path) -> tuple[Plan, int | None]:
    """The plan of the atlas in `path`, and how many pictures were skipped where it is complete, else None.

    `BadAtlas` where there is none.
    """
    file = path / MANIFEST
    try:
        data = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise BadAtlas(f"'{path}' holds no atlas; make one with nbviz.scan(net, dataset, path).") from None
    except (OSError, ValueError) as error:
        raise BadAtlas(f"'{file}' cannot be read ({error}); it is not the manifest of an atlas, or damaged.") from error
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise BadAtlas(f"'{file}' is not the manifest of an atlas; give a folder that nbviz.scan has written.")
    version = data.pop("version", None)
    if version != VERSION:
        raise BadAtlas(f"The atlas in '{path}' has format {version}, this nbviz reads {VERSION}; use a newer nbviz.")
    skipped = data.pop("skipped", None)
    try:
        return _plan_of(data), skipped
    except (KeyError, TypeError, ValueError) as error:
        raise BadAtlas(
            f"'{file}' is damaged ({type(error).__name__}: {error}); scan again into a new folder."
        ) from error


def _plan_of(data: dict[str, Any]) -> Plan:
    layers = []
    for layer in data.pop("layers"):
        spatial = layer.pop("spatial")
        layers.append(
            PlannedLayer(**{**layer, "also": tuple(layer["also"])}, spatial=spatial and (spatial[0], spatial[1]))
        )
    classes = data.pop("classes")
    return Plan(tuple(layers), shards=tuple(data.pop("shards")), classes=classes and tuple(classes), **data)


def planned_layers(net: Network, patterns: Iterable[str] | None) -> tuple[PlannedLayer, ...]:
    """One for each distinct output: those the map shows, or those that match any of the names and patterns."""
    if patterns is None:
        chosen = [layer.name for layer in net.shown_layers]
    else:
        chosen = []
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            matches = fnmatch.filter(net.layers, pattern)
            if not matches:
                raise UnknownName(f"No layer matches {pattern!r}.{close_matches(pattern, net.layers)}")
            chosen += matches
    outputs: dict[str, str] = {}
    for name in sorted(set(chosen), key=list(net.layers).index):
        outputs.setdefault(net.layers[name].same_as or name, name)
    if not outputs:
        raise BadRequest("No layers were chosen; leave `layers` out for all of them.")
    return tuple(_planned(net, number, name, output) for number, (output, name) in enumerate(outputs.items()))


def _planned(net: Network, number: int, name: str, output: str) -> PlannedLayer:
    layer = net.layers[name]
    also = tuple(n for n, other in net.layers.items() if n != name and (other.same_as or n) == output)
    seen = layer.receptive_field
    if seen is None or layer.spatial is None:
        kind = "whole" if seen is not None and seen.whole else "assumed"
    else:
        kind = "whole" if seen.whole else "gated" if seen.gated else "exact" if seen.exact else "assumed"
    folder = f"{number:03d}-{re.sub(r'[^A-Za-z0-9._-]', '_', name)}"
    return PlannedLayer(name, folder, layer.channels, layer.spatial, also, kind)


def shard_ends(count: int, batch: int) -> tuple[int, ...]:
    """Shards that begin with one batch and grow to `LARGEST_SHARD`, so that few partial results are kept."""
    ends, end, size = [], 0, batch
    largest = max(batch, LARGEST_SHARD // batch * batch)
    while end < count:
        end = min(end + size, count)
        ends.append(end)
        if len(ends) % 4 == 0:
            size = min(2 * size, largest)
    return tuple(ends)


def plan_of(net: Network, source: Source, layers: Iterable[str] | None, k: int, batch: int, space: str) -> Plan:
    """Settle a scan; `BadRequest` for numbers that make no sense."""
    for name, value in (("k", k), ("batch", batch)):
        if not isinstance(value, int) or value < 1:
            raise BadRequest(f"{name}={value!r} is not a positive whole number.")
    classes = source.classes or net.labels
    return Plan(
        planned_layers(net, layers),
        k,
        batch,
        shard_ends(source.count, batch),
        net.device.type,
        str(net.dtype).removeprefix("torch."),
        space,
        fingerprint(net),
        dict(source.description()),
        None if classes is None else tuple(classes),
    )
