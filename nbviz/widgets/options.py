"""Options of widgets: what is chosen once, as one is made, and read by its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from .. import images as pictures
from ..errors import UnknownName, close_matches

Types = Mapping[str, type | tuple[type, ...]]
"""Options by name, with what they may be."""

COMMON: Types = {"height": int, "colormap": str, "name": str}
"""Those of every widget."""


def checked_options(options: dict[str, Any], known: Types, widget: str) -> dict[str, Any]:
    """The options, where a widget of this name has them all.

    Raises `UnknownName` for an option or a colour map that is not there, `TraitError` for a value of another type.
    """
    for name, value in options.items():
        if name not in known:
            there_are = f"there are {', '.join(known)}.{close_matches(name, known)}"
            raise UnknownName(f"{widget} has no option {name!r}; {there_are}")
        if not isinstance(value, known[name]):
            raise traitlets.TraitError(f"Option {name!r} of {widget} cannot be {value!r}.")
    if "colormap" in options:
        pictures.lookup(options["colormap"])
    return options
