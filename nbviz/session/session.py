"""Answers requests about one network and some pictures, without a page: recordings, cache, and the operations."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from .. import images as pictures
from ..address import Target
from ..errors import BadRequest, OutOfRange
from ..methods import METHODS, Recording
from ..network import Network
from .nature import Natural, in_atlas, maxima, natural
from .opening import opened
from .shelf import Shelf
from .uploads import Uploads

Bytes = NDArray[Any]

# How many pictures keep their autograd graph in memory, and how many bytes of answers are kept.
RECORDINGS = 3
CACHE_BYTES = 128 * 2**20
TILE_BYTES = 32 * 2**20
# How many questions are remembered, so that what was looked at can be kept for a page without a kernel.
QUESTIONS = 8192


@dataclass(frozen=True)
class Answer:
    """What an operation found: small facts in `meta`, pixels in `buffers`; equal keys mean equal content."""

    key: str
    meta: Mapping[str, Any]
    buffers: Sequence[Bytes]


# Makes the meta and the buffers of a partial result.
Partial = Callable[[], tuple[dict[str, Any], list[Bytes]]]


class Report(Protocol):
    """Called at every step of a long operation; raises `Cancelled` when nobody waits any more.

    `partial` makes the meta and buffers of a partial result, and is called only if it will be shown.
    """

    def __call__(
        self,
        step: int,
        steps: int,
        message: str,
        partial: Partial | None = None,
    ) -> None: ...


def silent(step: int, steps: int, message: str, partial: Partial | None = None) -> None:
    """A report to nobody."""


@dataclass(frozen=True)
class Picture:
    """One of the session's pictures: a name to show, a key of its content, the input (1, C, H, W), what was given."""

    name: str
    key: str
    x: torch.Tensor
    source: Any
    note: str = ""
    """What was done to it that its pixels do not show."""


@dataclass(frozen=True, eq=False)
class Tile:
    """What excites one unit, small, as a WebP file; empty where there can be no picture, and `note` says why."""

    file: bytes
    activation: float | None
    note: str


@dataclass(frozen=True)
class Asked:
    """A question that was put to a session: with weights of which revision, and the key of its answer."""

    op: str
    args: Mapping[str, Any]
    key: str
    revision: int


class Session:
    """A network, its pictures, and what has been computed about them.

    Methods may be called from any thread; computations hold the network's lock one after another.
    """

    def __init__(self, net: Network, images: Sequence[Any], beside: Network | None = None, atlas: Any = None) -> None:
        if not images:
            raise BadRequest("There is no picture; give at least one, or images=None for the demo's.")
        self.net = net
        self.beside = None if beside is None else Session(beside, images)
        """The same pictures in front of the network that this one is compared with."""
        self.atlas = opened(net, atlas)
        self.pictures: Sequence[Picture] = [self._prepared(image, i) for i, image in enumerate(images)]
        self.pictures_changed: Callable[[], None] = lambda: None
        """Called after a picture was added, by whichever thread has done so."""
        self.uploads = Uploads()
        self._recordings: OrderedDict[tuple[str, int], Recording] = OrderedDict()
        self._answers, self._asked = _answers(), _asked()
        self.tiles = _tiles()
        self._adding = threading.Lock()

    def _prepared(self, image: Any, index: int, name: str | None = None) -> Picture:
        x = self.net.preprocess(image)
        shown = pictures.shown_name(name or "") or pictures.name_of(image, index)
        return Picture(shown, pictures.content_key(x), x, image, pictures.note_of(image))

    def add(self, image: Any, name: str | None = None) -> int:
        """Take in one more picture, at any time; its number, or that of the equal picture that is there already.

        Raises `BadPicture` for what is none; the pictures then stay as they are.
        """
        new = self._prepared(image, len(self.pictures), name)
        other = self.beside and self.beside._prepared(image, len(self.pictures), name)
        with self._adding:
            for index, known in enumerate(self.pictures):
                if known.key == new.key and torch.equal(*(self.net.pixels(one.source) for one in (known, new))):
                    return index
            # Exchanged rather than appended to: whoever goes through the pictures at the moment goes on undisturbed.
            self.pictures = [*self.pictures, new]
            if self.beside and other:
                self.beside.pictures = [*self.beside.pictures, other]
            number = len(self.pictures) - 1
        self.pictures_changed()
        return number

    def of(self, network: int) -> Session:
        """The session of the first network (0), or of the one beside it (1)."""
        if network == 0:
            return self
        if network == 1 and self.beside:
            return self.beside
        raise BadRequest("There is one network here; nbviz.compare shows two beside each other.")

    @property
    def revision(self) -> int:
        """Grows with every change of the weights that was noticed, of either network."""
        return self.net.revision + (self.beside.net.revision if self.beside else 0)

    def picture(self, index: int) -> Picture:
        """The picture of that number; `OutOfRange` says how many there are."""
        if not 0 <= index < len(self.pictures):
            raise OutOfRange(f"There are pictures 0 … {len(self.pictures) - 1}; there is no picture {index}.")
        return self.pictures[index]

    def recording(self, index: int) -> Recording:
        """The recorded forward pass of a picture, made when it is first needed and after every change of weights."""
        picture = self.picture(index)
        with self.net.lock:
            kept = self._recordings
            key = picture.key, self.net.sync()
            if key not in kept:
                # Room is made first: two graphs of a large network may not fit beside each other.
                for stale in [k for k in kept if k[1] != key[1]]:
                    del kept[stale]
                while len(kept) >= RECORDINGS:
                    kept.popitem(last=False)
                kept[key] = Recording(self.net, picture.x)
            kept.move_to_end(key)
            return kept[key]

    def natural(self, target: Target) -> Natural | None:
        """The target's largest value in the atlas, else on the pictures whose recordings are at hand, if any."""
        return in_atlas(self.atlas, target) or natural(self._at_hand(), target)

    def natural_maxima(self, layer: str) -> torch.Tensor | None:
        """The largest activation of each channel (C,) on the pictures at hand, None where there are none."""
        return maxima(self._at_hand(), layer)

    def _at_hand(self) -> list[Recording]:
        with self.net.lock:
            revision = self.net.sync()
            return [recording for (_, made), recording in self._recordings.items() if made == revision]

    def forget(self) -> None:
        """Let go of recordings and answers; what is asked for afterwards is computed anew."""
        # Exchanged rather than emptied: a computation that is under way keeps using, and filling, the old ones.
        self._recordings = OrderedDict()
        if self.beside:
            self.beside.forget()
        self._answers, self._asked, self.tiles, self.uploads = _answers(), _asked(), _tiles(), Uploads()

    def answer(self, op: str, args: Mapping[str, Any], report: Report = silent) -> Answer:
        """Carry out an operation of `protocol.OPERATIONS`; answers of unchanged weights come from the cache."""
        from .operations import OPERATIONS, UNKEPT

        if op not in OPERATIONS:
            raise BadRequest(f"There is no operation {op!r}; known are {', '.join(OPERATIONS)}.")
        key = self._key(op, args)
        if op in UNKEPT:
            return self._computed(key, op, args, report)
        answers = self._answers
        self._asked.put(f"{op} {args}", Asked(op, args, key, self.net.revision))
        if known := answers.get(key):
            return known
        answer = self._computed(key, op, args, report)
        answers.put(key, answer)
        return answer

    def _computed(self, key: str, op: str, args: Mapping[str, Any], report: Report) -> Answer:
        from .operations import OPERATIONS

        meta, buffers = OPERATIONS[op](self, report, **args)
        return Answer(key, meta, [np.ascontiguousarray(b) for b in buffers])

    def at_hand(self) -> list[tuple[Asked, Answer]]:
        """Every question so far whose answer is still known, for the weights of now."""
        revision = self.net.sync()
        asked = [(one, self._answers.get(one.key)) for one in self._asked.values() if one.revision == revision]
        known = [(one, answer) for one, answer in asked if answer]
        if self.beside:
            other = self.beside.at_hand()
            known += [(replace(one, args={**one.args, "network": 1}), answer) for one, answer in other]
        return known

    def takes_steps(self, op: str, args: Mapping[str, Any]) -> bool:
        """Whether the operation goes on for many steps, between which shorter ones are answered."""
        method = METHODS.get(str(args.get("method")))
        samples = op == "overlay" and method is not None and "on_step" in method.accepts
        several = op == "extremes" and len(args["images"] or ()) > 1
        steps = ("synthesis", "gallery", "interaction", "groups", "dream", "inversion", "patches", "strongest")
        return samples or several or op in steps

    def _key(self, op: str, args: Mapping[str, Any]) -> str:
        """Names content: operation, arguments, picture, weights."""
        # The bytes of an upload are many, and it is never asked for what it was.
        content = {name: value for name, value in args.items() if name != "data"}
        for name in ("image", "guide"):
            if content.get(name) is not None:
                content[name] = self.picture(args[name]).key
        if op in ("original", "dream"):
            # They look at the whole picture: what the network is shown of two may be equal.
            content["numbers"] = args["image"], args.get("guide")
        if op == "thumbnails":
            content["pictures"] = [picture.key for picture in self.pictures]
        if args.get("images") is not None:
            content["images"] = [self.picture(image).key for image in args["images"]]
        if op in ("synthesis", "interaction"):
            from .operations.synthesis import target_of

            # Such an answer compares with nature as far as it is known at the time.
            aims = [args["target"]] if op == "synthesis" else [{"unit": args["a"]}, {"unit": args["b"]}]
            content["natural"] = [self.natural(target_of(self.net, aim)) for aim in aims]
        if op in ("patches", "strongest", "examples", "extremes") and self.atlas is not None:
            content["seen"] = self.atlas.progress[0]
        described = f"{op} {sorted(content.items())} {self.net.name} {id(self.net)} {self.net.sync()}"
        return pictures.content_key(described.encode())


def _answers() -> Shelf[Answer]:
    return Shelf(CACHE_BYTES, lambda answer: sum(b.nbytes for b in answer.buffers))


def _asked() -> Shelf[Asked]:
    return Shelf(QUESTIONS, lambda _asked: 1)


def _tiles() -> Shelf[Tile]:
    return Shelf(TILE_BYTES, lambda tile: len(tile.file) + len(tile.note))
