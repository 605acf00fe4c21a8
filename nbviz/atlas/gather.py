"""The heart of a scan: pictures go through the network once, and of every map only a few numbers stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from ..errors import BadPicture, NbvizError
from ..network import Network
from .keys import EMPTY, pack, shuffled, unpack
from .partial import NO_LABEL, SKIPPED, Partial
from .pictures import Item, Source
from .plan import Plan

READERS = 2
"""Threads that decode the next batch while the present one is computed, where the data set allows several."""

_NO_EXAMPLE = 2**33  # beyond every place in the random order


@dataclass(frozen=True, eq=False)
class Limits:
    """The range of every channel's histogram, (C,) float32 each; settled on a sample before the scan."""

    low: Tensor
    high: Tensor

    def of(self, rows: slice) -> Limits:
        """Of some channels."""
        return Limits(self.low[rows], self.high[rows])

    def bins(self, values: Tensor, channels: slice, count: int) -> Tensor:
        """The bin of each value (N, c); the first and the last are open to what lies beyond."""
        low, high = self.low[channels], self.high[channels]
        scaled = (values - low) * (count / (high - low))
        return scaled.clamp(0, count - 1).to(torch.int64)


class Read:
    """A picture made ready for the network: `x` (1, C, H, W), or the `reason` why there is none."""

    def __init__(self, net: Network, source: Source, index: int, space: str) -> None:
        self.index, self.reason = index, ""
        self.x: Tensor | None = None
        self.label: int | None = None
        try:
            item = source.read(index)
            self.label = item.label
            x = as_input(net, item, space)
            if tuple(x.shape[-2:]) != tuple(net.input_size):
                got, wanted = (f"{h}×{w}" for h, w in (tuple(x.shape[-2:]), net.input_size))
                raise BadPicture(f"The transform makes {got} pixels of it; the network's input is {wanted}.")
            self.x = x
        except NbvizError as error:
            self.reason = str(error)
        except Exception as error:  # noqa: BLE001 - a person's data set may raise anything; one picture ends no scan
            self.reason = f"{type(error).__name__}: {error}"


def as_input(net: Network, item: Item, space: str) -> Tensor:
    """An item of a data set as (1, C, H, W) in model space."""
    if space == "model":
        return net.preprocess(torch.as_tensor(item.picture).float()[None])
    return net.preprocess(item.picture)


def batches(net: Network, source: Source, plan: Plan, indices: Sequence[int]) -> Iterator[list[Read]]:
    """The pictures in groups of `plan.batch`, the next being read while one is worked on."""
    groups = [indices[i : i + plan.batch] for i in range(0, len(indices), plan.batch)]
    with ThreadPoolExecutor(READERS if source.threads else 1, thread_name_prefix="nbviz-reader") as readers:

        def begun(group: Sequence[int]) -> list[Future[Read]]:
            return [readers.submit(Read, net, source, index, plan.space) for index in group]

        coming = begun(groups[0]) if groups else []
        for number in range(len(groups)):
            present, coming = coming, begun(groups[number + 1]) if number + 1 < len(groups) else []
            try:
                yield [future.result() for future in present]
            except GeneratorExit:
                for future in coming:
                    future.cancel()
                raise


class Gatherer:
    """The running results of one shard, on the network's device."""

    def __init__(self, plan: Plan, limits: Limits, first: int, end: int) -> None:
        self.plan, self.limits, self.first, self.end = plan, limits, first, end
        device, channels = limits.low.device, plan.channels
        bins = (channels, plan.bins, plan.examples)
        self.key = torch.full((channels, plan.k), EMPTY, dtype=torch.int64, device=device)
        self.at = torch.full((channels, plan.k), -1, dtype=torch.int32, device=device)
        self.total = torch.zeros(channels, dtype=torch.float64, device="cpu")
        self.fired = torch.zeros(channels, dtype=torch.int64, device=device)
        self.low = torch.full((channels,), torch.inf, device=device)
        self.histogram = torch.zeros(bins[:2], dtype=torch.int64, device=device)
        self.example_rank = torch.full(bins, _NO_EXAMPLE, dtype=torch.int64, device=device)
        self.example = torch.full(bins, -1, dtype=torch.int32, device=device)
        self.example_at = torch.full(bins, -1, dtype=torch.int32, device=device)
        self.example_score = torch.full(bins, torch.nan, device=device)
        self.labels = np.full(end - first, NO_LABEL, np.int32)
        self.skipped: list[tuple[int, str]] = []

    @torch.inference_mode(False)
    @torch.no_grad()
    def add(self, net: Network, batch: list[Read]) -> None:
        """Run a batch and count its pictures; those that cannot be read or computed are noted as skipped."""
        good = [read for read in batch if read.x is not None]
        for read in batch:
            self._note(read, SKIPPED if read.x is None else NO_LABEL if read.label is None else read.label, read.reason)
        if not good:
            return
        seen = Seen(self, net, good)
        for number in sorted(seen.unusable):
            self._note(good[number], SKIPPED, seen.unusable[number])
        kept = [number for number in range(len(good)) if number not in seen.unusable]
        if kept:
            self._count(seen.pick(kept))

    def _note(self, read: Read, label: int, reason: str) -> None:
        self.labels[read.index - self.first] = label
        if reason:
            self.skipped.append((read.index, reason))

    def _count(self, seen: Seen) -> None:
        self.total += seen.means.double().sum(0).cpu()
        self.fired += (seen.tops > 0).sum(0)
        self.low = torch.minimum(self.low, seen.tops.amin(0))
        bins = self.limits.bins(seen.tops, slice(None), self.plan.bins)
        self._rank(seen)
        everywhere = torch.arange(self.plan.channels, device=bins.device)
        for number in range(len(seen.tops)):
            self.histogram[everywhere, bins[number]] += 1
            self._exemplify(seen, number, bins[number])

    def _rank(self, seen: Seen) -> None:
        keys = pack(seen.tops.T, seen.pictures)
        rows = (keys > self.key[:, -1:]).any(1).nonzero()[:, 0]
        both = torch.cat([self.key[rows], keys[rows]], 1)
        places = torch.cat([self.at[rows], seen.at.T[rows]], 1)
        self.key[rows], order = both.topk(self.plan.k, 1)
        self.at[rows] = places.gather(1, order)

    def _exemplify(self, seen: Seen, number: int, bins: Tensor) -> None:
        """Take a picture as an example of its bin where it comes earlier in the random order than one that is there."""
        rank = shuffled(seen.pictures[number])
        worst, slot = self.example_rank[torch.arange(len(bins), device=bins.device), bins].max(1)
        rows = (rank < worst).nonzero()[:, 0]
        place = (rows, bins[rows], slot[rows])
        self.example_rank[place] = rank
        self.example[place] = seen.pictures[number].to(torch.int32)
        self.example_at[place] = seen.at[number, rows]
        self.example_score[place] = seen.tops[number, rows]

    def wanted(self, tops: Tensor, pictures: Tensor, channels: slice) -> Tensor:
        """Which maps (N, c) may enter the results, so that their position is needed; tops as (N, c)."""
        keys = pack(tops.T, pictures)
        strong = keys > self.key[channels, -1:]
        bins = self.limits.bins(tops.nan_to_num(), channels, self.plan.bins)
        rows = torch.arange(tops.shape[1], device=tops.device)
        worst = self.example_rank[channels].amax(2)[rows[None], bins]
        return strong.T | (shuffled(pictures)[:, None] < worst)

    def partial(self) -> Partial:
        """The results so far, on the CPU; examples of a bin in their random order."""
        order = self.example_rank.argsort(dim=2, stable=True)
        example, at, score = (t.gather(2, order) for t in (self.example, self.example_at, self.example_score))
        tensors = {
            "key": self.key, "at": self.at, "total": self.total, "fired": self.fired, "low": self.low,
            "histogram": self.histogram, "example": example, "example_at": at, "example_score": score,
        }  # fmt: skip
        arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items()}
        return Partial(first=self.first, end=self.end, labels=self.labels, skipped=self.skipped, **arrays)


class Seen:
    """What stays of a batch's maps: of each its maximum, its mean, and the position of the maximum where needed.

    tops, means: (N, C) float32. at: (N, C) int32, −1 where it is not needed. pictures: (N,) numbers.
    unusable: the pictures with NaN or infinity, each with a reason.
    """

    def __init__(self, gatherer: Gatherer, net: Network, batch: list[Read]) -> None:
        self._gatherer = gatherer
        plan, device = gatherer.plan, gatherer.low.device
        self.pictures = torch.tensor([read.index for read in batch], device=device)
        self.tops = torch.empty(len(batch), plan.channels, device=device)
        self.means = torch.empty(len(batch), plan.channels, device=device)
        self.at = torch.full(self.tops.shape, -1, dtype=torch.int32, device=device)
        self.unusable: dict[int, str] = {}
        x = torch.cat([read.x for read in batch if read.x is not None])
        if x.device.type == "cpu":
            # Convolutions are a quarter to a half faster in this order of memory.
            x = x.contiguous(memory_format=torch.channels_last)
        net.stream(x, [layer.name for layer in plan.layers], self._reduce)

    def _reduce(self, name: str, maps: Tensor) -> None:
        first = self._gatherer.plan.offsets[name]
        channels = slice(first, first + maps.shape[1])
        flat = maps.float().flatten(2) if maps.dim() > 2 else maps.float()[..., None]
        tops = self.tops[:, channels] = flat.amax(2)
        self.means[:, channels] = flat.mean(2)
        finite = torch.isfinite(self.means[:, channels]).all(1) & torch.isfinite(tops).all(1)
        for number in (~finite).nonzero()[:, 0].tolist():
            self.unusable.setdefault(number, f"Layer {name!r} computes NaN or infinity on it.")
        pictures, rows = self._gatherer.wanted(tops, self.pictures, channels).nonzero(as_tuple=True)
        self.at[pictures, first + rows] = flat[pictures, rows].argmax(1).to(torch.int32)

    def pick(self, numbers: list[int]) -> Seen:
        """Of some of the pictures only."""
        if len(numbers) < len(self.pictures):
            for name in ("pictures", "tops", "means", "at"):
                setattr(self, name, getattr(self, name)[numbers])
        return self


def gather(
    net: Network, source: Source, plan: Plan, limits: Limits, shard: int, on_batch: Callable[[int], None] | None = None
) -> Partial:
    """The results of one shard. `on_batch(pictures)` is called after each batch; what it raises ends the work."""
    first, end = plan.shard(shard)
    gatherer = Gatherer(plan, limits, first, end)
    for batch in batches(net, source, plan, range(first, end)):
        gatherer.add(net, batch)
        if on_batch:
            on_batch(len(batch))
    return gatherer.partial()


def sample(net: Network, source: Source, plan: Plan) -> tuple[Limits, list[str]]:
    """The limits of the histograms, from pictures spread evenly over the data set, and why some cannot be read.

    The range of a channel's maxima in the sample, widened by half above, where stronger ones are to be expected.
    """
    count = min(plan.count, plan.batch)
    indices = sorted({round(i) for i in np.linspace(0, plan.count - 1, count)})
    reads = list(chain.from_iterable(batches(net, source, plan, indices)))
    unlimited = Limits(*(torch.full((plan.channels,), v, device=net.device) for v in (0.0, 1.0)))
    gatherer = Gatherer(plan, unlimited, 0, plan.count)
    gatherer.add(net, reads)
    reasons = [reason for _, reason in gatherer.skipped]
    if len(reasons) == len(reads):
        return unlimited, reasons
    low, high = gatherer.low, _score_of(gatherer.key[:, 0])
    spread = torch.where(high > low, high - low, high.abs().clamp_min(1e-6))
    return Limits(low, low + 1.5 * spread), reasons


def _score_of(keys: Tensor) -> Tensor:
    """The scores packed into keys."""
    return torch.from_numpy(unpack(keys.cpu().numpy())[0].copy()).to(keys.device)
