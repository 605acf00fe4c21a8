"""From a message of the page to its answer: exactly one each, whatever fails, and frames no faster than painted."""

from __future__ import annotations

import contextvars
import itertools
import logging
import random
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from nbviz import transport
from nbviz.errors import NotDefined, OutOfRange, UnknownName
from nbviz.session import Answer, Report
from nbviz.transport import FRAME_INTERVAL, PATIENCE, Reporter, Transport, one_line
from tests.doubles import LONG, Page

Work = Callable[[str, dict[str, Any], Report], Answer]


class StubSession:
    """Answers with whatever the test says, under a network that consists of a device and a revision."""

    def __init__(self, work: Work | None = None) -> None:
        self.net = SimpleNamespace(device=torch.device("cpu"))
        self.revision = 0
        self.work = work or (lambda op, _args, _report: answer_of(op))

    def of(self, network: int) -> StubSession:
        return self

    def answer(self, op: str, args: dict[str, Any], report: Report) -> Answer:
        return self.work(op, args, report)

    def takes_steps(self, op: str, args: dict[str, Any]) -> bool:
        return op == "synthesis"


def answer_of(op: str) -> Answer:
    return Answer(f"key of {op}", {"op": op}, [np.arange(6, dtype=np.uint8).reshape(2, 3)])


class Line:
    """A page, the transport, and the work at its other end."""

    def __init__(self) -> None:
        self.page, self.session = Page(), StubSession()
        self.transport = Transport(self.page, self.session)  # type: ignore[arg-type]
        self.page.status = lambda: self.transport.status

    def works(self, work: Work) -> None:
        self.session.work = work

    def finish(self) -> None:
        assert self.transport.wait(LONG)


@pytest.fixture
def line() -> Line:
    return Line()


class Hold:
    """Work that stays at a checkpoint until it is let go or cancelled."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, op: str, _args: dict[str, Any], report: Report) -> Answer:
        self.begun.set()
        while not self.go.wait(0.001):
            report(0, 1, "")
        return answer_of(op)


def raising(error: BaseException) -> Work:
    def work(*_: Any) -> Answer:
        raise error

    return work


# -- the way there and back


def test_hello_is_answered_at_once_by_the_handler(line: Line) -> None:
    line.session.revision = 3
    line.page.say(type="hello", view_id="v")
    assert line.page.sent == [{"type": "welcome", "revision": 3}]
    assert line.page.threads == [threading.current_thread().name]


def test_a_request_is_acknowledged_by_the_handler_and_answered_by_the_worker(line: Line) -> None:
    line.page.ask("r1")
    line.finish()
    assert line.page.sent == [
        {"type": "ack", "rid": "r1", "state": "queued"},
        {"type": "result", "rid": "r1", "op": "picture", "key": "key of picture", "meta": {"op": "picture"}},
    ]
    assert line.page.buffers == [[], [bytes(range(6))]]
    assert line.page.threads == [threading.current_thread().name, "nbviz-cpu:0"]


def test_the_handler_returns_while_the_worker_computes(line: Line) -> None:
    hold = Hold()
    line.works(hold)
    line.page.ask("r1")
    assert hold.begun.wait(LONG)
    assert line.page.of("r1")[0] == "ack"
    assert not line.page.answers("r1")
    hold.go.set()
    assert line.page.answer("r1")["type"] == "result"


def test_the_answer_is_computed_in_the_context_of_the_handler(line: Line) -> None:
    """ipykernel finds the cell that an output belongs to in the context."""
    cell: contextvars.ContextVar[str] = contextvars.ContextVar("cell", default="none")
    seen: list[str] = []
    line.works(lambda op, _args, _report: seen.append(cell.get()) or answer_of(op))
    contextvars.copy_context().run(lambda: (cell.set("cell 7"), line.page.ask("r1")))
    line.finish()
    assert seen == ["cell 7"]


def test_the_comm_is_taken_off_the_main_shells_route_where_that_exists() -> None:
    page = Page()
    page.comm = SimpleNamespace(_reply_subshell_for="main")
    Transport(page, StubSession())  # type: ignore[arg-type]
    assert page.comm._reply_subshell_for is None
    page.comm = SimpleNamespace()
    Transport(page, StubSession())  # type: ignore[arg-type]
    assert not vars(page.comm)


# -- superseding and cancelling


def test_a_newer_request_of_the_slot_cancels_the_older(line: Line) -> None:
    hold = Hold()
    line.works(lambda op, args, report: hold(op, args, report) if args["image"] == 0 else answer_of(op))
    line.page.say(type="request", rid="old", slot="picture", op="picture", image=0)
    assert hold.begun.wait(LONG)
    line.page.say(type="request", rid="new", slot="picture", op="picture", image=1)
    assert line.page.answer("old")["type"] == "cancelled"
    assert line.page.answer("new")["type"] == "result"


def test_cancel_ends_a_running_request_and_one_that_waits(line: Line) -> None:
    hold = Hold()
    line.works(hold)
    line.page.ask("running", slot="picture")
    assert hold.begun.wait(LONG)
    line.page.say(type="cancel", rid="running")
    line.page.say(type="cancel", rid="unknown")
    assert line.page.answer("running")["type"] == "cancelled"

    busy, seen = Hold(), []
    line.works(lambda op, args, _report: busy(op, args, lambda *_: None) if args["image"] == 0 else seen.append(op))
    line.page.say(type="request", rid="busy", slot="picture", op="picture", image=0)
    assert busy.begun.wait(LONG)
    line.page.say(type="request", rid="waiting", slot="maps", op="maps", image=1, layer="a")
    line.page.say(type="cancel", rid="waiting")
    busy.go.set()
    assert line.page.answer("waiting")["type"] == "cancelled"
    assert seen == []


def test_another_slot_and_another_widget_are_not_superseded(line: Line) -> None:
    other, hold = Line(), Hold()
    line.works(hold)
    line.page.ask("r1", slot="picture")
    assert hold.begun.wait(LONG)
    line.page.ask("r2", slot="overlay")
    other.page.ask("r3", slot="picture")
    assert other.page.answer("r3")["type"] == "result"
    hold.go.set()
    assert {line.page.answer(rid)["type"] for rid in ("r1", "r2")} == {"result"}


def test_a_synthesis_lets_a_click_through_and_goes_on(line: Line) -> None:
    hold = Hold()
    line.works(lambda op, args, report: hold(op, args, report) if op == "synthesis" else answer_of(op))
    line.page.ask("long", "synthesis", "excites", target={"logit": 0}, steps=9, seed=0)
    assert hold.begun.wait(LONG)
    line.page.ask("click")
    assert line.page.answer("click")["type"] == "result"
    assert not line.page.answers("long")
    hold.go.set()
    assert line.page.answer("long")["type"] == "result"


def test_a_request_that_arrives_twice_is_computed_once(line: Line) -> None:
    hold = Hold()
    line.works(hold)
    line.page.ask("r1")
    line.page.ask("r1")
    hold.go.set()
    assert line.page.answer("r1")["type"] == "result"
    line.finish()
    assert line.page.of("r1") == ["ack", "ack", "result"]


def test_the_late_twin_of_an_answered_request_is_left_alone(line: Line) -> None:
    """The page asked again over another shell; the first asking comes through when the cells have ended."""
    line.page.ask("r1")
    line.page.answer("r1")
    line.finish()
    hold = Hold()
    line.works(hold)
    line.page.ask("r2")
    line.page.ask("r1")
    hold.go.set()
    assert line.page.answer("r2")["type"] == "result"
    line.finish()
    assert line.page.of("r1") == ["ack", "result"]


def test_a_request_that_was_cancelled_before_it_came_does_not_run(line: Line) -> None:
    line.page.say(type="cancel", rid="r1")
    line.page.ask("r1")
    line.page.ask("r2")
    line.page.answer("r2")
    line.finish()
    assert line.page.of("r1") == []


# -- failures


def test_an_error_of_nbviz_is_one_sentence_under_its_own_name(line: Line) -> None:
    line.works(raising(UnknownName("There is no layer 'conv9'. Did you mean 'conv1'?")))
    line.page.ask("r1")
    failure = line.page.answer("r1")
    line.finish()
    assert (failure["kind"], failure["op"]) == ("UnknownName", "picture")
    assert failure["message"] == "There is no layer 'conv9'. Did you mean 'conv1'?"
    assert line.page.states[-1] == ("failed", failure["message"])


def test_an_unexpected_error_tells_its_type_first_line_and_traceback(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.works(raising(ValueError("first line\nsecond line")))
    line.page.ask("r1")
    failure = line.page.answer("r1")
    line.finish()
    assert (failure["kind"], failure["message"]) == ("ValueError", "ValueError: first line")
    assert "second line" in failure["traceback"]
    assert "in work" in failure["traceback"]
    assert line.page.states[-1] == ("failed", "ValueError: first line")
    assert any(record.exc_info and record.name == "nbviz" for record in caplog.records)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), MemoryError(), RecursionError("deep"), Mute()])
def test_every_kind_of_exception_is_an_answer(line: Line, error: BaseException) -> None:
    line.works(raising(error))
    line.page.ask("r1")
    assert line.page.answer("r1")["kind"] == type(error).__name__
    line.works(StubSession().work)
    line.page.ask("r2")
    assert line.page.answer("r2")["type"] == "result"


def test_one_line_is_one_line() -> None:
    assert one_line(NotDefined("A sentence.")) == "A sentence."
    assert one_line(OutOfRange("A sentence.")) == "A sentence."
    assert one_line(KeyError("name")) == "KeyError: 'name'"
    assert one_line(ValueError()) == "ValueError"
    assert one_line(Mute()) == "Mute"


def test_a_malformed_request_is_refused_where_it_says_who_asks(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    line.page.say(type="request", rid="r1", slot="picture", op="maps", image=0)
    (failure,) = line.page.sent
    assert (failure["type"], failure["kind"], failure["op"]) == ("failure", "BadRequest", "maps")
    assert failure["message"] == "The message 'maps' lacks 'layer', a text that is not empty."
    assert failure["message"] in caplog.text


@pytest.mark.parametrize("content", [None, 7, [], {}, {"type": "request", "rid": 7}, {"type": "cancel", "rid": ""}])
def test_a_malformed_message_without_a_sender_is_logged(
    line: Line, content: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for listener in line.page._listeners:
        listener(line.page, content, [])
    assert line.page.sent == []
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_a_malformed_acknowledgement_does_not_end_the_request_it_belongs_to(line: Line) -> None:
    hold = Hold()
    line.works(hold)
    line.page.ask("r1")
    assert hold.begun.wait(LONG)
    line.page.say(type="frame_ack", rid="r1", seq="1")
    hold.go.set()
    assert line.page.answer("r1")["type"] == "result"


def test_a_result_that_cannot_be_sent_becomes_a_failure(line: Line) -> None:
    def refuse(content: dict[str, Any]) -> None:
        if content["type"] == "result":
            raise TypeError("not JSON serialisable")

    line.page.on_send = refuse
    line.page.ask("r1")
    assert line.page.answer("r1")["message"] == "TypeError: not JSON serialisable"
    line.finish()
    assert line.transport.status == "failed"


def test_a_page_that_cannot_be_reached_costs_neither_the_handler_nor_the_worker(line: Line) -> None:
    def refuse(_content: dict[str, Any]) -> None:
        raise OSError("comm closed")

    line.page.on_send = refuse
    line.page.say(type="hello", view_id="v")
    line.page.ask("r1")
    line.page.ask("r2", slot="maps")
    line.page.say(type="request", rid="r3")
    line.finish()
    assert line.transport.status == "failed"
    assert line.transport._open == {}
    line.page.on_send = lambda _content: None
    line.page.ask("r4")
    assert line.page.answer("r4")["type"] == "result"


def test_an_acknowledgement_that_cannot_be_sent_does_not_lose_the_request(line: Line) -> None:
    def refuse(content: dict[str, Any]) -> None:
        if content["type"] == "ack":
            raise OSError("for a moment")

    line.page.on_send = refuse
    line.page.ask("r1")
    assert line.page.answer("r1")["type"] == "result"


def test_where_no_thread_can_be_started_the_request_fails(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_job: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(line.transport._runner, "submit", refuse)
    line.page.ask("r1")
    assert line.page.answer("r1")["message"] == "RuntimeError: can't start new thread"
    assert line.transport.status == "failed"


# -- what w.status says


def test_status_is_computing_until_everything_is_answered(line: Line) -> None:
    hold = Hold()
    line.works(hold)
    line.page.ask("r1")
    assert hold.begun.wait(LONG)
    line.page.ask("r2", slot="maps")
    assert line.transport.status == "computing"
    hold.go.set()
    line.finish()
    assert [status for status, _ in line.page.states] == ["computing", "computing", "computing", "idle"]


def test_status_tells_of_a_failure_among_successes_until_the_next_request(line: Line) -> None:
    hold = Hold()

    def work(op: str, args: dict[str, Any], report: Report) -> Answer:
        return hold(op, args, report) if op == "picture" else raising(NotDefined("No."))(op, args, report)

    line.works(work)
    line.page.ask("r1")
    assert hold.begun.wait(LONG)
    line.page.ask("r2", "maps", "maps", image=0, layer="a")
    assert line.page.answer("r2")["type"] == "failure"
    hold.go.set()
    line.finish()
    assert line.page.states[-1] == ("failed", None)
    line.page.ask("r3")
    line.finish()
    assert line.page.states[-2:] == [("computing", None), ("idle", None)]


def test_being_cancelled_is_no_failure(line: Line) -> None:
    hold = Hold()
    line.works(hold)
    line.page.ask("r1")
    line.page.say(type="cancel", rid="r1")
    line.finish()
    assert line.transport.status == "idle"


def test_changed_weights_are_told_once_and_before_the_answer(line: Line) -> None:
    line.page.ask("r1")
    line.finish()
    line.session.revision = 2
    line.page.ask("r2")
    line.finish()
    line.page.ask("r3")
    line.finish()
    told = [m["type"] for m in line.page.sent if m["type"] != "ack"]
    assert told == ["result", "stale", "result", "result"]
    assert {"type": "stale", "revision": 2} in line.page.sent


def test_after_close_nothing_is_heard_and_what_runs_is_cancelled(line: Line) -> None:
    hold = Hold()
    line.works(hold)
    line.page.ask("r1")
    assert hold.begun.wait(LONG)
    line.transport.close()
    line.page.ask("r2")
    assert line.page.answer("r1")["type"] == "cancelled"
    line.finish()
    assert line.page.of("r2") == []


# -- frames


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Frames:
    """A reporter without a runner, on a clock that the test turns."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.sent, self.drawn = clock, [], 0
        job = SimpleNamespace(checkpoint=lambda: None)
        self.reporter = Reporter("r1", job, lambda content, buffers: self.sent.append((clock.now, content, buffers)))  # type: ignore[arg-type]

    def step(self, step: int = 1) -> bool:
        """Report a step; whether it was sent."""
        before = len(self.sent)
        self.reporter(step, 100, f"step {step}", self.draw)
        return len(self.sent) > before

    def draw(self) -> tuple[dict[str, Any], list[Any]]:
        self.drawn += 1
        return {"height": 1}, [np.zeros((1, 1, 3), np.uint8)]

    def acknowledge(self) -> None:
        self.reporter.acknowledge(self.sent[-1][1]["seq"])


@pytest.fixture
def frames(monkeypatch: pytest.MonkeyPatch) -> Frames:
    clock = Clock()
    monkeypatch.setattr(transport, "time", clock)
    return Frames(clock)


def test_the_first_frame_is_sent_at_once(frames: Frames) -> None:
    assert frames.step(5)
    _, message, buffers = frames.sent[0]
    assert message == {
        "type": "progress", "rid": "r1", "seq": 1, "step": 5, "steps": 100, "message": "step 5", "meta": {"height": 1},
    }  # fmt: skip
    assert len(buffers) == 1


def test_painted_frames_come_at_ten_a_second_however_fast_the_steps(frames: Frames) -> None:
    for millisecond in range(2000):
        frames.clock.now = millisecond / 1000
        if frames.step(millisecond):
            frames.acknowledge()
    times = [time for time, _, _ in frames.sent]
    assert len(times) == 20
    assert min(b - a for a, b in itertools.pairwise(times)) >= FRAME_INTERVAL - 1e-9
    assert [message["seq"] for _, message, _ in frames.sent] == list(range(1, 21))
    assert frames.drawn == 20, "a picture that is not sent is not made"


def test_two_frames_may_be_on_their_way_and_then_one_a_second(frames: Frames) -> None:
    for hundredth in range(500):
        frames.clock.now = hundredth / 100
        frames.step(hundredth)
    times = [time for time, _, _ in frames.sent]
    assert times == pytest.approx([0, FRAME_INTERVAL, 1.1, 2.1, 3.1, 4.1], abs=0.011)
    assert times[2] - times[1] == pytest.approx(PATIENCE, abs=0.011)


def test_an_acknowledgement_frees_the_way_for_the_newest_frame(frames: Frames) -> None:
    for tenth in range(6):
        frames.clock.now = tenth / 10
        frames.step(tenth)
    assert [message["step"] for _, message, _ in frames.sent] == [0, 1]
    frames.reporter.acknowledge(1)
    frames.clock.now = 0.61
    assert frames.step(99)
    assert frames.sent[-1][1]["step"] == 99
    frames.clock.now = 0.75
    assert not frames.step(100), "frames 2 and 3 are on their way"


def test_acknowledgements_from_two_views_or_of_frames_never_sent_change_nothing(frames: Frames) -> None:
    frames.step()
    frames.reporter.acknowledge(1)
    frames.reporter.acknowledge(10**9)
    frames.reporter.acknowledge(0)
    for tenth in range(1, 6):
        frames.clock.now = tenth / 10 + 0.01
        frames.step(tenth)
    assert len(frames.sent) == 3


def test_a_step_without_a_picture_is_told_without_buffers(frames: Frames) -> None:
    frames.reporter(1, 2, "half")
    _, message, buffers = frames.sent[0]
    assert (message["meta"], list(buffers)) == ({}, [])


def test_the_last_frame_of_a_request_is_its_result(line: Line) -> None:
    def work(op: str, _args: dict[str, Any], report: Report) -> Answer:
        for step in range(20):
            report(step, 20, "")
        return answer_of(op)

    line.works(work)
    line.page.ask("r1")
    line.finish()
    assert line.page.of("r1") == ["ack", "progress", "result"]


# -- everything at once


@pytest.mark.parametrize("seed", range(3))
def test_in_a_storm_every_request_has_exactly_one_answer(seed: int) -> None:
    """Two widgets, each spoken to by two threads; work fails, sending fails, requests supersede and are cancelled."""
    lines = [Line(), Line()]
    dice = random.Random(seed)
    rolls = {f"{w}.{t}.{i}": dice.random() for w in range(2) for t in range(2) for i in range(200)}

    def work(op: str, args: dict[str, Any], report: Report) -> Answer:
        roll = rolls[args["layer"]]
        for step in range(int(10 * roll)):
            report(step, 10, "")
        if roll < 0.2:
            raise NotDefined("No.") if roll < 0.1 else SystemExit(2)
        return answer_of(op)

    def refuse(content: dict[str, Any]) -> None:
        # A failure always gets through here, so that each request can be seen to end.
        if content["type"] in ("ack", "progress", "result") and rolls.get(content["rid"], 1) > 0.9:
            raise OSError("full")

    def talk(w: int, t: int) -> None:
        own = random.Random(seed * 10 + 2 * w + t)
        for i in range(200):
            rid, slot = f"{w}.{t}.{i}", own.choice(["picture", "maps", "overlay", "excites"])
            lines[w].page.say(type="request", rid=rid, slot=slot, op="maps", image=0, layer=rid)
            if own.random() < 0.2:
                lines[w].page.say(type="cancel", rid=f"{w}.{t}.{own.randrange(i + 1)}")
            lines[w].page.say(type="frame_ack", rid=rid, seq=own.randrange(5))

    for each in lines:
        each.works(work)
        each.page.on_send = refuse
    threads = [threading.Thread(target=talk, args=(w, t)) for w in range(2) for t in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in lines:
        each.finish()
        assert each.transport._open == {}
        assert each.transport.status in ("idle", "failed")
    for rid in rolls:
        assert len(lines[int(rid[0])].page.answers(rid)) == 1, rid
