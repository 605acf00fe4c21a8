"""Units kept within reach: pinned in the page or from Python, with a name and a note of one's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import traitlets

from ..address import Unit
from ..errors import BadRequest
from .selection import Selection


@dataclass(frozen=True)
class Pin:
    """A unit as text, `"layer4.1.conv2:17"` or `"layer4.1.conv2:17@3,5"`, what one calls it, and what there is to say.

    Raises `BadRequest` for a text that is no unit, and where name or note is no text.
    """

    unit: str
    name: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not isinstance(self.note, str):
            raise BadRequest(f"The name and the note of a pin are texts, not {self.name!r} and {self.note!r}.")
        object.__setattr__(self, "unit", str(Unit.parse(str(self.unit))))

    @classmethod
    def of(cls, value: Any) -> Pin:
        """A pin from a `Pin`, a unit, its text, or a mapping of `unit`, `name` and `note`."""
        if isinstance(value, Pin):
            return value
        if isinstance(value, (str, Unit)):
            return cls(str(value))
        if isinstance(value, Mapping) and {"unit"} <= set(value) <= {"unit", "name", "note"}:
            return cls(**value)
        raise BadRequest(f"{value!r} is no pin; give a unit, or a mapping of unit, name and note.")


class Pins(traitlets.TraitType[Any, Any]):
    """A tuple of `Pin`s: it cannot be changed in place, which no page would hear of."""

    default_value = ()

    def validate(self, obj: Any, value: Any) -> tuple[Pin, ...]:
        """Pins of what is given, each unit once."""
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            raise BadRequest(f"Pins are a list of units or pins, not {value!r}.")
        pins = tuple(Pin.of(item) for item in value)
        units = [pin.unit for pin in pins]
        for unit in units:
            if units.count(unit) > 1:
                raise BadRequest(f"{unit} is pinned twice.")
        return pins


class Pinboard(Selection):
    """What has `pins`, which can be set, observed and linked."""

    pins = Pins().tag(sync=True, to_json=lambda pins, _widget: [asdict(pin) for pin in pins])

    @traitlets.validate("pins")
    def _known_pins(self, proposal: Any) -> tuple[Pin, ...]:
        pins: tuple[Pin, ...] = proposal["value"]
        for pin in pins:
            self.net.unit(pin.unit)
        return pins

    def pin(self, unit: str | Unit | None = None, name: str = "", note: str = "") -> None:
        """Pin a unit, by default the chosen one; a pin that is there gets this name and note.

        Raises `UnknownName` or `OutOfRange` for a unit that the network has not.
        """
        new = Pin(self._meant(unit), name, note)
        there = [pin.unit for pin in self.pins]
        if new.unit in there:
            self.pins = tuple(new if pin.unit == new.unit else pin for pin in self.pins)
        else:
            self.pins = (*self.pins, new)

    def unpin(self, unit: str | Unit | None = None) -> None:
        """Take the pin of a unit, by default the chosen one, away; `BadRequest` where it has none."""
        text = self._meant(unit)
        kept = tuple(pin for pin in self.pins if pin.unit != text)
        if len(kept) == len(self.pins):
            raise BadRequest(f"{text} is not pinned.")
        self.pins = kept

    def _meant(self, unit: str | Unit | None) -> str:
        if unit is None and not self.unit:
            raise BadRequest("No unit is chosen; name the one that is meant.")
        return str(self.net.unit(self.unit if unit is None else unit))
