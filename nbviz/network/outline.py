"""The network as a tree of modules, as a map shows it: containers that can be opened, repeats told once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, takewhile

from .layers import Layer, Stop

LEAST_REPEATS = 3
"""Of fewer alike, each is shown: a name for two of them saves nothing."""


@dataclass(frozen=True)
class Node:
    """A module of the map.

    `name` is its address, `label` what it is called inside of its parent, `kind` its class. `layer` is the shown layer
    that has its output, under another name where the parent passes it on unchanged; None for a mere container. A node
    with `repeats` stands for that many children that are alike.
    """

    name: str
    label: str
    kind: str
    layer: str | None = None
    children: tuple[Node, ...] = ()
    repeats: int = 0

    @property
    def layers(self) -> list[str]:
        """The shown layers in it, in the order of execution; its own output comes last."""
        inner = [name for child in self.children for name in child.layers]
        return list(dict.fromkeys(inner if self.layer is None else [*inner, self.layer]))


def outline(stops: Iterable[Stop], layers: Mapping[str, Layer]) -> tuple[Node, ...]:
    """The tree below the stops of a map; `layers` are all of the network's, also those that have several names."""
    return _Outline(list(stops), layers).nodes


@dataclass
class _Branch:
    """A module while the tree grows."""

    name: str
    label: str
    children: dict[str, _Branch] = field(default_factory=dict)


class _Outline:
    def __init__(self, stops: list[Stop], layers: Mapping[str, Layer]) -> None:
        self._layers = layers
        self._shown = {layers[name].same_as or name: name for stop in stops for name in stop.layers}
        self.nodes = self._repeats_once([self._node(_grown(stop)) for stop in stops])

    def _output(self, branch: _Branch) -> str | None:
        layer = self._layers.get(branch.name)
        return None if layer is None else self._shown.get(layer.same_as or layer.name)

    def _node(self, branch: _Branch) -> Node:
        children = list(branch.children.values())
        # A container of a single container, such as `conv` in MobileNet's blocks, is no place of its own.
        while len(children) == 1 and children[0].children and children[0].name not in self._shown.values():
            only = children[0]
            children = [_Branch(c.name, f"{only.label}.{c.label}", c.children) for c in only.children.values()]
        kind = self._layers[branch.name].kind if branch.name in self._layers else ""
        inner = self._repeats_once([self._node(child) for child in children])
        return Node(branch.name, branch.label, kind, self._output(branch), inner)

    def _repeats_once(self, nodes: list[Node]) -> tuple[Node, ...]:
        """Neighbours of one structure and map size, such as the blocks of a stage, as one node that can be opened."""
        found: list[Node] = []
        for _, run in groupby(nodes, self._likeness):
            alike = list(run)
            found += alike if len(alike) < LEAST_REPEATS else [_run(alike)]
        return tuple(found)

    def _likeness(self, node: Node) -> object:
        return (_structure(node), self._layers[node.layers[-1]].spatial) if node.children else node.name


def _grown(stop: Stop) -> _Branch:
    root = _Branch(stop.name, stop.name)
    for name in stop.layers:
        # Another call of a module, `relu#2`, is a leaf beside the first.
        inner = name[len(stop.name) :].lstrip(".")
        branch = root
        for part in inner.split(".") if inner else ():
            branch = branch.children.setdefault(part, _Branch(f"{branch.name}.{part}", part))
    return root


def _structure(node: Node) -> tuple[object, ...]:
    return node.kind, tuple((child.label, _structure(child)) for child in node.children)


def _run(alike: list[Node]) -> Node:
    first, last = alike[0], alike[-1]
    name, label = f"{first.name}…{last.name}", _span(first.label, last.label)
    inner = tuple(replace(node, label=node.label.rpartition(".")[2]) for node in alike)
    return Node(name, label, first.kind, last.layer, inner, len(alike))


def _span(first: str, last: str) -> str:
    """`denselayer1–6`, `inception4a–4e`: what both begin with is said once, without cutting a number."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    shared = "".join(a for a, _ in alike).rstrip("0123456789")
    return f"{first}–{last[len(shared) :]}"
