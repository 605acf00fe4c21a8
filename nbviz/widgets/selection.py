"""What a person has chosen in a widget: layer, unit, picture, method and class, each checked before it is taken."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ..address import Unit
from ..errors import BadRequest, UnknownName
from ..methods import METHODS

if TYPE_CHECKING:
    from ..network import Network
    from ..session import Session


class UnitText(traitlets.Unicode):  # type: ignore[type-arg]  # older traitlets are not generic
    """A unit as text; a `Unit` may be assigned."""

    def validate(self, obj: Any, value: Any) -> Any:
        """The text of a unit."""
        return super().validate(obj, str(value) if isinstance(value, Unit) else value)


class Selection(anywidget.AnyWidget):
    """What has a selection, which can be set, observed and linked, by Python and by the page.

    Raises `UnknownName`, `OutOfRange` or `BadRequest`, with what there is, for what is not there.
    """

    layer = traitlets.Unicode().tag(sync=True)
    unit = UnitText().tag(sync=True)
    image_index = traitlets.Int(0).tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    target = traitlets.Any(None, allow_none=True).tag(sync=True)

    if TYPE_CHECKING:
        net: Network
        session: Session

    _layer_given = False

    @traitlets.validate("layer")
    def _known_layer(self, proposal: Any) -> str:
        return self.net.shown_name(proposal["value"])

    @traitlets.validate("unit")
    def _known_unit(self, proposal: Any) -> str:
        return str(self._on_the_map(self.net.unit(proposal["value"]))) if proposal["value"] else ""

    def _on_the_map(self, unit: Unit) -> Unit:
        """The unit under the name that its layer has on the map, where an outer module passes the output on."""
        return replace(unit, layer=self.net.shown_name(unit.layer))

    @traitlets.validate("image_index")
    def _known_picture(self, proposal: Any) -> int:
        self.session.picture(proposal["value"])
        return int(proposal["value"])

    @traitlets.validate("method")
    def _known_method(self, proposal: Any) -> str:
        name: str = proposal["value"]
        fitting = [m.name for m in METHODS.values() if m.asks == "unit"]
        if name not in fitting:
            raise UnknownName(f"There is no method {name!r} for units; there are {', '.join(fitting)}.")
        return name

    @traitlets.validate("target")
    def _known_target(self, proposal: Any) -> int | None:
        target = proposal["value"]
        if target is None:
            return None
        if isinstance(target, bool) or not isinstance(target, (str, Integral)):
            raise BadRequest(f"{target!r} is not a class; give a label, an index, or None for the predicted class.")
        return self.net.class_index(target if isinstance(target, str) else int(target))

    @traitlets.observe("unit")
    def _follow_unit(self, change: Any) -> None:
        # What a widget opens with, and what a page sets at once, may be a layer and a unit of another one.
        if change["new"] and hasattr(self, "_transport") and not self._layer_given:
            self.layer = Unit.parse(change["new"]).layer

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take the page's choices; a unit that comes with a layer leaves that as it is."""
        self._layer_given = "layer" in sync_data
        try:
            super().set_state(sync_data)
        finally:
            self._layer_given = False
