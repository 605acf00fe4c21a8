"""What a page asks of the second network, where two are compared: the same as of the first one, panel by panel."""

from __future__ import annotations

from dataclasses import replace

from . import wants
from .archive import Question
from .wants import Facts, Place

PANELS: dict[str, tuple[str, ...]] = {
    "explorer": ("picture", "maps", "overlay", "projection", "excites", "gallery", "filters"),
    "heatmap_overlay": ("picture", "overlay"),
}
"""The panels of a view that show both networks."""


def at(facts: Facts, place: Place) -> list[Question]:
    """What the widget's panels ask of the second network at a place; nothing where there is none."""
    if not facts.state.get("_beside") or place.contrast != "network":
        return []
    # The class that is shown of the first network is shown of the second one, whatever that predicts.
    target = place.target if place.target is not None else next(iter(facts.predicted(place.image)), None)
    there = replace(facts, predicted=facts.predicted_beside)
    asked = wants.asked(there, replace(place, target=target), PANELS.get(facts.state["_view"], ()))
    return [Question(question.op, {**question.args, "network": 1}) for question in asked]
