"""The heart of a scan: pictures go through the network once, and of every map only a few numbers stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import BadPicture, NbvizError
from ..network import Network
from .keys import EMPTY, pack, shuffled, unpack
from .partial import NO_LABEL, SKIPPED, Partial
from .pictures import Item, Source
from .plan import Plan

READERS = 2
"""Threads that decode the next batch while the present one is computed, where the data set allows several."""

_LARGE = 2**22  # values; about 16 MB

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
        self.score = torch.full((channels, plan.k), -torch.inf, device=device)
        self.at = torch.full((channels, plan.k), -1, dtype=torch.int32, device=device)
        self.total = torch.zeros(channels, dtype=torch.float64, device="cpu")
        self.fired = torch.zeros(channels, dtype=torch.int64, device=device)
        self.low = torch.full((channels,), torch.inf, device=device)
        self.histogram = torch.zeros(bins[:2], dtype=torch.int64, device=device)
        self.example_rank = torch.full(bins, _NO_EXAMPLE, dtype=torch.int64, device=device)
        self.last_rank = torch.full(bins[:2], _NO_EXAMPLE, dtype=torch.int64, device=device)
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
        self.total += seen.means.cpu().double().sum(0)  # not every device has float64
        self.fired += (seen.tops > 0).sum(0)
        self.low = torch.minimum(self.low, seen.tops.amin(0))
        bins = seen.bins.T
        self.histogram.scatter_add_(1, bins, torch.ones_like(bins))
        self._rank(seen)
        for number in range(len(seen.tops)):
            self._exemplify(seen, number)

    def _rank(self, seen: Seen) -> None:
        rows = seen.strong.any(0).nonzero()[:, 0]
        tops = seen.tops.T[rows]
        self.key[rows], order = torch.cat([self.key[rows], pack(tops, seen.pictures)], 1).topk(self.plan.k, 1)
        self.score[rows] = torch.cat([self.score[rows], tops], 1).gather(1, order)
        self.at[rows] = torch.cat([self.at[rows], seen.at.T[rows]], 1).gather(1, order)

    def _exemplify(self, seen: Seen, number: int) -> None:
        """Take a picture as an example of its bin where it comes earlier in the random order than one that is there."""
        rank = seen.ranks[number]
        rows = seen.fresh[number].nonzero()[:, 0]
        worst, slot = self.example_rank[rows, seen.bins[number, rows]].max(1)
        rows, slot = rows[rank < worst], slot[rank < worst]
        bins = seen.bins[number, rows]
        self.example_rank[rows, bins, slot] = rank
        self.last_rank[rows, bins] = self.example_rank[rows, bins].amax(1)
        self.example[rows, bins, slot] = seen.pictures[number].to(torch.int32)
        self.example_at[rows, bins, slot] = seen.at[number, rows]
        self.example_score[rows, bins, slot] = seen.tops[number, rows]

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

    tops, means: (N, C) float32. bins: (N, C), of the histograms. strong, fresh: (N, C), whether a map may be among the
    strongest, or an example of its bin; only then its position is looked up. at: (N, C) int32, else −1.
    pictures, ranks: (N,) numbers, and places in the random order. unusable: pictures with NaN or infinity, and why.
    """

    def __init__(self, gatherer: Gatherer, net: Network, batch: list[Read]) -> None:
        self._gatherer = gatherer
        plan, device = gatherer.plan, gatherer.low.device
        self.pictures = torch.tensor([read.index for read in batch], device=device)
        self.ranks = shuffled(self.pictures)
        shape = (len(batch), plan.channels)
        self.tops, self.means = torch.empty(shape, device=device), torch.empty(shape, device=device)
        self.bins = torch.empty(shape, dtype=torch.int64, device=device)
        self.strong, self.fresh = (torch.empty(shape, dtype=torch.bool, device=device) for _ in range(2))
        self.at = torch.full(shape, -1, dtype=torch.int32, device=device)
        x = torch.cat([read.x for read in batch if read.x is not None])
        net.stream(net.arranged(x), [layer.name for layer in plan.layers], self._reduce)
        self.unusable = self._not_finite()

    def _reduce(self, name: str, maps: Tensor) -> None:
        gatherer = self._gatherer
        first = gatherer.plan.offsets[name]
        channels = slice(first, first + maps.shape[1])
        maps = maps.float()
        flat = maps.flatten(2)
        tops = self.tops[:, channels] = maxima(maps)
        self.means[:, channels] = flat.mean(2)
        bins = self.bins[:, channels] = gatherer.limits.bins(tops.nan_to_num(), channels, gatherer.plan.bins)
        # In a shard pictures come in their order, and of equal scores the first counts: hence 'more than'.
        strong = self.strong[:, channels] = tops > gatherer.score[channels, -1]
        last = gatherer.last_rank[channels].gather(1, bins.T).T
        fresh = self.fresh[:, channels] = self.ranks[:, None] < last
        pictures, rows = (strong | fresh).nonzero(as_tuple=True)
        self.at[pictures, first + rows] = flat[pictures, rows].argmax(1).to(torch.int32)

    def _not_finite(self) -> dict[int, str]:
        """The pictures on which a layer computes NaN or infinity, each with the first such layer."""
        finite = torch.isfinite(self.tops) & torch.isfinite(self.means)
        found = {}
        for number in (~finite.all(1)).nonzero()[:, 0].tolist():
            channel = int((~finite[number]).nonzero()[0, 0])
            offsets = self._gatherer.plan.offsets
            name = max((name for name in offsets if offsets[name] <= channel), key=offsets.__getitem__)
            found[number] = f"Layer {name!r} computes NaN or infinity on it."
        return found

    def pick(self, numbers: list[int]) -> Seen:
        """Of some of the pictures only."""
        if len(numbers) < len(self.pictures):
            for name in ("pictures", "ranks", "tops", "means", "bins", "strong", "fresh", "at"):
                setattr(self, name, getattr(self, name)[numbers])
        return self


def maxima(maps: Tensor) -> Tensor:
    """The largest value (N, C) of each map (N, C, H, W)."""
    large = maps.device.type == "cpu" and maps.numel() > _LARGE
    if large and maps.is_contiguous(memory_format=torch.channels_last):
        # The same numbers in a quarter to a half of the time, where the maps do not fit the processor's cache.
        return F.max_pool2d(maps, (maps.shape[2], maps.shape[3])).flatten(1)
    return maps.flatten(2).amax(2)


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
