"""Record answers ahead of the reader's clicks: the most informative first, up to a size."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import BadRequest, Cancelled, NbvizError, UnknownName, close_matches
from ..methods import METHODS
from ..session import Answer, Session
from . import compared, page, wants
from .archive import Archive, Question
from .progress import OnStep, ProgressLine
from .wants import Facts, Place, facts_of

SYNTHESIS, GALLERY = "visualize", "gallery"
"""Name the search for what excites a unit, and every unit of a layer, among the methods to record."""
GROUPS = 6
"""Into which a page puts a layer's channels at first."""
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Choice:
    """What is to be recorded, checked; `top_k` units of each layer, None for all of them."""

    layers: tuple[str, ...]
    methods: tuple[str, ...]
    class_methods: tuple[str, ...]
    synthesis: bool
    gallery: bool
    top_k: int | None
    images: tuple[int, ...]
    limit: int


@dataclass(frozen=True)
class Precomputed:
    """What was recorded: how many answers, the bytes of a page with them, and why it ended where it did."""

    answers: int
    bytes: int
    seconds: float
    places: int
    left_out: int
    reason: str

    def __repr__(self) -> str:
        """In one sentence."""
        took = f"{self.answers:,} answers in {self.seconds:.1f} s; the page takes {self.bytes / MEGABYTE:.1f} MB"
        rest = f"; {self.reason}: {self.left_out:,} of {self.places:,} views were left out" if self.reason else ""
        return f"Recorded {took}{rest}."


def choose(
    facts: Facts,
    session: Session,
    layers: Iterable[str] | None,
    methods: Iterable[str] | None,
    top_k: int | None,
    images: Iterable[int] | None,
    max_mb: float,
) -> Choice:
    """The arguments of `precompute`, resolved; errors name what there is."""
    opening = facts.opening
    names = [layers] if isinstance(layers, str) else layers
    wanted = [methods] if isinstance(methods, str) else methods
    by_unit, by_class = ([m.name for m in METHODS.values() if m.asks == what] for what in ("unit", "class"))
    chosen = list(wanted) if wanted is not None else [opening.method, opening.class_method]
    for name in chosen:
        known = (*by_unit, *by_class, SYNTHESIS, GALLERY)
        if name not in known:
            raise UnknownName(
                f"There is no method {name!r} to record; there are {', '.join(known)}.{close_matches(name, known)}"
            )
    if top_k is not None and top_k < 1:
        raise BadRequest(f"top_k={top_k} records no unit; give a number from 1, or None for all units.")
    pictures = range(len(session.pictures)) if images is None else images
    return Choice(
        layers=tuple(dict.fromkeys(session.net.layer(n).name for n in (names or [opening.layer]))),
        methods=tuple(name for name in by_unit if name in chosen),
        class_methods=tuple(name for name in by_class if name in chosen),
        synthesis=SYNTHESIS in chosen,
        gallery=GALLERY in chosen,
        top_k=top_k,
        images=tuple(dict.fromkeys((session.picture(i), i)[1] for i in pictures)),
        limit=int(max_mb * MEGABYTE),
    )


class Recorder:
    """Answers a page's questions into an archive; what is not defined for this network is left out."""

    def __init__(self, session: Session, state: Mapping[str, Any], archive: Archive) -> None:
        self.session, self.archive = session, archive
        self.facts = facts_of(session, state)

    def record(self, place: Place, limit: int | None = None) -> bool:
        """Record what the page asks for at a place; False, and no more kept, where the page would grow too large."""
        for question in (*wants.at(self.facts, place), *compared.at(self.facts, place)):
            if question in self.archive:
                continue
            try:
                answer = self._answer(question)
            except NbvizError:
                continue  # the page without a kernel says that it is not there, as the live one says why
            self.archive.add(question, answer)
            if limit is not None and page.size(self.archive.text_size) > limit:
                self.archive.drop(question)
                return False
        return True

    def put_opening_first(self) -> int:
        """What the page asks for as it opens comes before everything else; returns how many answers that are."""
        opening = self.facts.opening
        return self.archive.put_first((*wants.at(self.facts, opening), *compared.at(self.facts, opening)))

    def _answer(self, question: Question) -> Answer:
        args = dict(question.args)
        return self.session.of(args.pop("network", 0)).answer(question.op, args)

    def keep_known(self) -> None:
        """Keep whatever a person has looked at so far."""
        for asked, answer in self.session.at_hand():
            self.archive.add(Question(asked.op, asked.args), answer)

    def strongest(self, layer: str, images: Sequence[int]) -> list[int]:
        """The layer's units by their largest activation over the pictures."""
        maxima = [self._maxima(self.session.answer("maps", {"image": i, "layer": layer})) for i in images]
        return [int(unit) for unit in np.argsort(-np.max(maxima, axis=0), kind="stable")]

    @staticmethod
    def _maxima(maps: Answer) -> Any:
        return maps.buffers[3]


def places(recorder: Recorder, choice: Choice) -> Iterator[Place]:
    """Where a reader may go, in the order of what it is worth: as it opens, bookmarks and pins, the other pictures, the
    classes, the units of the shown layer, strongest first, then the other layers."""
    opening = recorder.facts.opening
    images = sorted(choice.images, key=lambda i: i != opening.image)
    layers = sorted(choice.layers, key=lambda name: name != opening.layer)
    yield opening
    yield from recorder.facts.kept
    for image in images:
        yield replace(opening, image=image)
    for class_method in choice.class_methods:
        for image in images:
            for target in (None, *recorder.facts.predicted(image)):
                yield replace(opening, image=image, class_method=class_method, target=target)
    for layer in layers:
        for image in images:
            yield replace(opening, image=image, layer=layer)
        for show in ("weights", "patches"):
            yield replace(opening, layer=layer, show=show)
        for image in images:
            yield replace(opening, image=image, layer=layer, sort="contribution")
        for unit in recorder.strongest(layer, images)[: choice.top_k]:
            for image in images:
                for method in choice.methods:
                    yield replace(opening, image=image, layer=layer, unit=f"{layer}:{unit}", method=method)
            if choice.synthesis:
                yield replace(opening, layer=layer, unit=f"{layer}:{unit}", synthesised=True)
        for image in images:
            yield replace(opening, image=image, layer=layer, groups=GROUPS)
        if choice.gallery:
            yield replace(opening, layer=layer, show="excites", drawn=True)


def precompute(recorder: Recorder, choice: Choice, progress: bool, on_step: OnStep | None) -> Precomputed:
    """Record the chosen places until all are there, the limit is reached, or it is interrupted."""
    begun, before = time.monotonic(), len(recorder.archive)
    if not recorder.record(recorder.facts.opening, choice.limit):
        recorder.record(recorder.facts.opening)
        needed = page.size(recorder.archive.text_size) / MEGABYTE
        raise BadRequest(
            f"max_mb={choice.limit / MEGABYTE:g} is too small: the page as it opens takes {needed:.2f} MB already."
        )
    walk = list(places(recorder, choice))
    line = ProgressLine(progress, on_step)
    reason, done = "", 0
    try:
        for step, place in enumerate(walk, 1):
            line.step(step, len(walk), f"recording {place.unit or place.layer} · picture {place.image}")
            if not recorder.record(place, choice.limit):
                reason = f"the limit of {choice.limit / MEGABYTE:g} MB was reached"
                break
            done += 1
    except (KeyboardInterrupt, Cancelled):
        reason = "it was interrupted"
    took = Precomputed(
        answers=len(recorder.archive) - before,
        bytes=page.size(recorder.archive.text_size),
        seconds=time.monotonic() - begun,
        places=len(walk),
        left_out=len(walk) - done,
        reason=reason,
    )
    line.close(repr(took))
    return took
