"""Pins and bookmarks: what they take, what they refuse, what travels to the page and back."""

from __future__ import annotations

import json
from collections.abc import Callable

import ipywidgets
import pytest

import nbviz
from nbviz.errors import BadRequest, NbvizError, OutOfRange, UnknownName
from nbviz.widgets import Explorer
from nbviz.widgets.bookmarks import View, slug
from nbviz.widgets.pins import Pin
from tests.conftest import ROOT

Show = Callable[..., Explorer]


def test_pins_are_taken_in_every_way_a_unit_is_written(w: Explorer) -> None:
    w.pins = ["3:1", w.net.unit("0", 2, 4, 5), {"unit": "0:3", "name": "floppy ear"}, Pin("3:2", note="seen often")]
    assert w.pins == (Pin("3:1"), Pin("0:2@4,5"), Pin("0:3", "floppy ear"), Pin("3:2", note="seen often"))
    assert w.comm.state("pins")[2] == {"unit": "0:3", "name": "floppy ear", "note": ""}
    json.dumps(w.comm.state("pins"))


def test_the_chosen_unit_is_pinned_named_and_let_go(w: Explorer) -> None:
    w.unit = "0:3"
    w.pin()
    w.pin("3:1", "whiskers")
    w.pin(name="floppy ear")
    assert w.pins == (Pin("0:3", "floppy ear"), Pin("3:1", "whiskers"))
    w.unpin()
    assert w.pins == (Pin("3:1", "whiskers"),)
    with pytest.raises(BadRequest, match="0:3 is not pinned"):
        w.unpin()
    w.unit = ""
    with pytest.raises(BadRequest, match="No unit is chosen"):
        w.pin()


@pytest.mark.parametrize(
    ("pins", "error", "says"),
    [
        (["3:12"], OutOfRange, "there is no unit 12"),
        (["9:1"], UnknownName, "no layer '9'"),
        (["3:1", "3:1"], BadRequest, "3:1 is pinned twice"),
        (["ear"], BadRequest, "'ear' is not a unit"),
        ("3:1", BadRequest, "Pins are a list of units"),
        ([3], BadRequest, "3 is no pin; give a unit"),
        ([{"unit": "3:1", "nmae": "x"}], BadRequest, "is no pin"),
        ([{"unit": "3:1", "note": 3}], BadRequest, "are texts, not '' and 3"),
    ],
)
def test_pins_that_do_not_fit_are_refused_and_change_nothing(
    w: Explorer, pins: object, error: type[Exception], says: str
) -> None:
    w.pins = ["0:1"]
    with pytest.raises(error) as caught:
        w.pins = pins
    assert says in str(caught.value)
    assert w.pins == (Pin("0:1"),)
    w.comm.set(pins=pins)
    assert says in w.last_error
    assert w.comm.state("pins") == [{"unit": "0:1", "name": "", "note": ""}]


def test_pins_of_the_page_are_heard_without_an_echo_and_cannot_be_changed_in_place(w: Explorer) -> None:
    heard = []
    w.observe(lambda change: heard.append(change["new"]), "pins")
    w.comm.set(pins=[{"unit": "0:1", "name": "a", "note": "b"}])
    assert heard == [(Pin("0:1", "a", "b"),)]
    assert w.comm.updates() == []
    with pytest.raises(AttributeError):
        w.pins.append("0:2")


def test_pins_and_bookmarks_can_be_linked_and_carried_over(show: Show) -> None:
    one, other = show(), show()
    for name in ("pins", "bookmarks"):
        ipywidgets.link((one, name), (other, name))
    one.pin("0:1", "a")
    other.bookmark("here")
    assert (other.pins, one.bookmarks) == (one.pins, other.bookmarks)
    third = show(pins=one.pins, bookmarks=one.bookmarks)
    assert (third.pins, third.bookmarks) == (one.pins, one.bookmarks)
    assert third.comm.opened["bookmarks"]["here"]["layer"] == one.layer


def test_a_bookmark_brings_the_whole_view_back(w: Explorer) -> None:
    w.comm.set(_page={"mode": "unit", "opacity": 0.5})
    w.unit, w.layer, w.image_index, w.method, w.target = "0:3@1,2", "3", 2, "guided_backprop", "cat"
    assert w.bookmark("Floppy ear") == "[Floppy ear](#nbviz:floppy-ear)"
    seen = w.view
    assert w.bookmarks == {"Floppy ear": seen}
    assert seen == View("3", "0:3@1,2", 2, "guided_backprop", 2, {"mode": "unit", "opacity": 0.5})
    w.visit("3:1")
    assert (w.unit, w.layer, w.image_index) == ("3:1", "3", 2)
    w.image_index, w.method, w.target = 0, "deconvnet", None
    w.comm.set(_page={"mode": "class", "opacity": 1})
    w.visit("floppy-ear")
    assert w.view == seen
    assert w.comm.state("_page") == {"mode": "unit", "opacity": 0.5}
    w.visit("#nbviz:0:5")
    assert (w.unit, w.layer) == ("0:5", "0")
    w.visit(seen)
    assert w.view == seen


def test_a_bookmark_made_without_a_unit_takes_the_unit_away(w: Explorer) -> None:
    unit = w.unit
    w.unit = ""
    w.bookmark("bare")
    w.unit = unit
    w.visit("bare")
    assert w.unit == ""


def test_a_bookmark_is_replaced_under_its_name_and_removed_by_assignment(w: Explorer) -> None:
    w.bookmark("here")
    w.layer = "0"
    w.bookmark("here")
    assert w.bookmarks["here"].layer == "0"
    with pytest.raises(TypeError):
        w.bookmarks["there"] = w.view
    w.bookmarks = {}
    with pytest.raises(UnknownName, match="no bookmark 'here'; there are none"):
        w.visit("here")


@pytest.mark.parametrize(
    ("bookmarks", "says"),
    [
        ({"": {"layer": "3"}}, "needs a name with a letter or digit"),
        ({"–!": {"layer": "3"}}, "needs a name with a letter or digit"),
        ({"0:3": {"layer": "3"}}, "is how a unit is written"),
        ({"Floppy ear": {"layer": "3"}, "floppy-ear": {"layer": "0"}}, "have the same link, #nbviz:floppy-ear"),
        ({"here": {"unit": "0:1"}}, "is no view"),
        ({"here": {"layer": "3", "image_index": "1"}}, "does not say what to show"),
        ({"here": {"layer": "3", "page": None}}, "does not say what to show"),
        ({"here": "3"}, "is no view"),
        (["here"], "Bookmarks are a mapping"),
    ],
)
def test_bookmarks_that_do_not_fit_are_refused(w: Explorer, bookmarks: object, says: str) -> None:
    with pytest.raises(BadRequest) as caught:
        w.bookmarks = bookmarks
    assert says in str(caught.value)
    w.comm.set(bookmarks=bookmarks)
    assert says in w.last_error
    assert w.bookmarks == {}


def test_a_bookmark_of_what_is_no_longer_there_changes_nothing(w: Explorer) -> None:
    before = w.view
    w.bookmarks = {"gone": {"layer": "0", "image_index": 7, "unit": "0:1"}}
    with pytest.raises(NbvizError, match=r"'gone' cannot be shown\. .*there is no picture 7"):
        w.visit("gone")
    assert w.view == before
    with pytest.raises(UnknownName, match=r"no bookmark 'gne'; there are 'gone'\. Did you mean 'gone'"):
        w.visit("gne")


def test_links_are_the_names_as_the_page_writes_them() -> None:
    names = json.loads((ROOT / "tests" / "widgets" / "links.json").read_text("utf-8"))
    assert {name: slug(name) for name in names} == names


def test_pins_and_views_are_at_the_front_door() -> None:
    assert (nbviz.Pin, nbviz.View) == (Pin, View)
