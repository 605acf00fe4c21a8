"""A click that is answered inside of a synthesis changes neither: not a bit of the picture, not the process's state."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np
import pytest
import torch
from torch.overrides import _get_current_function_mode_stack

from nbviz.errors import Cancelled
from nbviz.jobs import MOST_NESTED, Job, Runner
from nbviz.session import Answer, Session
from tests.doubles import LONG, noise, tiny_model, tiny_network

# Long enough to pass the steps with redirected rectifiers.
SYNTHESIS = {"target": {"unit": "3:5"}, "steps": 24, "size": 32, "seed": 3}
CLICKS: list[tuple[str, dict[str, Any]]] = [
    ("projection", {"image": 0, "unit": "3:0", "method": "deconvnet"}),
    ("projection", {"image": 1, "unit": "3:1", "method": "guided_backprop"}),
    ("projection", {"image": 0, "unit": "0:1@4,4", "method": "neuron_gradient"}),
    ("overlay", {"image": 1, "method": "grad_cam", "targets": [None, 1], "layer": None}),
    ("overlay", {"image": 0, "method": "saliency", "targets": [3], "layer": None}),
    ("maps", {"image": 0, "layer": "3"}),
    ("filters", {"layer": None}),
    ("synthesis", {"target": {"logit": 1}, "steps": 2, "size": 32, "seed": 0}),
    ("synthesis", {"target": {"unit": "0:2"}, "steps": 2, "size": 32, "seed": 3}),
]


def fresh() -> Session:
    return Session(tiny_network(model=tiny_model()), noise(2))


def same(one: Answer, other: Answer) -> bool:
    numbers = {name: value for name, value in one.meta.items() if name != "natural"}
    return numbers == {name: value for name, value in other.meta.items() if name != "natural"} and all(
        np.array_equal(a, b) for a, b in zip(one.buffers, other.buffers, strict=True)
    )


def test_a_synthesis_with_clicks_inside_is_bit_for_bit_the_undisturbed_one() -> None:
    undisturbed, session, alone = fresh().answer("synthesis", SYNTHESIS), fresh(), fresh()
    clicked: list[bool] = []

    def report(step: int, _steps: int, _message: str, _partial: Any = None) -> None:
        op, args = CLICKS[step % len(CLICKS)]
        # A new network a click would hide what a shared one does; the expectation comes from another session.
        session.forget()
        clicked.append(same(session.answer(op, args), alone.answer(op, args)))

    disturbed = session.answer("synthesis", SYNTHESIS, report)
    assert disturbed.meta["film"] == undisturbed.meta["film"]
    assert np.array_equal(disturbed.buffers[0], undisturbed.buffers[0])
    assert clicked == [True] * SYNTHESIS["steps"]


def test_neither_leaves_anything_behind_in_the_process() -> None:
    session = fresh()
    torch.manual_seed(5)
    before = torch.get_rng_state(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    weights = [p.detach().clone() for p in session.net.model.parameters()]
    states: set[tuple[bool, bool, int]] = set()

    def report(step: int, *_: Any) -> None:
        session.answer(*CLICKS[step % len(CLICKS)])
        states.add(
            (torch.is_grad_enabled(), torch.is_inference_mode_enabled(), len(_get_current_function_mode_stack()))
        )

    session.answer("synthesis", SYNTHESIS, report)
    assert states == {(True, False, 0)}
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (torch.is_grad_enabled(), torch.is_inference_mode_enabled())
    assert all(torch.equal(a, b) for a, b in zip(weights, session.net.model.parameters(), strict=True))
    assert all(p.grad is None for p in session.net.model.parameters())


def test_a_click_that_fails_or_is_cancelled_inside_disturbs_nothing() -> None:
    undisturbed, session = fresh().answer("synthesis", SYNTHESIS), fresh()

    def stop(step: int, *_: Any) -> None:
        if step == 1:
            raise Cancelled

    def report(step: int, *_: Any) -> None:
        args = {"image": 1, "method": "grad_cam", "targets": [0, 1], "layer": None}
        with pytest.raises(Cancelled):
            session.answer("overlay", args, stop)
        with pytest.raises(Cancelled):
            session.answer("synthesis", {**SYNTHESIS, "seed": 9}, stop)
        with pytest.raises(LookupError):
            session.answer("maps", {"image": 0, "layer": "none"})

    assert session.answer("synthesis", SYNTHESIS, report).meta["film"] == undisturbed.meta["film"]


def test_the_same_on_the_worker_with_clicks_from_another_thread() -> None:
    undisturbed, session = fresh().answer("synthesis", SYNTHESIS), fresh()
    runner, done, clicks = Runner("interleaving"), [], []
    halfway = threading.Event()

    def synthesis(job: Job) -> None:
        def report(step: int, *_: Any) -> None:
            if step == 5:
                halfway.set()
            job.checkpoint()

        done.append(session.answer("synthesis", SYNTHESIS, report))

    def click(op: str, args: dict[str, Any]) -> Job:
        def run(job: Job) -> None:
            clicks.append(session.answer(op, args, lambda *_: job.checkpoint()))

        return Job(f"{op} {args}", run, clicks.append, lambda: None)

    runner.submit(Job("excites", synthesis, done.append, lambda: None, long=True))
    assert halfway.wait(LONG)
    for op, args in CLICKS:
        runner.submit(click(op, args))
    assert runner.wait(lambda _job: True, LONG)
    assert done[0].meta["film"] == undisturbed.meta["film"]
    assert np.array_equal(done[0].buffers[0], undisturbed.buffers[0])
    alone = fresh()
    assert len(clicks) == len(CLICKS)
    for op, args in CLICKS:
        assert any(same(answer, alone.answer(op, args)) for answer in clicks if set(answer.meta) >= {"height"}), op


def test_a_synthesis_inside_of_a_synthesis_of_the_same_network_takes_few_frames_of_the_stack() -> None:
    """Eight long jobs inside of each other must fit, with the network's own calls on top of them."""
    session = fresh()
    runner, depths = Runner("deep"), []

    def depth() -> int:
        frame, count = sys._getframe(), 0
        while frame.f_back:
            frame, count = frame.f_back, count + 1
        return count

    def long(level: int) -> Job:
        def run(job: Job) -> None:
            def report(*_: Any) -> None:
                if len(depths) == level:
                    depths.append(depth())
                    if level + 1 < MOST_NESTED:
                        runner.submit(long(level + 1))
                job.checkpoint()

            session.answer("synthesis", {**SYNTHESIS, "steps": 2, "seed": level}, report)

        return Job(level, run, depths.append, lambda: None, long=True)

    runner.submit(long(0))
    assert runner.wait(lambda _job: True, LONG)
    assert len(depths) == MOST_NESTED
    assert depths[-1] < sys.getrecursionlimit() / 2
