"""Naming what can be pointed at: units of layers, logits and probabilities of classes; errors offer what there is."""

from __future__ import annotations

from collections.abc import Mapping

from ..address import Logit, Probability, Sum, Target, Unit
from ..errors import NotDefined, OutOfRange, UnknownName, close_matches
from .layers import Layer


class Targets:
    """The part of a `Network` that turns what a person writes into validated targets."""

    name: str
    layers: Mapping[str, Layer]
    labels: list[str] | None
    classes: int
    _output_shape: tuple[int, ...]

    def layer(self, name: str) -> Layer:
        """The layer called `name`; `UnknownName` with close matches."""
        try:
            return self.layers[name]
        except KeyError:
            hint = close_matches(name, self.layers) or " net.layers lists them."
            raise UnknownName(f"{self.name} has no layer {name!r}.{hint}") from None

    def unit(self, layer: str | Unit, channel: int | None = None, y: int | None = None, x: int | None = None) -> Unit:
        """A channel `("layer4.1.conv2", 17)`, a neuron `("…", 17, y, x)`, or either as text `"…:17@3,5"`.

        `UnknownName` and `OutOfRange` say what there is.
        """
        if isinstance(layer, Unit):
            unit = layer
        elif channel is None:
            unit = Unit.parse(layer)
        else:
            unit = Unit(layer, int(channel), y, x)
        known = self.layer(unit.layer)
        if not 0 <= unit.channel < known.channels:
            raise OutOfRange(
                f"Layer {known.name!r} has units 0 … {known.channels - 1}; there is no unit {unit.channel}."
            )
        h, w = known.spatial or (1, 1)
        if (unit.y is None) != (unit.x is None):
            raise OutOfRange(f"A neuron of {known.name!r} needs both its row and its column.")
        if unit.position and not (0 <= unit.position[0] < h and 0 <= unit.position[1] < w):
            raise OutOfRange(f"The maps of {known.name!r} are {h}×{w}; there is no position {unit.position}.")
        return unit

    def class_index(self, which: str | int) -> int:
        """The index of a class given by label or index; errors offer close matches or say the range."""
        if not self.classes:
            raise NotDefined(
                f"{self.name} has no classes: its output has shape {self._output_shape}, not (batch, classes)."
            )
        labels = self.labels or []
        if isinstance(which, str) and (which in labels or not which.lstrip("-").isdecimal()):
            return self._labelled(which, labels)
        index = int(which)
        if not 0 <= index < self.classes:
            raise OutOfRange(f"{self.name} has classes 0 … {self.classes - 1}; there is no class {index}.")
        return index

    def _labelled(self, which: str, labels: list[str]) -> int:
        if not labels:
            raise UnknownName(
                f"{self.name} has no labels, so {which!r} is unknown; give Network(labels=…) or an index."
            )
        exact = [i for i, label in enumerate(labels) if label == which]
        found = exact or [i for i, label in enumerate(labels) if label.casefold() == which.casefold()]
        if not found:
            raise UnknownName(f"No class is labelled {which!r}.{close_matches(which, labels)}")
        if len(found) > 1:
            raise UnknownName(f"{which!r} labels the classes {', '.join(map(str, found))}; give the index.")
        return found[0]

    def label(self, index: int) -> str:
        """The name of a class, its number where there are no labels."""
        return self.labels[index] if self.labels else f"class {index}"

    def logit(self, which: str | int) -> Logit:
        """The logit of a class by label or index."""
        index = self.class_index(which)
        return Logit(index, self.label(index))

    def probability(self, which: str | int) -> Probability:
        """The probability of a class by label or index."""
        index = self.class_index(which)
        return Probability(index, self.label(index))

    def target(self, which: Target | str | int) -> Target:
        """Any way of naming a target, validated: a target, a class index or label, or a unit as text."""
        if isinstance(which, Unit):
            return self.unit(which)
        if isinstance(which, (Logit, Probability)):
            return type(which)(self.class_index(which.index), self.label(which.index))
        if isinstance(which, Sum):
            return Sum(tuple((weight, self.target(part)) for weight, part in which.parts))
        if isinstance(which, str) and ":" in which and which not in (self.labels or ()):
            return self.unit(which)
        if isinstance(which, (str, int)):
            return self.logit(which)
        raise UnknownName(f"A {type(which).__name__} is not a target; give a class, net.unit(…) or net.logit(…).")
