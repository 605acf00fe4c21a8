"""A closed widget leaves nothing behind: no thread that computes for it, no recording, no entry in a registry."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import ipywidgets
import pytest

from nbviz.errors import UnknownName
from nbviz.network import Network
from nbviz.widgets import Explorer
from tests.doubles import LONG, noise
from tests.widgets.conftest import Wire


def test_everything_is_collected_after_close(net: Network) -> None:
    w = Explorer(net, noise(2))
    w.comm.ask("r1", "maps", image=1, layer="0")
    w.comm.ask("r2", "synthesis", "excites", target={"unit": "3:4"}, steps=3, size=32, seed=0)
    assert w.wait(LONG)
    watched = [weakref.ref(thing) for thing in (w, w.session, w._transport, w.session.recording(0), w.comm)]
    w.close()
    assert w.wait(LONG)
    del w
    gc.collect()
    assert [ref() for ref in watched] == [None] * len(watched)


def test_a_closed_widget_that_is_still_named_holds_no_recording(net: Network) -> None:
    """In a notebook `w` and `Out[5]` keep it."""
    w = Explorer(net, noise(1))
    recording = weakref.ref(w.session.recording(0))
    w.close()
    gc.collect()
    assert recording() is None
    assert w._model_id not in ipywidgets.widgets.widget._instances


def progress_of(wire: Wire) -> threading.Event:
    """Set when the first frame is on its way."""
    publish, seen = wire.publish_msg, threading.Event()

    def watch(*args: Any, **kwargs: Any) -> None:
        publish(*args, **kwargs)
        if any(message["type"] == "progress" for message in wire.custom()):
            seen.set()

    wire.publish_msg = watch  # type: ignore[method-assign]
    return seen


def test_closing_while_computing_cancels_and_then_lets_go(net: Network) -> None:
    w = Explorer(net, noise(1))
    running = progress_of(w.comm)
    w.comm.ask("r1", "synthesis", "excites", target={"unit": "3:4"}, steps=10**6, size=32, seed=0)
    assert running.wait(LONG)
    w.close()
    assert w.wait(LONG), "cancelled within a step, not after a million"
    assert w.status == "idle"
    watched = [weakref.ref(w), weakref.ref(w.session)]
    del w
    gc.collect()
    assert [ref() for ref in watched] == [None, None]


def test_closing_twice_and_using_a_closed_widget_is_harmless(net: Network) -> None:
    w = Explorer(net, noise(2))
    w.close()
    w.close()
    w.unit = "0:1"
    assert w.layer == "0"
    with pytest.raises(UnknownName):
        w.layer = "none"
    assert w.wait(0) is True


def test_a_widget_that_could_not_be_made_leaves_nothing(net: Network) -> None:
    before = len(ipywidgets.widgets.widget._instances)
    for wrong in ({"layer": "none"}, {"target": "none"}, {"method": "none"}, {"hieght": 3}):
        with pytest.raises(UnknownName):
            Explorer(net, noise(1), **wrong)
    gc.collect()
    assert len([i for i in ipywidgets.widgets.widget._instances.values() if isinstance(i, Explorer)]) <= before


def test_closing_from_an_observer_on_the_workers_thread(net: Network) -> None:
    w = Explorer(net, noise(1))
    w.observe(lambda change: w.close() if change["new"] == "idle" else None, "status")
    w.comm.ask("r1", "maps", image=0, layer="0")
    assert w.wait(LONG)
    assert w.comm is None
