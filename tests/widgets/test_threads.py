"""The main thread, the page's thread and the worker write traits at once; nothing is lost, nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
import pytest

from nbviz.errors import UnknownName
from nbviz.widgets import Explorer
from nbviz.widgets.turns import TURNS, Turns
from tests.doubles import LONG

Show = Callable[..., Explorer]


def together(*works: Callable[[], None]) -> None:
    """Run all at once; fails where one raises or does not come back."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        start.wait(LONG)
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * LONG)
        assert not thread.is_alive(), "a deadlock"
    assert errors == []


# -- turns


def test_a_write_is_done_at_once_where_nobody_has_the_turn() -> None:
    done: list[int] = []
    Turns().soon(lambda: done.append(1))
    assert done == [1]


def test_a_write_is_left_to_whoever_has_the_turn() -> None:
    turns, done = Turns(), []
    with turns:
        with turns:
            together(*[lambda i=i: turns.soon(lambda: done.append((i, threading.get_ident()))) for i in range(3)])
            assert done == []
        assert len(done) == 3, "an inner turn of the same thread is one as well"
    assert {ident for _, ident in done} == {threading.get_ident()}


def test_writes_keep_their_order_and_one_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    turns, done = Turns(), []

    def leave() -> None:
        for i in range(5):
            turns.soon(lambda i=i: done.append(i) if i != 2 else [].pop())

    with turns:
        together(leave)
    assert done == [0, 1, 3, 4]
    assert "an observer failed" in caplog.text


def test_settling_waits_for_the_turn_but_not_longer_than_it_may() -> None:
    turns, done = Turns(), []
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with turns:
            inside.set()
            leave.wait(LONG)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(LONG)
    turns.soon(lambda: done.append(1))
    assert turns.settle(timeout=0) is False
    assert done == []
    leave.set()
    assert turns.settle() is True
    assert done == [1]
    holder.join()


def test_no_write_is_lost_in_a_crowd() -> None:
    turns, done = Turns(), []

    def crowd() -> None:
        for _ in range(500):
            turns.soon(lambda: done.append(1))
            with turns:
                turns.soon(lambda: done.append(1))

    together(*[crowd] * 4)
    assert len(done) == 4000


# -- widgets


def test_three_threads_write_and_the_page_agrees_in_the_end(w: Explorer) -> None:
    """A cell sets units, the page sets pictures and classes, the worker sets the status, all the time."""
    rounds = 150

    def cell() -> None:
        for i in range(rounds):
            w.unit = f"{'03'[i % 2]}:{i % 8}"

    def page() -> None:
        for i in range(rounds):
            w.comm.set(image_index=i % 3, target=i % 4)

    def clicks() -> None:
        for i in range(rounds):
            w.comm.ask(f"r{i}", "maps", ["maps", "overlay"][i % 2], image=i % 3, layer="3" if i % 5 else "none")

    together(cell, page, clicks)
    assert w.wait(LONG)
    assert (w.unit, w.layer) == ("3:5", "3")
    assert (w.image_index, w.target) == ((rounds - 1) % 3, (rounds - 1) % 4)
    assert w.status in ("idle", "failed")
    for name in ("unit", "layer", "status", "last_error"):
        assert w.comm.state(name) == getattr(w, name), name
    answered = [m["rid"] for m in w.comm.custom() if m["type"] in ("result", "failure", "cancelled")]
    assert sorted(answered) == sorted(f"r{i}" for i in range(rounds))


def test_what_a_cell_sets_wrongly_is_refused_also_while_the_page_sets(w: Explorer) -> None:
    """traitlets checks nothing on the whole widget while a page's update is taken in, whichever thread sets."""
    refused: list[str] = []

    def cell() -> None:
        for i in range(300):
            with pytest.raises(UnknownName):
                w.layer = f"none {i}"
            refused.append(w.layer)

    def page() -> None:
        for i in range(300):
            w.comm.set(image_index=i % 3, layer="03"[i % 2])

    together(cell, page)
    assert set(refused) <= {"0", "3"}
    assert w.layer == "3"


def test_linked_widgets_set_from_both_ends_do_not_lock_each_other(show: Show) -> None:
    one, other = show(), show()
    ipywidgets.link((one, "unit"), (other, "unit"))
    ipywidgets.link((one, "layer"), (other, "layer"))

    def cell() -> None:
        for i in range(200):
            one.unit = f"3:{i % 12}"

    def page() -> None:
        for i in range(200):
            other.comm.set(unit=f"0:{i % 8}", layer="0")

    together(cell, page)
    one.unit = "3:1"
    assert (other.unit, other.layer) == ("3:1", "3")


def test_several_traits_set_as_one_are_not_torn_apart(w: Explorer) -> None:
    def cell() -> None:
        for i in range(100):
            with w.hold_sync(), w.hold_trait_notifications():
                w.unit, w.image_index = f"3:{i % 12}", i % 3

    def page() -> None:
        for i in range(100):
            w.comm.set(target=i % 4)

    def clicks() -> None:
        for i in range(100):
            w.comm.ask(f"r{i}", "maps", image=0, layer="0")

    together(cell, page, clicks)
    assert w.wait(LONG)
    for name in ("unit", "image_index", "status"):
        assert w.comm.state(name) == getattr(w, name)
    assert w.target == 99 % 4


def test_an_observer_may_wait_for_the_worker(w: Explorer) -> None:
    """It holds the turn meanwhile, so the worker must be able to finish without one."""
    seen: list[Any] = []

    def observer(_change: Any) -> None:
        w.comm.ask("r1", "maps", image=0, layer="0")
        seen.append(w.wait(LONG))

    w.observe(observer, "unit")
    together(lambda: setattr(w, "unit", "0:3"))
    assert seen == [True]
    assert w.status == "idle"


def test_an_observer_on_the_workers_thread_that_waits_is_told(w: Explorer, caplog: pytest.LogCaptureFixture) -> None:
    def observer(change: Any) -> None:
        if threading.current_thread().name.startswith("nbviz-"):
            w.wait()

    w.observe(observer, "status")
    w.comm.ask("r1", "maps", image=0, layer="0")
    together(lambda: w.wait(LONG) and None)
    assert "would wait for itself" in caplog.text
    assert w.status == "idle"


def test_an_observer_of_the_status_that_fails_loses_no_answer(w: Explorer, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_change: Any) -> None:
        raise ZeroDivisionError

    w.observe(fail, "status")
    for i in range(3):
        w.comm.ask(f"r{i}", "maps", image=i, layer="0")
        assert w.wait(LONG)
    assert [m["type"] for m in w.comm.custom()] == ["ack", "result"] * 3
    assert w.status == "idle"
    assert "an observer failed" in caplog.text


def test_wait_says_when_the_time_is_up(w: Explorer) -> None:
    w.comm.ask("r1", "synthesis", "excites", target={"unit": "3:4"}, steps=100_000, size=32, seed=0)
    assert w.wait(timeout=0.01) is False
    assert w.status == "computing"
    w.comm.say(type="cancel", rid="r1")
    assert w.wait(LONG) is True
    assert w.status == "idle"


def test_two_widgets_on_one_device_are_both_answered_while_one_computes(show: Show) -> None:
    one, other = show(), show()
    one.comm.ask("long", "synthesis", "excites", target={"unit": "3:4"}, steps=100_000, size=32, seed=0)
    other.comm.ask("click", "projection", image=0, unit="3:4", method="deconvnet")
    assert other.wait(LONG)
    assert [m["type"] for m in other.comm.custom()] == ["ack", "result"]
    assert (one.status, other.status) == ("computing", "idle")


def test_two_hundred_fast_clicks_leave_the_right_picture(w: Explorer) -> None:
    for i in range(200):
        w.comm.ask(f"s{i}", "synthesis", "excites", target={"unit": f"3:{i % 12}"}, steps=40, size=32, seed=0)
        w.comm.ask(f"p{i}", "projection", image=i % 3, unit=f"3:{i % 12}", method="deconvnet")
    assert w.wait(LONG)
    last = {m["rid"]: m["type"] for m in w.comm.custom()}
    assert (last["s199"], last["p199"]) == ("result", "result")
    assert set(last.values()) <= {"result", "cancelled"}
    results = [m for m in w.comm.custom() if m["type"] == "result"]
    assert [m["meta"]["objective"] for m in results if m["rid"] == "s199"] == ["3:7"]
    assert TURNS.settle(LONG)
