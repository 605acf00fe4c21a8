"""What a page is told of a network, its pictures, the methods and the atlas: plain values for JSON."""

from __future__ import annotations

from typing import Any

from ..methods import METHODS
from ..network import Layer, Network, Node
from ..session import Session
from ..synthesis import PARAMETRISATIONS


def network_facts(net: Network) -> dict[str, Any]:
    """The network as a whole, its layers, and the tree of them that is the map."""
    shown = net.shown_layers
    return {
        "name": net.name,
        "device": str(net.device),
        "revision": net.revision,
        "classes": net.classes,
        "labels": net.labels,
        "input": [net.in_channels, *net.input_size],
        "notes": net.notes,
        "layers": [_layer_facts(layer) for layer in shown],
        "tree": [_node_facts(node) for node in net.outline],
        "default_layer": net.shown_name(net.late_convolution),
        "parametrisations": list(PARAMETRISATIONS),
        "cam_layer": net.last_spatial if any(layer.spatial and max(layer.spatial) > 1 for layer in shown) else None,
    }


def _layer_facts(layer: Layer) -> dict[str, Any]:
    height, width = layer.spatial or (1, 1)
    field = layer.receptive_field
    return {
        "name": layer.name, "kind": layer.kind, "channels": layer.channels, "height": height, "width": width,
        "field": None if field is None else list(field.size),
    }  # fmt: skip


def _node_facts(node: Node) -> dict[str, Any]:
    """A node of the map; what is as usual is left out, for there are hundreds."""
    facts: dict[str, Any] = {"name": node.name, "label": node.label, "layer": node.layer}
    if node.layer != node.name:
        facts["kind"] = node.kind
    if node.repeats:
        facts["repeats"] = node.repeats
    if node.children:
        facts["children"] = [_node_facts(child) for child in node.children]
    return facts


def picture_facts(session: Session) -> list[dict[str, Any]]:
    """The pictures by name; their keys are equal where their contents are."""
    return [{"name": picture.name, "key": picture.key} for picture in session.pictures]


def method_facts() -> list[dict[str, Any]]:
    """The menu of all methods, with their parameters."""
    return [
        {
            "name": m.name, "label": m.label, "asks": m.asks, "signed": m.signed, "colour": m.colour, "note": m.note,
            "cheap": m.cheap, "layer": "layer" in m.accepts, "params": [p.facts for p in m.parameters],
        }
        for m in METHODS.values()
    ]  # fmt: skip


def atlas_facts(session: Session) -> dict[str, Any] | None:
    """What the page needs to know before it asks about a unit; None where there is no atlas."""
    if session.atlas is None:
        return None
    return {"name": session.atlas.path.name, "layers": list(session.atlas.layers)}
