"""Heat maps with parameters, at a layer, and on the way: what a page asks is what the method is called with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbviz
from nbviz import images
from nbviz.errors import BadRequest, Cancelled
from nbviz.methods import METHODS
from nbviz.session import Session
from tests.doubles import noise


def ask(session: Session, method: str, report: Any = None, **args: Any) -> Any:
    question = {"image": 0, "method": method, "targets": [2], "layer": None, "params": {}, **args}
    return session.answer("overlay", question, *([report] if report else []))


def test_parameters_reach_the_method(session: Session) -> None:
    params = {"window": 8, "stride": 8, "baseline": "black"}
    answer = ask(session, "occlusion", params=params)
    own = nbviz.occlusion(session.net, noise(3)[0], 2, window=8, stride=8, baseline="black")
    assert answer.meta["maps"][0]["numbers"] == {"windows": 16, "window": 8, "stride": 8}
    scale = images.robust_scale(own.heatmap())
    expected, lo, hi = images.normalise(own.heatmap(), (-scale, scale))
    assert np.array_equal(answer.buffers[0], expected)
    assert (answer.meta["maps"][0]["lo"], answer.meta["maps"][0]["hi"]) == (lo, hi)
    assert answer.key != ask(session, "occlusion", params={**params, "baseline": "grey"}).key


def test_a_parameter_may_turn_a_map_signed(session: Session) -> None:
    answer = ask(session, "grad_cam", params={"signed": True}, layer="3")
    own = nbviz.grad_cam(session.net, noise(3)[0], 2, layer="3", signed=True).heatmap()
    assert answer.meta["signed"]
    assert np.array_equal(answer.buffers[0], images.normalise(own, "signed")[0])


@pytest.mark.parametrize(
    ("method", "args", "sentence"),
    [
        ("occlusion", {"params": {"windows": 8}}, "Occlusion has no parameter 'windows'. Did you mean 'window'"),
        ("occlusion", {"params": {"baseline": "pink"}}, "baseline is one of 'black', 'grey', 'blurred', not 'pink'"),
        ("occlusion", {"params": {"window": 0}}, "window is a whole number from 1 to 4096, not 0"),
        ("saliency", {"params": {"samples": 3}}, "Saliency has no parameter 'samples'. It has none."),
        ("saliency", {"layer": "3"}, "Saliency is not computed at a layer"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    session: Session, method: str, args: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadRequest) as refusal:
        ask(session, method, **args)
    assert str(refusal.value).startswith(sentence)


def test_a_projection_takes_parameters_too(session: Session) -> None:
    question = {"image": 0, "unit": "3:4", "method": "deconvnet", "params": {"samples": 3}}
    with pytest.raises(BadRequest, match="Deconvnet has no parameter 'samples'"):
        session.answer("projection", question)
    assert session.answer("projection", {**question, "params": {}}).meta["numbers"] == {}


@pytest.mark.parametrize("method", [m.name for m in METHODS.values() if "on_step" in m.accepts])
def test_a_method_that_samples_shows_its_map_on_the_way(session: Session, method: str) -> None:
    seen: list[tuple[int, int, dict[str, Any], list[Any]]] = []

    def report(step: int, steps: int, message: str, partial: Callable[[], Any] | None = None) -> None:
        if partial:
            seen.append((step, steps, *partial()))

    answer = ask(session, method, report, targets=[2, 0])
    steps = [step for step, *_ in seen]
    assert steps == sorted(steps)
    assert steps[-1] == seen[-1][1], "the last step is the whole way"
    for _, _, meta, buffers in seen:
        assert len(meta["maps"]) == len(buffers)
        assert {name: meta[name] for name in ("method", "height", "width")} == {
            name: answer.meta[name] for name in ("method", "height", "width")
        }
    assert [m["target"]["index"] for m in seen[0][2]["maps"]] == [2]
    assert seen[-1][2] == answer.meta
    assert all(map(np.array_equal, seen[-1][3], answer.buffers))


def test_a_method_that_samples_ends_where_nobody_waits(session: Session) -> None:
    steps: list[int] = []

    def report(step: int, steps_: int, message: str, partial: Callable[[], Any] | None = None) -> None:
        steps.append(step)
        if partial:
            raise Cancelled

    with pytest.raises(Cancelled):
        ask(session, "smooth_grad", report, params={"samples": 100})
    assert len(steps) == 2


def test_only_what_ends_at_a_layer_is_asked_for_several_classes_at_once() -> None:
    assert {m.name for m in METHODS.values() if m.cheap} == {"cam", "grad_cam", "grad_cam_pp", "layer_cam"}


def test_one_class_minus_another_is_the_method_on_the_difference_of_their_logits(session: Session) -> None:
    answer = ask(session, "grad_cam", params={"signed": True}, targets=[[2, 0]], layer="3")
    net = session.net
    own = nbviz.grad_cam(net, noise(3)[0], net.logit(2) - net.logit(0), layer="3", signed=True).heatmap()
    assert np.array_equal(answer.buffers[0], images.normalise(own, "signed")[0])
    (facts,) = answer.meta["maps"]
    assert (facts["target"]["label"], facts["minus"]["label"]) == ("cat", "ant")
    there = {p.index: p.logit for p in net.predict(noise(3)[0], k=4)}
    assert facts["target"]["logit"] - facts["minus"]["logit"] == pytest.approx(there[2] - there[0], abs=1e-5)
    swapped = ask(session, "grad_cam", params={"signed": True}, targets=[[0, 2]], layer="3")
    assert np.abs(answer.buffers[0].astype(int) + swapped.buffers[0] - 256).max() <= 1


@pytest.mark.parametrize("method", [m.name for m in METHODS.values() if m.asks == "class" and m.name != "cam"])
def test_every_class_method_knows_what_a_difference_is(session: Session, method: str) -> None:
    facts = ask(session, method, targets=[[2, 0]]).meta["maps"][0]
    assert (facts["target"]["index"], facts["minus"]["index"]) == (2, 0)
