"""What two networks have to have in common to be looked at beside each other."""

from __future__ import annotations

from typing import Any

from ..errors import BadModel
from ..network import Network


def beside_facts(net: Network, beside: Network) -> dict[str, Any]:
    """What the page has to know of the second network, and what of the two does not match, in words."""
    shared = [name for name in net.layers if name in beside.layers]
    if not shared:
        raise BadModel(
            f"{net.name} and {beside.name} have no layer of the same name, so there is nothing to compare unit by "
            "unit; give two networks that are built alike, such as two checkpoints."
        )
    notes = []
    if len(shared) < max(len(net.layers), len(beside.layers)):
        notes.append(f"{len(shared)} layers are in both, of {len(net.layers)} and {len(beside.layers)}.")
    if (net.classes, net.labels) != (beside.classes, beside.labels):
        notes.append("Their classes differ; those of the same number are compared.")
    name = beside.name if beside.name != net.name else f"{beside.name} (B)"
    return {"name": name, "notes": notes}
