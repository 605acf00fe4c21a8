"""Deep dreams and inversions of a person's own pictures."""

from __future__ import annotations

from typing import Any, ClassVar

import traitlets

from ..address import Unit
from ..errors import UnknownName, close_matches
from .base import Widget
from .options import Types

METHODS = {"dream": "deep dream", "inversion": "inversion"}
"""What can be done to a picture, with its label."""


class Dreamer(Widget):
    """Change a picture towards what a layer, a unit, a class or another picture brings out in it, or see what each
    layer remembers of it; before and after side by side.

    `method` is "dream" or "inversion"; `layer` and `unit` are what is dreamt of. Options beside those of every widget:
    `octaves`, `steps` (of each octave), `strength`, `size` (longest side in pixels), `seed`.
    """

    view_name = "dreamer"
    known_options: ClassVar[Types] = {
        **Widget.known_options,
        "octaves": int,
        "steps": int,
        "strength": (int, float),
        "size": int,
        "seed": int,
    }

    @traitlets.validate("method")
    def _known_method(self, proposal: Any) -> str:
        name: str = proposal["value"]
        if name not in METHODS:
            hint = close_matches(name, METHODS)
            raise UnknownName(f"A Dreamer has no method {name!r}; there are {' and '.join(METHODS)}.{hint}")
        return name

    def _opening_method(self, unit: Unit, image_index: int) -> str:
        return "dream"

    def _menu(self) -> list[dict[str, Any]]:
        about = {"asks": "picture", "signed": False, "colour": True, "note": "", "cheap": False, "layer": True}
        return [{"name": name, "label": label, **about, "params": []} for name, label in METHODS.items()]
