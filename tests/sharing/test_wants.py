"""What is recorded is what a page asks for: the golden questions that the page's tests check, too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbviz import protocol
from nbviz.sharing import compared, wants
from nbviz.sharing.archive import Question
from nbviz.sharing.wants import PANELS, ROWS, Facts

GOLDEN = json.loads((Path(__file__).parents[1] / "contract" / "sharing" / "wants.json").read_text("utf-8"))


def canonical(questions: list[Question]) -> list[str]:
    return sorted(question.canonical for question in questions)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["says"])
def test_python_asks_what_the_page_asks(case: dict[str, Any]) -> None:
    predicted = [lambda _image: GOLDEN["predicted"]] * 2
    facts = Facts({**GOLDEN["state"], **case["state"]}, *predicted)
    place = replace(facts.opening, **case["at"])
    asked = [*wants.at(facts, place), *compared.at(facts, place)]
    assert canonical(asked) == canonical([Question(q["op"], q["args"]) for q in case["questions"]])
    for question in asked:
        message = {"type": "request", "rid": "r", "slot": "maps", "op": question.op, **question.args}
        assert protocol.parse(message).op == question.op  # type: ignore[union-attr]


def test_null_and_empty_arguments_are_no_arguments() -> None:
    full = Question("overlay", {"image": 0, "layer": None, "params": {}, "targets": [None, 3]})
    assert full.canonical == Question("overlay", {"targets": [None, 3], "image": 0}).canonical
    assert full.canonical != Question("overlay", {"targets": [3], "image": 0}).canonical


def test_every_panel_of_every_view_has_its_row() -> None:
    assert {panel for panels in (*PANELS.values(), *compared.PANELS.values()) for panel in panels} <= set(ROWS)
    assert set(ROWS) <= set(protocol.SLOTS)


def test_what_is_recorded_includes_where_bookmarks_and_pins_lead_as_far_as_it_is_there() -> None:
    layer, image = "layer3", 1
    state = {**GOLDEN["state"], "_network": {"layers": [{"name": layer}]}, "_images": [{}, {}]}
    view = {"layer": layer, "unit": "", "image_index": image, "method": "", "target": 1}
    bookmarks = {"a": {**view, "page": {"grid.sort": "contribution"}}, "b": {**view, "layer": "gone", "page": {}}}
    facts = Facts({**state, "bookmarks": bookmarks, "pins": [{"unit": f"{layer}:1@0,0", "name": "", "note": ""}]})
    pinned, bookmarked = facts.kept
    assert (bookmarked.layer, bookmarked.image, bookmarked.target, bookmarked.sort) == (layer, image, 1, "contribution")
    assert bookmarked.method == facts.opening.method
    assert pinned == replace(facts.opening, layer=layer, unit=f"{layer}:1@0,0")
