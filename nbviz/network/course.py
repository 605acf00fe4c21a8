"""The course of a network as a map shows it: one layer for each output, grouped into stops, and where to begin."""

from __future__ import annotations

from ..errors import NotDefined
from .layers import Layer, Stop, stops, trunk
from .outline import Node, outline
from .targets import Targets


class Course(Targets):
    """The part of a `Network` that says which of its layers are shown."""

    @property
    def shown_layers(self) -> list[Layer]:
        """One layer for each distinct output, under its outermost name: `layer1.0` rather than its last ReLU.

        The containers that the map opens do not count as names.
        """
        opened = trunk(self.layers.values())
        chosen: dict[str, Layer] = {}
        for layer in self.layers.values():
            source = layer.same_as or layer.name
            if source not in chosen or (layer.name not in opened and _depth(layer) < _depth(chosen[source])):
                chosen[source] = layer
        return list(chosen.values())

    def shown_name(self, layer: str) -> str:
        """The name by which a layer's output is shown: its own, or an outer one's; `UnknownName` with close matches."""
        asked = self.layer(layer)
        source = asked.same_as or asked.name
        return next(shown.name for shown in self.shown_layers if (shown.same_as or shown.name) == source)

    @property
    def stops(self) -> list[Stop]:
        """The shown layers, grouped for the map."""
        return stops(self.shown_layers, trunk(self.layers.values()))

    @property
    def outline(self) -> tuple[Node, ...]:
        """The shown layers as the tree of their modules, below the stops; repeats are told once."""
        return outline(self.stops, self.layers)

    @property
    def late_convolution(self) -> str:
        """The last convolution that still has positions; where there is none late, the last layer that has."""
        spatial = [layer for layer in self.layers.values() if layer.spatial and max(layer.spatial) > 1]
        late = [layer for layer in spatial[len(spatial) // 2 :] if layer.kind == "Conv2d"]
        chosen = late or spatial or list(self.layers.values())
        return chosen[-1].name

    @property
    def last_spatial(self) -> str:
        """The last layer with spatial extent greater than 1; `NotDefined` where there is none."""
        spatial = [layer for layer in self.shown_layers if layer.spatial and max(layer.spatial) > 1]
        if not spatial:
            raise NotDefined(f"{self.name} has no layer with spatial extent; its units have no place in the picture.")
        return spatial[-1].name


def _depth(layer: Layer) -> int:
    return layer.name.count(".")
