"""What can be set, observed and linked from Python, and what a page may set."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets
import numpy as np
import pytest
import traitlets

from nbviz.errors import BadRequest, NbvizError, OutOfRange, UnknownName
from nbviz.widgets import Explorer
from tests.doubles import noise
from tests.widgets.conftest import Wire

Show = Callable[..., Explorer]


def test_a_view_opens_on_the_strongest_unit_of_the_last_convolution(w: Explorer) -> None:
    strongest = int(w.session.recording(0).maps("3").detach().amax((1, 2)).argmax())
    assert (w.layer, w.unit, w.image_index, w.method, w.target) == ("3", f"3:{strongest}", 0, "deconvnet", None)
    assert (w.status, w.last_error) == ("idle", "")


def test_what_is_asked_for_is_what_opens(show: Show) -> None:
    w = show(layer="0", unit="3:4@1,2", image_index=2, method="guided_backprop", target="cat", height=500)
    assert (w.layer, w.unit, w.image_index, w.method, w.target) == ("0", "3:4@1,2", 2, "guided_backprop", 2)
    assert w.comm.opened["layer"] == w.comm.state("layer") == "0"
    assert w._options == {"height": 500}
    assert show(unit=w.net.unit("0", 3)).layer == "0"
    assert show(layer="0").unit.startswith("0:")


def test_a_unit_takes_the_view_to_its_layer_and_a_layer_leaves_the_unit(w: Explorer) -> None:
    w.unit = "0:2"
    assert (w.layer, w.unit) == ("0", "0:2")
    w.layer = "3"
    assert (w.layer, w.unit) == ("3", "0:2")
    w.unit = ""
    assert (w.layer, w.unit) == ("3", "")
    w.unit = w.net.unit("0", 1, 4, 5)
    assert (w.layer, w.unit) == ("0", "0:1@4,5")


@pytest.mark.parametrize(
    ("target", "index"), [("cat", 2), ("CAT", 2), (3, 3), (np.int64(1), 1), ("1", 1), (None, None)]
)
def test_a_class_may_be_given_by_label(w: Explorer, target: object, index: int | None) -> None:
    w.target = target
    assert w.target == index
    assert type(w.target) in (int, type(None))
    assert w.comm.state("target") == index


@pytest.mark.parametrize(
    ("name", "value", "error", "says"),
    [
        ("layer", "33", UnknownName, "no layer '33'. Did you mean '3'"),
        ("unit", "3", BadRequest, "'3' is not a unit; write 'layer:channel'"),
        ("unit", "3:12", OutOfRange, "units 0 … 11; there is no unit 12"),
        ("unit", "3:1@16,0", OutOfRange, "are 16×16; there is no position (16, 0)"),
        ("unit", "9:1", UnknownName, "no layer '9'"),
        ("image_index", 3, OutOfRange, "pictures 0 … 2; there is no picture 3"),
        ("image_index", -1, OutOfRange, "there is no picture -1"),
        ("method", "deconvnte", UnknownName, "no method 'deconvnte' for units; there are deconvnet"),
        ("method", "grad_cam", UnknownName, "no method 'grad_cam' for units"),
        ("target", "dgo", UnknownName, "No class is labelled 'dgo'. Did you mean 'dog'"),
        ("target", 4, OutOfRange, "classes 0 … 3; there is no class 4"),
        ("target", 1.5, BadRequest, "1.5 is not a class; give a label, an index, or None"),
        ("target", True, BadRequest, "True is not a class"),
        ("layer", 3, traitlets.TraitError, "expected a unicode string"),
    ],
)
def test_what_does_not_exist_is_refused_and_changes_nothing(
    w: Explorer, name: str, value: object, error: type[Exception], says: str
) -> None:
    before, published = getattr(w, name), len(w.comm.published)
    with pytest.raises(error) as caught:
        setattr(w, name, value)
    assert says in str(caught.value)
    assert getattr(w, name) == before
    assert len(w.comm.published) == published
    with pytest.raises((NbvizError, traitlets.TraitError)):
        Explorer(w.net, noise(3), **{name: value})


def test_options_are_checked(show: Show) -> None:
    with pytest.raises(UnknownName, match="Explorer has no option 'hieght'; there are height, colormap"):
        show(hieght=3)
    with pytest.raises(traitlets.TraitError, match="Option 'height' of Explorer cannot be '3'"):
        show(height="3")
    with pytest.raises(NbvizError):
        show(colormap="jet or so")


def test_observers_hear_of_every_change_once(w: Explorer) -> None:
    heard: list[tuple[str, object]] = []
    w.observe(lambda change: heard.append((change["name"], change["new"])), ["unit", "layer", "target"])
    w.unit = "0:3"
    w.unit = "0:3"
    w.target = "dog"
    assert sorted(heard, key=str) == [("layer", "0"), ("target", 3), ("unit", "0:3")]


def test_an_observer_that_fails_is_heard_and_breaks_nothing(w: Explorer) -> None:
    def fail(_change: object) -> None:
        raise ZeroDivisionError

    w.observe(fail, "unit")
    with pytest.raises(ZeroDivisionError):
        w.unit = "0:3"
    w.unobserve(fail, "unit")
    w.unit = "0:4"
    assert w.comm.state("unit") == "0:4"


@pytest.mark.parametrize("link", [ipywidgets.link, traitlets.link])
def test_two_widgets_can_be_linked(show: Show, link: Callable[..., object]) -> None:
    one, other = show(), show()
    for name in ("unit", "layer", "image_index", "target"):
        link((one, name), (other, name))
    one.unit, one.image_index = "0:5", 2
    other.target = "bee"
    assert (other.unit, other.layer, other.image_index) == ("0:5", "0", 2)
    assert one.target == 1
    assert (other.comm.state("unit"), one.comm.state("target")) == ("0:5", 1)
    one.comm.set(unit="3:7", layer="3")
    assert (other.unit, other.layer, other.comm.state("unit")) == ("3:7", "3", "3:7")


def test_a_slider_can_choose_the_picture(w: Explorer) -> None:
    slider = ipywidgets.IntSlider(max=2)
    ipywidgets.link((slider, "value"), (w, "image_index"))
    slider.value = 2
    assert w.image_index == 2
    slider.close()


# -- the page sets


def test_what_the_page_sets_is_set_without_an_echo(w: Explorer) -> None:
    w.comm.set(layer="0", unit="0:1")
    assert (w.layer, w.unit) == ("0", "0:1")
    assert w.comm.updates() == []


def test_a_page_that_sets_only_the_unit_is_told_its_layer(w: Explorer) -> None:
    w.comm.set(unit="0:1")
    assert w.layer == w.comm.state("layer") == "0"


def test_a_page_may_show_a_layer_beside_a_unit_of_another_one(w: Explorer) -> None:
    w.comm.set(unit="0:1", layer="3")
    assert (w.unit, w.layer) == ("0:1", "3")
    assert w.comm.updates() == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("layer", "33", "no layer '33'"),
        ("unit", "3:99", "there is no unit 99"),
        ("image_index", 7, "there is no picture 7"),
        ("method", "x", "no method 'x'"),
        ("target", "dgo", "Did you mean 'dog'"),
        ("layer", 7, "expected a unicode string"),
    ],
)
def test_what_the_page_may_not_set_is_kept_out_told_and_set_right(
    w: Explorer, name: str, value: object, says: str
) -> None:
    before = getattr(w, name)
    w.comm.set(**{name: value, "target": 1} if name != "target" else {name: value, "image_index": 1})
    assert getattr(w, name) == before
    assert says in w.last_error
    assert w.comm.state("last_error") == w.last_error
    assert w.comm.state(name) == before
    assert any(name in data["state"] for data in w.comm.updates())
    assert (w.target, w.image_index) == ((1, 0) if name != "target" else (None, 1))


def test_the_layout_may_still_be_set_by_the_page(w: Explorer) -> None:
    """It travels as the name of another model."""
    layout = ipywidgets.Layout(width="300px")
    w.comm.set(layout=f"IPY_MODEL_{layout.model_id}")
    assert w.layout is layout
    assert w.last_error == ""


def test_a_page_that_asks_for_the_state_gets_all_of_it(w: Explorer) -> None:
    w.comm.handle_msg({"content": {"data": {"method": "request_state"}}, "buffers": []})
    (state,) = [data["state"] for data in w.comm.updates()]
    assert set(Wire.opened.fget(w.comm)) <= set(state)  # type: ignore[attr-defined]
