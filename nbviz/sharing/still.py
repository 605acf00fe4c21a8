"""What a widget shows, as text and as a contact sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ..errors import NbvizError
from ..session import Answer, Session
from . import wants
from .archive import Question
from .sheet import Still, Strongest, filters_still, maps_still, montage, overlay_still, projection_still, sheet
from .wants import Facts

Answers = Mapping[str, Answer]


def _picture(found: Answers) -> Still:
    meta = found["picture"].meta
    best = meta["predictions"]
    says = ", ".join(f"{p['label']} {p['probability']:.1%}" for p in best[:3])
    alt = f"The picture as the network sees it: {meta['name']}"
    return Still(found["picture"].buffers[0], alt, meta["name"] + (f" · {says}" if says else ""))


def _dream(found: Answers) -> Still:
    meta = found["dream"].meta
    says = (
        f"dream of {meta['objective']} · {meta['steps']} steps · objective {meta['before']:.3g} → {meta['value']:.3g}"
    )
    return Still(found["dream"].buffers[0], f"The picture after a dream of {meta['objective']}", says)


def _inversion(found: Answers) -> Still:
    rows = zip(found["inversion"].meta["layers"], found["inversion"].buffers, strict=True)
    seen = [(row, pixels) for row, pixels in rows if row["error"] is not None]
    names = ", ".join(f"{row['layer']} (relative error {row['error']:.2g})" for row, _ in seen)
    picture = montage([pixels for _, pixels in seen], max(1, len(seen)))
    return Still(picture, f"The picture as layers remember it: {names}", f"as remembered by {names}")


MADE = ("dream", "inversion")
"""What is made of a picture on request only, and shown where it was made."""

STILLS: dict[str, Callable[[Answers], Still]] = {
    "picture": _picture,
    "overlay": lambda found: overlay_still(found["picture"], found["overlay"]),
    "maps": lambda found: maps_still(found["maps"]),
    "projection": lambda found: projection_still(found["projection"]),
    "synthesis": lambda found: Still(
        found["synthesis"].buffers[0],
        f"A picture that excites {found['synthesis'].meta['objective']}",
        f"excites {found['synthesis'].meta['objective']} · value {found['synthesis'].meta['value']:.3g}",
    ),
    "filters": lambda found: filters_still(found["filters"]),
    "dream": _dream,
    "inversion": _inversion,
}
"""By operation, in the order of the sheet."""


MOST_PATCHES = 9
"""Strongest patches of a unit."""


class Fallback(NamedTuple):
    """A widget as it stands, for readers without scripts: as plain text, and as HTML with pictures."""

    text: str
    html: str


def fallback(title: str, session: Session, facts: Facts) -> Fallback:
    """What the widget shows, under its title."""
    asked = wants.at(facts, facts.opening)
    found = answered(session, facts, asked)
    if "overlay" in found:
        found = {"picture": session.answer("picture", {"image": facts.opening.image}), **found}
    stills = [make(found) for op, make in STILLS.items() if op in found]
    strongest = _strongest(session, asked)
    text = f"{title}\n{strongest.text}" if strongest else title
    return Fallback(text, sheet(title, stills, session.net.notes, strongest))


def answered(session: Session, facts: Facts, asked: Iterable[Question]) -> dict[str, Answer]:
    """The answers to what the widget shows, by operation; what cannot be computed is missing."""
    found = {}
    for question in asked:
        if question.op not in STILLS:
            continue
        try:
            found[question.op] = session.answer(question.op, question.args)
        except NbvizError:
            continue  # the panel itself says why
    if facts.state["_view"] == "dreamer":
        for kept, answer in session.at_hand():
            if kept.op in MADE and kept.args["image"] == facts.opening.image and any(b.size for b in answer.buffers):
                found[kept.op] = answer
    return found


def _strongest(session: Session, asked: Iterable[Question]) -> Strongest | None:
    """The patches that the widget shows, as far as the atlas has them: without projections, which take their time."""
    unit = next((question.args["unit"] for question in asked if question.op == "patches"), None)
    if unit is None or session.atlas is None:
        return None
    try:
        patches = session.atlas.top(unit, MOST_PATCHES)
        seen, total = session.atlas.progress
    except NbvizError:
        return None  # the panel itself says why
    if not patches:
        return None
    extent = f"n = {seen:,}" if session.atlas.complete else f"so far, n = {seen:,} of {total:,}"
    dead = "" if patches[0].score > 0 else ", dead: no picture brings it above zero"
    return Strongest(patches, f"Strongest patches of {unit} in {session.atlas.path.name} ({extent}{dead})")
