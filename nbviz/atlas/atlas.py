"""An atlas to read: of a finished scan, or of one under way as far as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from .. import images
from ..address import Unit
from ..errors import BadAtlas, BadDataset, BadRequest, NbvizError, OutOfRange, close_matches
from ..network import Network
from . import fingerprint, tiles
from .add import add, require_finished
from .background import Background
from .claim import Share
from .gather import as_input
from .patch import Classes, Histogram, Patch, Patches, Statistics, histogram_of
from .pictures import Item, Source, source_of
from .plan import Plan, read_manifest
from .progress import OnProgress
from .projections import ADDITIONS, Projection, about, read_projections
from .shelf import Finished, Running, Shelf
from .tables import Columns


class Atlas:
    """The strongest patches of a data set for every channel, and statistics of all.

    Opening reads a small file; everything else is read when it is asked for. Of a scan under way it shows what is
    merged so far, and more with every look.

    Args:
        path: the folder that `nbviz.scan` writes. Raises `BadAtlas` where it holds none.
        dataset: the pictures, where they have moved or were no files; as for `nbviz.scan`.
        net: the network, to cut out patches that are not stored; see `attach`.

    background: what is being done for this atlas in the background, None where nothing is.

    Units are given as `net.unit(…)`, as "layer:channel" or as (layer, channel); layers by any name of their output.
    """

    def __init__(self, path: str | Path, dataset: Any = None, net: Network | None = None) -> None:
        self.path = Path(path).absolute()
        self._plan, self._skipped = read_manifest(self.path)
        self._source = None if dataset is None else self._checked(source_of(dataset))
        self._net: Network | None = None
        self.background: Background | None = None
        self._running = Running(self.path, self._plan)
        self._finished = Finished(self.path, self._plan)
        if net is not None:
            self.attach(net)

    def __repr__(self) -> str:
        done, total = self.progress
        state = f"{done:,} pictures" if self.complete else f"{done:,} of {total:,} pictures so far"
        size = f"{len(self.layers)} layers, {self._plan.channels:,} channels"
        return f"<Atlas of {self._plan.network['name']}: {size}, {state}>"

    # -- what it is of ------------------------------------------------------------------------------------------

    @property
    def plan(self) -> Plan:
        """Everything the numbers depend on."""
        return self._plan

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers, in the order of execution."""
        return tuple(layer.name for layer in self._plan.layers)

    @property
    def complete(self) -> bool:
        """Whether the scan is finished; what is not yet may be later."""
        if self._skipped is None:
            self._skipped = read_manifest(self.path)[1]
        return self._skipped is not None

    @property
    def progress(self) -> tuple[int, int]:
        """(done, total) pictures; the second alone does not change while a scan runs."""
        return self._shelf.seen, self._plan.count

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(name, reason) of the pictures that could not be read, or on which the network fails."""
        return self._shelf.skipped

    def field(self, layer: str) -> str:
        """What the boxes of a layer's patches are.

        "exact" receptive fields; "whole", every unit sees the whole picture; "gated", exact, while gates
        (squeeze-excite) look at the whole picture; "assumed", the whole picture, since an operation is not known.
        """
        return self._plan.layers[self._plan.number(layer)].field

    def matches(self, net: Network) -> bool:
        """Whether weights and preprocessing are those of the scan."""
        return not self.differences(net)

    def differences(self, net: Network) -> list[str]:
        """What differs between the scanned network and `net`, a sentence each; none where nothing does."""
        return fingerprint.differences(self._plan.network, net)

    def attach(self, net: Network) -> None:
        """Give the network, so that patches that are not stored can be cut; `BadAtlas` says how another one differs."""
        if found := self.differences(net):
            raise BadAtlas(f"The atlas in '{self.path}' was made with another network. {' '.join(found)}")
        self._net = net

    # -- units --------------------------------------------------------------------------------------------------

    def top(self, unit: Any, k: int | None = None) -> Patches:
        """The strongest patches of a unit's channel, at most one a picture, strongest first; equal ones by number.

        k: how many at most; by default all that are kept.
        """
        layer, channel = self._address(unit)
        row = self._row(layer, channel)
        places = [(rank,) for rank in range(self._plan.k)[:k] if row["picture"][rank] >= 0]
        return Patches(self._patch((layer, channel), row, "", place) for place in places)

    def natural_max(self, unit: Any) -> float | None:
        """The largest activation of a unit's channel in the data set so far; None where nothing was looked at.

        None for a neuron, too: how strong one place of the map becomes is not kept.
        """
        parsed = self._unit(unit)
        if parsed.position is not None:
            return None
        high = float(self._row(*self._address(parsed))["high"])
        return high if np.isfinite(high) else None

    def histogram(self, unit: Any) -> Histogram:
        """How the maxima of a unit's channel are spread over the pictures."""
        return histogram_of(self._row(*self._address(unit)))

    def examples(self, unit: Any, bin: int) -> Patches:  # noqa: A002 - the field's own word
        """Pictures whose maximum lies in a bin of the histogram: a few, chosen by a fixed random order."""
        layer, channel = self._address(unit)
        if not 0 <= bin < self._plan.bins:
            raise OutOfRange(f"There is no bin {bin}; the histogram has {self._plan.bins}, counted from 0.")
        row = self._row(layer, channel)
        places = [(bin, i) for i in range(self._plan.examples) if row["example_picture"][bin, i] >= 0]
        found = Patches(self._patch((layer, channel), row, "example_", place) for place in places)
        found.sort(key=lambda patch: -patch.score)
        return found

    def classes(self, unit: Any) -> Classes:
        """Which classes the strongest patches come from, and how pure they are."""
        counts = Counter(patch.label for patch in self.top(unit) if patch.label is not None)
        most = dict(counts.most_common())
        return Classes(most, next(iter(most.values())) / counts.total() if most else None)

    def statistics(self, layer: str) -> Statistics:
        """What is known of the channels of a layer."""
        number = self._plan.number(layer)
        columns = self._columns(number)
        count = int(columns["histogram"][0].sum())  # every picture once, also while more are coming
        rows = ({name: column[i] for name, column in columns.items()} for i in range(len(columns["mean"])))
        return Statistics(
            self._plan.layers[number].name,
            count,
            columns["mean"],
            columns["high"],
            columns["low"],
            columns["fired"] / max(count, 1),
            tuple(map(histogram_of, rows)),
        )

    def picture(self, number: int) -> Image.Image:
        """A picture of the data set, as it is there; `BadDataset` where it cannot be read any more."""
        item = self._item(number)
        if self._plan.space == "model":
            if self._net is None:
                raise BadDataset("The data set holds preprocessed tensors; attach(net) lets the atlas show them.")
            return Image.fromarray(self._net.picture(as_input(self._net, item, "model")))
        return images.read(item.picture)

    def input(self, number: int) -> Tensor:
        """A picture of the data set as the network gets it, (1, C, H, W) in model space; needs the network."""
        if self._net is None:
            raise BadDataset("Without its network nobody knows how the pictures are prepared; attach(net) gives it.")
        return as_input(self._net, self._item(number), self._plan.space)

    def sample(self, n: int = 64) -> list[Tensor]:
        """Up to `n` pictures spread evenly over the data set, as `input` gives them.

        For what they have in common: `nbviz.synthesis.statistics(net, atlas.sample())`. Pictures that the scan had to
        skip are left out; `BadDataset` where none can be read any more.
        """
        if n < 1:
            raise BadRequest(f"n={n}: a sample has at least one picture.")
        found: list[Tensor] = []
        reason: NbvizError | None = None
        for number in range(0, self._plan.count, max(1, -(-self._plan.count // n))):
            try:
                found.append(self.input(number))
            except NbvizError as error:
                reason = error
        if reason and not found:
            raise reason
        return found

    # -- more pictures ------------------------------------------------------------------------------------------

    def projections(self, unit: Any, kind: str = "deconvnet") -> list[Projection]:
        """The pictures of a kind that were added for a unit's channel, in the order of `top`; none where none were.

        kind: "deconvnet", "guided_backprop" or "neuron_gradient", each patch's projection; "visualize", one picture
            that excites the channel.
        """
        if kind not in ADDITIONS:
            raise BadRequest(
                f"An atlas has no {kind!r}; there are {', '.join(ADDITIONS)}.{close_matches(kind, ADDITIONS)}"
            )
        return read_projections(self.path, self._plan, kind, *self._address(unit))

    def added(self) -> dict[str, list[str]]:
        """The kinds of pictures that were added, or are being added, each with its layers."""
        kinds = [kind for kind in ADDITIONS if (self.path / kind).is_dir()]
        return {kind: [self.layers[number] for number in about(self.path, kind)["layers"]] for kind in kinds}

    def add(
        self,
        kind: str,
        net: Network | None = None,
        layers: Iterable[str] | None = None,
        workers: int | None = None,
        engine: Any = None,
        progress: bool = True,
        *,
        share: Share | None = None,
        background: bool = False,
        on_progress: OnProgress | None = None,
        **options: Any,
    ) -> None:
        """Add pictures to a finished atlas: each patch's projection, or a picture that excites each channel.

        kind: as for `projections`. net: the scanned network, where it was not attached. layers: names or patterns, by
        default all. The rest as for `nbviz.scan`: it goes on where it stopped, on any engine. options: for "visualize"
        steps, size, param and seed. Raises `BadAtlas` where the scan is not finished or the network is another one.
        """
        require_finished(self.path, self.complete)
        if net is not None:
            self.attach(net)
        if self._net is None:
            raise BadRequest("Adding needs the network that was scanned; give it as net.")
        self.background = add(
            self.path, self._plan, kind, self._net, self._pictures, layers, options, workers, engine, progress, share,
            background, on_progress,
        )  # fmt: skip

    # -- inside -------------------------------------------------------------------------------------------------

    @property
    def _shelf(self) -> Shelf:
        return self._finished if self._finished.is_there else self._running

    def _unit(self, unit: Any) -> Unit:
        if isinstance(unit, Unit):
            return unit
        if isinstance(unit, str):
            return Unit.parse(unit)
        if isinstance(unit, tuple) and len(unit) == 2:
            return Unit(str(unit[0]), int(unit[1]))
        raise BadRequest(f"{unit!r} is no unit; give net.unit(…), 'layer:channel' or (layer, channel).")

    def _address(self, unit: Any) -> tuple[int, int]:
        """The numbers of the layer and the channel."""
        parsed = self._unit(unit)
        number = self._plan.number(parsed.layer)
        channels = self._plan.layers[number].channels
        if not 0 <= parsed.channel < channels:
            raise OutOfRange(f"Layer {parsed.layer!r} has channels 0 to {channels - 1}, not {parsed.channel}.")
        return number, parsed.channel

    def _row(self, layer: int, channel: int) -> dict[str, Any]:
        return {name: column[channel] for name, column in self._columns(layer).items()}

    def _columns(self, layer: int) -> Columns:
        try:
            return self._shelf.layer(layer)
        except (BadAtlas, OSError):
            if not self._finished.is_there:
                raise
            return self._finished.layer(layer)  # the scan came to its end a moment ago

    def _patch(self, address: tuple[int, int], row: dict[str, Any], prefix: str, place: tuple[int, ...]) -> Patch:
        """What a row says at a place of its columns whose names begin with `prefix`."""
        score, picture, at, box = (row[prefix + name][place] for name in ("score", "picture", "at", "box"))
        name, label = self._shelf.picture(int(picture), self._source)
        _, width = self._plan.layers[address[0]].spatial or (1, 1)
        y, x = divmod(int(at), width)
        y0, x0, y1, x1 = map(int, box)
        rank = None if prefix else place[0]
        load = partial(self._load, address, rank, int(picture), box)
        return Patch(
            float(score), int(picture), name, self._class(label), (y0, x0, y1, x1), (y, x), rank, _load=load
        )  # fmt: skip

    def _class(self, label: int) -> str | None:
        classes = self._plan.classes
        if label < 0:
            return None
        return classes[label] if classes is not None and label < len(classes) else str(label)

    def _load(self, address: tuple[int, int], rank: int | None, picture: int, box: Any) -> Image.Image | None:
        """The stored patch; else cut out of the picture as the network sees it."""
        if rank is not None and tiles.part_file_of(self.path, self._plan, tiles.PATCHES, *address).exists():
            row = tiles.read_row(self.path, self._plan, tiles.PATCHES, *address)
            return tiles.decoded(row["pictures"][rank])
        if self._net is None:
            raise BadDataset("This patch is not stored; atlas.attach(net) lets the atlas cut it out of the picture.")
        seen = self._net.picture(as_input(self._net, self._item(picture), self._plan.space))
        cut = tiles.patch(seen, box, self._plan.tile)
        return Image.fromarray(cut) if cut.size else None

    def _item(self, number: int) -> Item:
        if not 0 <= number < self._plan.count:
            raise OutOfRange(f"There is no picture {number}; the data set has {self._plan.count:,}, counted from 0.")
        try:
            # A finished atlas knows the name of each file: the folder need not be listed to read one of them.
            if self._source is None and self._plan.data["kind"] == "folder" and self._finished.is_there:
                name, label = self._shelf.picture(number, None)
                file = Path(self._plan.data["path"]) / name
                if not file.exists():
                    raise FileNotFoundError(f"'{file}' is not there")
                return Item(file, label)
            return self._pictures.read(number)
        except Exception as error:
            raise BadDataset(
                f"Picture {number} cannot be read any more ({error}); Atlas(path, dataset=…) says where the pictures "
                "are now."
            ) from error

    @property
    def _pictures(self) -> Source:
        """The data set, found again where it lay."""
        if self._source is None:
            where = self._plan.data.get("files") or self._plan.data.get("path")
            if where is None:
                raise BadDataset("The pictures were given as a Python object; Atlas(path, dataset=…) gives them again.")
            self._source = self._checked(source_of(where))
        return self._source

    def _checked(self, source: Source) -> Source:
        """The pictures of the scan, perhaps elsewhere; `BadAtlas` where they are others."""
        if source.count != self._plan.count:
            raise BadAtlas(
                f"The data set has {source.count:,} pictures, the atlas was made of {self._plan.count:,}; "
                "give the one that was scanned."
            )
        return source
