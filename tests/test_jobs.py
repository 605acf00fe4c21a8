"""The worker: one thread, newest first, superseded work ends within a step, and nothing goes unanswered."""

from __future__ import annotations

import contextvars
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from nbviz import jobs
from nbviz.errors import BadRequest
from nbviz.jobs import MOST_NESTED, Job, Runner, runner_for

LONG = 10.0
"""Seconds after which a test that waits has failed."""


class Gate:
    """Holds a job until the test lets it go on, and tells the test that the job has come there."""

    def __init__(self) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self._reached.set()
        assert self._opened.wait(LONG)

    def reached(self) -> None:
        assert self._reached.wait(LONG)

    def open(self) -> None:
        self._opened.set()


@dataclass
class Desk:
    """Submits jobs to a runner of its own and writes down what becomes of them."""

    runner: Runner = field(default_factory=lambda: Runner("test"))
    log: list[str] = field(default_factory=list)
    threads: set[threading.Thread] = field(default_factory=set)

    def submit(
        self,
        name: str,
        work: Callable[[Job], None] | None = None,
        slot: str = "",
        long: bool = False,
        aside: bool = False,
    ) -> Job:
        def run(job: Job) -> None:
            self.threads.add(threading.current_thread())
            self.log.append(f"{name} begins")
            if work:
                work(job)
            self.log.append(f"{name} ends")

        def failed(error: BaseException) -> None:
            self.log.append(f"{name} failed: {error}")

        job = Job(slot or name, run, failed, lambda: self.log.append(f"{name} cancelled"), long=long, aside=aside)
        self.runner.submit(job)
        return job

    def hold(self) -> Gate:
        """Keep the worker busy."""
        gate = Gate()
        self.submit("gate", lambda _job: gate())
        gate.reached()
        return gate

    def finish(self) -> None:
        assert self.runner.wait(lambda _job: True, LONG)

    def of(self, *names: str) -> list[str]:
        return [line for line in self.log if line.split()[0] in names]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_jobs_run_on_one_named_daemon_thread(desk: Desk) -> None:
    for i in range(5):
        desk.submit(f"job{i}")
    desk.finish()
    (thread,) = desk.threads
    assert thread.name == "nbviz-test"
    assert thread.daemon
    assert thread is not threading.current_thread()


def test_the_newest_waiting_job_runs_first(desk: Desk) -> None:
    gate = desk.hold()
    for name in "abc":
        desk.submit(name)
    gate.open()
    desk.finish()
    assert desk.of(*"abc") == ["c begins", "c ends", "b begins", "b ends", "a begins", "a ends"]


def test_a_job_aside_lets_all_others_go_first(desk: Desk) -> None:
    gate = desk.hold()
    desk.submit("a")
    desk.submit("b", aside=True)
    desk.submit("c", long=True)
    desk.submit("d", aside=True)
    gate.open()
    desk.finish()
    assert [line for line in desk.of(*"abcd") if line.endswith("begins")] == [f"{name} begins" for name in "cadb"]


def test_a_newer_job_of_the_slot_supersedes_waiting_ones(desk: Desk) -> None:
    gate = desk.hold()
    for name in "abc":
        desk.submit(name, slot="same")
    gate.open()
    desk.finish()
    assert desk.of(*"abc") == ["c begins", "c ends", "b cancelled", "a cancelled"]


def test_a_running_job_is_superseded_at_its_next_step(desk: Desk) -> None:
    gate, steps = Gate(), []

    def long(job: Job) -> None:
        for step in range(100):
            steps.append(step)
            if step == 3:
                gate()
            job.checkpoint()

    desk.submit("long", long, slot="same")
    gate.reached()
    desk.submit("newer", slot="same")
    gate.open()
    desk.finish()
    assert steps == [0, 1, 2, 3]
    assert desk.log == ["long begins", "long cancelled", "newer begins", "newer ends"]


def test_a_click_is_answered_inside_of_a_long_job(desk: Desk) -> None:
    gate = Gate()

    def long(job: Job) -> None:
        gate()
        job.checkpoint()
        desk.log.append("long goes on")

    desk.submit("long", long)
    gate.reached()
    desk.submit("older")
    desk.submit("click")
    gate.open()
    desk.finish()
    assert desk.log == [
        "long begins", "click begins", "click ends", "older begins", "older ends", "long goes on", "long ends",
    ]  # fmt: skip


def test_a_job_superseded_while_another_runs_inside_of_it_ends_before_its_successor_begins(desk: Desk) -> None:
    def click(_job: Job) -> None:
        desk.submit("successor", slot="picture")

    def long(job: Job) -> None:
        desk.submit("click", click)
        job.checkpoint()
        desk.log.append("long goes on")

    desk.submit("long", long, slot="picture")
    desk.finish()
    assert desk.log == [
        "long begins", "click begins", "click ends", "long cancelled", "successor begins", "successor ends",
    ]  # fmt: skip


def test_a_job_cancelled_while_another_runs_inside_of_it_goes_no_further(desk: Desk) -> None:
    def long(job: Job) -> None:
        desk.submit("click", lambda _job: job.cancel())
        job.checkpoint()
        desk.log.append("long goes on")

    desk.submit("long", long)
    desk.finish()
    assert desk.log == ["long begins", "click begins", "click ends", "long cancelled"]


def test_cancelling_the_inner_job_leaves_the_outer_one_alone(desk: Desk) -> None:
    def inner(job: Job) -> None:
        job.cancel()
        job.checkpoint()

    def long(job: Job) -> None:
        desk.submit("inner", inner)
        job.checkpoint()

    desk.submit("long", long)
    desk.finish()
    assert desk.log == ["long begins", "inner begins", "inner cancelled", "long ends"]


def test_two_hundred_fast_clicks_during_a_long_job_leave_the_last_one(desk: Desk) -> None:
    """The clicks come from another thread, wherever the worker happens to be; the stack does not grow."""
    depth: list[int] = []
    begun, clicked = threading.Event(), threading.Event()

    def endless(job: Job) -> None:
        begun.set()
        while not clicked.is_set():
            job.checkpoint()

    def synthesis(job: Job) -> None:
        while not clicked.is_set():
            depth.append(len(desk.runner._running))
            job.checkpoint()
        depth.append(len(desk.runner._running))
        job.checkpoint()

    desk.submit("endless", endless, long=True)
    assert begun.wait(LONG)
    for i in range(200):
        desk.submit(f"click{i}", synthesis, slot="excites", long=True)
    clicked.set()
    desk.finish()
    assert max(depth) == 2
    last = desk.of(*(f"click{i}" for i in range(200)))
    assert [line for line in last if line.endswith("ends")] == ["click199 ends"]
    assert sum(line.endswith("cancelled") for line in last) == 199


def test_long_jobs_of_two_slots_replaced_in_turn_do_not_fill_the_stack(desk: Desk) -> None:
    """Each new one finds its predecessor buried under the other slot's job, where it cannot end yet."""
    left = iter(range(200))
    depth: list[int] = []

    def long(job: Job) -> None:
        depth.append(len(desk.runner._running))
        i = next(left, None)
        if i is not None:
            desk.submit(f"job{i}", long, slot=f"widget {i % 2}", long=True)
        job.checkpoint()

    desk.submit("first", long, slot="widget 1", long=True)
    desk.finish()
    assert max(depth) == MOST_NESTED
    begun = {line.split()[0] for line in desk.log if line.endswith("begins")}
    ended = {line.split()[0] for line in desk.log if line.endswith(("ends", "cancelled"))}
    assert begun <= ended
    assert ended == {"first", *(f"job{i}" for i in range(200))}
    assert "job199 ends" in desk.log


def test_a_click_is_answered_however_deep_the_long_jobs_are(desk: Desk) -> None:
    def long(job: Job) -> None:
        depth = len(desk.runner._running)
        if depth < MOST_NESTED:
            desk.submit(f"long{depth + 1}", long, long=True)
        else:
            desk.submit("one too many", long=True)
            desk.submit("click")
        job.checkpoint()

    desk.submit("long1", long, long=True)
    desk.finish()
    begun = [line for line in desk.log if line.endswith("begins")]
    assert begun == [*(f"long{i + 1} begins" for i in range(MOST_NESTED)), "click begins", "one too many begins"]
    deepest = f"long{MOST_NESTED} ends"
    assert desk.log.index("click ends") < desk.log.index(deepest) < desk.log.index("one too many begins")


def test_of_two_long_jobs_the_newer_is_not_kept_waiting(desk: Desk) -> None:
    gate = desk.hold()
    desk.submit("older", lambda job: job.checkpoint(), long=True)
    desk.submit("newer", lambda job: job.checkpoint(), long=True)
    gate.open()
    desk.finish()
    assert desk.of("older", "newer") == ["newer begins", "newer ends", "older begins", "older ends"]


def test_a_short_job_is_not_kept_waiting_by_a_newer_long_one(desk: Desk) -> None:
    def short(job: Job) -> None:
        desk.submit("long", long=True)
        job.checkpoint()

    desk.submit("short", short)
    desk.finish()
    assert desk.log == ["short begins", "short ends", "long begins", "long ends"]


class Broken(BaseException):
    """Not even an `Exception`."""


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(3), MemoryError("full"), Broken("badly")])
def test_whatever_a_job_raises_is_told_and_the_thread_goes_on(desk: Desk, error: BaseException) -> None:
    def fail(_job: Job) -> None:
        raise error

    def long(job: Job) -> None:
        desk.submit("inner", fail)
        job.checkpoint()

    desk.submit("alone", fail)
    desk.finish()
    desk.submit("long", long)
    desk.finish()
    assert desk.of("alone", "inner") == [
        "alone begins", f"alone failed: {error}", "inner begins", f"inner failed: {error}",
    ]  # fmt: skip
    assert desk.log[-1] == "long ends"
    assert len(desk.threads) == 1


def test_a_report_that_fails_is_logged_and_the_thread_goes_on(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: object) -> None:
        raise OSError("the page is gone")

    for i in range(2):
        desk.runner.submit(Job(i, fail, fail, fail))
    desk.runner.submit(cancelled := Job("cancelled", fail, fail, fail))
    cancelled.cancel()
    desk.finish()
    desk.submit("after")
    desk.finish()
    assert desk.log == ["after begins", "after ends"]
    assert "could not be delivered" in caplog.text


def test_a_job_sees_the_context_it_was_made_in_and_nested_jobs_keep_theirs(desk: Desk) -> None:
    asker: contextvars.ContextVar[str] = contextvars.ContextVar("asker", default="nobody")
    seen: list[str] = []

    def inner(_job: Job) -> None:
        seen.append(asker.get())
        asker.set("changed by the inner job")

    def outer(job: Job) -> None:
        seen.append(asker.get())
        job.checkpoint()
        seen.append(asker.get())

    gate = desk.hold()
    asker.set("second cell")
    desk.submit("inner", inner)
    asker.set("third cell")
    desk.submit("outer", outer)
    asker.set("later")
    gate.open()
    desk.finish()
    assert seen == ["third cell", "second cell", "third cell"]
    assert asker.get() == "later"


def test_jobs_that_share_a_context_nest(desk: Desk) -> None:
    context = contextvars.copy_context()
    log = []
    inner = Job("inner", lambda _job: log.append("inner"), log.append, lambda: None, context)

    def run(job: Job) -> None:
        desk.runner.submit(inner)
        job.checkpoint()

    desk.runner.submit(Job("outer", run, log.append, lambda: None, context))
    desk.finish()
    assert log == ["inner"]


def test_wait_says_whether_the_work_ended_in_time(desk: Desk) -> None:
    gate = desk.hold()
    assert desk.runner.wait(lambda job: job.slot == "gate", timeout=0) is False
    assert desk.runner.wait(lambda job: job.slot == "gate", timeout=0.01) is False
    assert desk.runner.wait(lambda job: job.slot == "another", timeout=0) is True
    gate.open()
    assert desk.runner.wait(lambda _job: True) is True


def test_waiting_for_oneself_is_refused(desk: Desk) -> None:
    desk.submit("job", lambda _job: desk.finish())
    desk.finish()
    (failure,) = [line for line in desk.log if "failed" in line]
    assert "would wait for itself" in failure
    with pytest.raises(BadRequest):
        raise BadRequest(failure)


def test_cancel_reaches_waiting_and_running_jobs_that_match(desk: Desk) -> None:
    gate = Gate()

    def long(job: Job) -> None:
        gate()
        job.checkpoint()

    desk.submit("running", long)
    gate.reached()
    desk.submit("waiting")
    desk.submit("spared")
    desk.runner.cancel(lambda job: job.slot != "spared")
    gate.open()
    desk.finish()
    assert desk.log == ["running begins", "running cancelled", "spared begins", "spared ends", "waiting cancelled"]


def test_no_job_is_lost_while_idle_threads_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "IDLE", 0.0)
    for i in range(300):
        desk.submit(f"job{i}")
        if i % 3 == 0:
            desk.finish()
    desk.finish()
    assert sum(line.endswith("ends") for line in desk.log) == 300
    assert len(desk.threads) > 1


def test_a_job_that_no_thread_can_be_started_for_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            desk.submit("refused")
    desk.submit("next")
    desk.finish()
    assert desk.log == ["next begins", "next ends"]


@pytest.mark.parametrize("seed", range(3))
def test_every_job_of_a_storm_comes_to_exactly_one_end(desk: Desk, seed: int) -> None:
    """Four threads submit, cancel and supersede at random while jobs nest, fail and submit jobs of their own."""
    ends: dict[str, int] = {}
    count = threading.Lock()

    def end(name: str) -> None:
        with count:
            ends[name] = ends.get(name, 0) + 1

    def submit(name: str, dice: random.Random) -> Job:
        rolls = [dice.random() for _ in range(5)]

        def run(job: Job) -> None:
            for roll in rolls:
                if roll < 0.05:
                    raise ValueError(name)
                if roll > 0.95:
                    submit(f"{name}+{roll}", random.Random(roll))
                job.checkpoint()
            end(name)

        job = Job(dice.randrange(6), run, lambda _error: end(name), lambda: end(name), long=dice.random() < 0.5)
        desk.runner.submit(job)
        with count:
            ends.setdefault(name, 0)
        return job

    def storm(who: int) -> None:
        dice = random.Random(100 * seed + who)
        for i in range(150):
            job = submit(f"{who}.{i}", dice)
            if dice.random() < 0.2:
                job.cancel()

    threads = [threading.Thread(target=storm, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.finish()
    assert len(ends) >= 600
    assert set(ends.values()) == {1}


def test_a_device_has_one_runner() -> None:
    assert runner_for("test:0") is runner_for("test:0")
    assert runner_for("test:0") is not runner_for("test:1")


def test_python_ends_while_a_job_runs() -> None:
    """A kernel that is shut down, or a script at its end, cancels what is computed and waits for its step."""
    script = """
import threading
from nbviz.jobs import Job, runner_for
begun = threading.Event()
def run(job):
    begun.set()
    while True:
        job.checkpoint()
runner_for("test").submit(Job("slot", run, print, lambda: print("cancelled", flush=True)))
begun.wait(10)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout.strip()) == (0, "cancelled"), ended.stderr
