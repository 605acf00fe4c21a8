"""Views kept under a name: what was shown, so that Python, the page and links in Markdown cells can show it again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

import traitlets

from ..address import Unit
from ..errors import BadRequest, UnknownName, close_matches
from .page_values import PageValues
from .selection import Selection

LINK = "#nbviz:"
"""What the address of a place in a widget begins with."""


@dataclass(frozen=True)
class View:
    """What a widget shows: its traits, and in `page` what only the page chooses – overlay, colours, order of the grid.

    Raises `BadRequest` for values of another kind.
    """

    layer: str
    unit: str = ""
    image_index: int = 0
    method: str = ""
    target: int | None = None
    page: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = all(isinstance(text, str) for text in (self.layer, self.unit, self.method))
        numbers = all(type(number) is int for number in (self.image_index, self.target or 0))
        if not (texts and numbers and isinstance(self.page, Mapping)):
            raise BadRequest(f"{self!r} does not say what to show.")

    @classmethod
    def of(cls, value: Any) -> View:
        """A view from a `View` or a mapping of its fields."""
        if isinstance(value, View):
            return value
        if isinstance(value, Mapping) and {"layer"} <= set(value) <= set(cls.__dataclass_fields__):
            return cls(**value)
        raise BadRequest(f"{value!r} is no view; take one from `w.bookmarks`, or give a mapping that names a layer.")


def slug(name: str) -> str:
    """The name as it stands in a link: `floppy-ear` for "Floppy ear"."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")


class Bookmarks(traitlets.TraitType[Any, Any]):
    """Views by their names, read-only: it cannot be changed in place, which no page would hear of."""

    default_value = MappingProxyType({})

    def validate(self, obj: Any, value: Any) -> Mapping[str, View]:
        """Views of what is given, under names that make links of their own."""
        if not isinstance(value, Mapping):
            raise BadRequest(f"Bookmarks are a mapping of names to views, not {value!r}.")
        links: dict[str, str] = {}
        for name in value:
            link = _checked_link(name)
            if link in links:
                raise BadRequest(f"The bookmarks {links[link]!r} and {name!r} have the same link, {LINK}{link}.")
            links[link] = name
        return MappingProxyType({name: View.of(view) for name, view in value.items()})


def _checked_link(name: Any) -> str:
    if not isinstance(name, str) or not slug(name):
        raise BadRequest(f"A bookmark needs a name with a letter or digit in it, not {name!r}.")
    try:
        Unit.parse(name)
    except BadRequest:
        return slug(name)
    raise BadRequest(f"{name!r} is how a unit is written; name the bookmark differently.")


class Bookmarked(PageValues, Selection):
    """What has `bookmarks`, which can be set, observed and linked."""

    bookmarks = Bookmarks().tag(
        sync=True, to_json=lambda views, _widget: {name: asdict(view) for name, view in views.items()}
    )
    # The page tells its own choices when the person turns away from it; what is set here, it takes over.
    _page = traitlets.Dict().tag(sync=True)

    @property
    def view(self) -> View:
        """What is shown now."""
        return View(self.layer, self.unit, self.image_index, self.method, self.target, dict(self._page))

    def bookmark(self, name: str) -> str:
        """Keep what is shown under a name; one of that name is replaced.

        Returns the link to it, to be written into a Markdown cell: `[floppy ear](#nbviz:floppy-ear)`.
        Raises `BadRequest` for a name that makes no link, or the link of another bookmark.
        """
        self.bookmarks = {**self.bookmarks, name: self.view}
        return f"[{name}]({LINK}{slug(name)})"

    def visit(self, place: str | Unit | View) -> None:
        """Show a bookmark by its name or link, a unit, or a `View`; all of it or, where something is missing, nothing.

        Raises `UnknownName` where there is no such bookmark, and `BadRequest` where it shows what is no longer there.
        """
        state = self._state_of(place)
        if refused := self._refused(state):
            raise BadRequest(f"{place!r} cannot be shown. {next(iter(refused.values()))}")
        with self.hold_sync():
            # The layer comes after the unit, which would take the widget to its own.
            for name in sorted(state, key=lambda name: name == "layer"):
                setattr(self, name, state[name])

    def _state_of(self, place: str | Unit | View) -> dict[str, Any]:
        view = place if isinstance(place, View) else self._named(str(place).removeprefix(LINK))
        if view is None:
            unit = Unit.parse(str(place).removeprefix(LINK))
            return {"unit": str(unit), "layer": unit.layer}
        state = {"_page" if name == "page" else name: value for name, value in vars(view).items()}
        # A view that names no method, or none of the page's choices, leaves them as they are.
        return {name: value for name, value in state.items() if value or name not in ("method", "_page")}

    def _named(self, name: str) -> View | None:
        """The bookmark of this name or link; None for what is written like a unit."""
        views: Mapping[str, View] = self.bookmarks
        for known, view in views.items():
            if slug(known) == slug(name):
                return view
        try:
            Unit.parse(name)
        except BadRequest:
            raise UnknownName(
                f"There is no bookmark {name!r}; there are {', '.join(map(repr, self.bookmarks)) or 'none'}."
                f"{close_matches(name, self.bookmarks)}"
            ) from None
        return None
