"""The Dreamer as Python sees it: what may be set, what is kept for readers without a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import traitlets

import nbviz
from nbviz.errors import UnknownName
from nbviz.network import Network
from nbviz.widgets import Dreamer
from tests.doubles import LONG, noise

from .conftest import Wire

DREAM = {
    "image": 0, "target": {"layer": "3"}, "guide": None, "octaves": 1, "steps": 2, "strength": 1.5, "size": 64,
    "seed": 0,
}  # fmt: skip


@pytest.fixture
def w(net: Network) -> Iterator[Dreamer]:
    widget = Dreamer(net, noise(2), layer="3", size=64)
    yield widget
    widget.close()
    assert widget.wait(LONG)


def test_it_opens_on_a_dream_of_the_chosen_layer(w: Dreamer) -> None:
    assert nbviz.Dreamer is Dreamer
    assert (w._view, w.method, w.layer) == ("dreamer", "dream", "3")
    assert [row["name"] for row in w._methods] == ["dream", "inversion"]
    assert Dreamer(w.net, noise(1)).layer == w.net.late_convolution


def test_it_has_two_methods_and_names_them(w: Dreamer) -> None:
    w.method = "inversion"
    with pytest.raises(UnknownName, match="A Dreamer has no method 'deconvnet'; there are dream and inversion"):
        w.method = "deconvnet"
    assert w.method == "inversion"


def test_options_are_checked(net: Network) -> None:
    widget = Dreamer(net, noise(1), octaves=2, steps=5, strength=2, seed=1)
    assert widget._options == {"octaves": 2, "steps": 5, "strength": 2, "seed": 1}
    with pytest.raises(UnknownName, match=r"Dreamer has no option 'octave'.*'octaves'"):
        Dreamer(net, noise(1), octave=2)
    with pytest.raises(traitlets.TraitError, match="Option 'steps' of Dreamer cannot be 'many'"):
        Dreamer(net, noise(1), steps="many")


def test_a_dream_asked_for_by_the_page_is_answered(w: Dreamer) -> None:
    wire = w.comm
    assert isinstance(wire, Wire)
    wire.ask("r1", "dream", **DREAM)
    assert w.wait(LONG)
    (result,) = [message for message in wire.custom() if message["type"] == "result"]
    assert result["meta"]["objective"] == "3"


def test_what_was_made_is_in_the_contact_sheet_and_in_the_page_without_a_kernel(w: Dreamer, tmp_path: Path) -> None:
    assert "dream of" not in w._repr_mimebundle_()[0]["text/html"]
    w.session.answer("dream", DREAM)
    w.session.answer("inversion", {"image": 0, "layers": ["0", "3"], "steps": 2, "seed": 0})
    sheet = w._repr_mimebundle_()[0]["text/html"]
    assert "dream of 3 · 2 steps" in sheet
    assert "as remembered by 0 (relative error" in sheet
    without = tmp_path / "without.html"
    other = Dreamer(w.net, noise(2), layer="3", size=64)
    other.to_html(without)
    assert w.to_html(tmp_path / "with.html").stat().st_size > without.stat().st_size + 2000
