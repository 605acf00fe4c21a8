"""What is kept, for how long, and under which key."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch

from nbviz.errors import BadPicture, BadRequest, OutOfRange, UnknownName
from nbviz.session import Session
from nbviz.session import session as session_module
from nbviz.session.nature import Natural
from nbviz.session.session import RECORDINGS
from tests.doubles import LONG, noise, tiny_model, tiny_network

SYNTHESIS = {"target": {"unit": "3:5"}, "steps": 3, "size": 32, "seed": 0}


def maps(session: Session, image: int = 0, layer: str = "0") -> Any:
    return session.answer("maps", {"image": image, "layer": layer})


def change_weights(session: Session) -> None:
    with torch.no_grad():
        next(session.net.model.parameters()).mul_(1.5)


# -- keys


def test_the_same_question_has_the_same_answer_and_is_computed_once(session: Session) -> None:
    assert maps(session) is maps(session)


@pytest.mark.parametrize(
    "change",
    [
        lambda session: maps(session, image=1),
        lambda session: maps(session, layer="3"),
        lambda session: change_weights(session) or maps(session),
    ],
    ids=["picture", "argument", "weights"],
)
def test_another_picture_argument_or_weight_is_another_key(session: Session, change: Callable[[Session], Any]) -> None:
    before = maps(session)
    after = change(session)
    assert after.key != before.key
    assert any((a != b).any() for a, b in zip(after.buffers, before.buffers, strict=True) if a.shape == b.shape) or (
        after.meta != before.meta
    )


def test_equal_pictures_share_their_answers() -> None:
    picture = noise(1)[0]
    session = Session(tiny_network(), [picture, picture.copy()])
    assert maps(session, 0) is maps(session, 1)
    assert len(session._recordings) == 1


def test_the_name_of_an_operation_is_part_of_the_key(session: Session) -> None:
    first = session.answer("projection", {"image": 0, "unit": "3:1", "method": "deconvnet"})
    second = session.answer("projection", {"image": 0, "unit": "3:1", "method": "guided_backprop"})
    assert len({first.key, second.key, maps(session).key, session.answer("filters", {"layer": None}).key}) == 4


def test_a_synthesis_that_knows_more_of_nature_is_another_answer(session: Session) -> None:
    unknown = session.answer("synthesis", SYNTHESIS)
    assert unknown.meta["natural"] is None
    session.recording(0)
    known = session.answer("synthesis", SYNTHESIS)
    assert known.key != unknown.key
    assert known.meta["natural"]["source"] == "of 1 picture seen"
    assert session.answer("synthesis", SYNTHESIS) is known


# -- recordings


def test_a_recording_is_made_once_for_the_weights_as_they_are(session: Session) -> None:
    first = session.recording(0)
    assert session.recording(0) is first
    change_weights(session)
    second = session.recording(0)
    assert second.revision > first.revision
    assert not torch.equal(second.logits, first.logits)


def test_only_the_pictures_looked_at_last_keep_their_graph() -> None:
    session = Session(tiny_network(), noise(RECORDINGS + 2))
    old = weakref.ref(session.recording(0))
    kept = session.recording(1)
    for index in range(2, RECORDINGS + 2):
        session.recording(1)
        session.recording(index)
    gc.collect()
    assert len(session._recordings) == RECORDINGS
    assert old() is None
    assert session.recording(1) is kept


def test_recordings_of_older_weights_are_let_go(session: Session) -> None:
    for index in range(3):
        session.recording(index)
    change_weights(session)
    session.recording(0)
    assert len(session._recordings) == 1


def test_the_cache_of_answers_stays_below_its_bound(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(b.nbytes for b in maps(session).buffers)
    monkeypatch.setattr(session._answers, "limit", 2 * size)
    first, second, third = (maps(session, image) for image in range(3))
    assert session._answers.bytes == 2 * size
    assert maps(session, 2) is third
    assert maps(session, 1) is second
    again = maps(session, 0)
    assert again is not first
    assert again.key == first.key


def test_an_answer_larger_than_the_cache_is_given_all_the_same(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session._answers, "limit", 10)
    assert maps(session).meta["channels"] == 8
    assert session._answers.bytes == 0


def test_forgetting_lets_go_of_recordings_and_answers_and_the_session_still_works(session: Session) -> None:
    recording, answer = weakref.ref(session.recording(0)), weakref.ref(maps(session))
    session.forget()
    gc.collect()
    assert (recording(), answer()) == (None, None)
    assert maps(session).meta["layer"] == "0"


def test_forgetting_while_a_picture_is_recorded_leaves_nothing_behind(session: Session) -> None:
    recorded = session_module.Recording

    def forgetful(net: Any, x: Any) -> Any:
        session.forget()
        return recorded(net, x)

    session_module.Recording = forgetful  # type: ignore[assignment, misc]
    try:
        assert session.recording(0).logits.shape == (1, 4)
    finally:
        session_module.Recording = recorded  # type: ignore[misc]
    assert not session._recordings


# -- nature


def test_the_natural_maximum_is_the_largest_value_on_the_pictures_seen(session: Session) -> None:
    unit, neuron = session.net.unit("3:5"), session.net.unit("3:5@2,3")
    assert session.natural(unit) is None
    maxima, values = [], []
    for index in range(3):
        plane = session.recording(index).maps("3")[5].detach()
        maxima.append(float(plane.max()))
        values.append(float(plane[2, 3]))
        source = f"of {index + 1} picture{'s' * (index > 0)} seen"
        assert session.natural(unit) == Natural(max(maxima), source)
        assert session.natural(neuron) == Natural(max(values), source)


def test_what_was_seen_under_older_weights_is_not_natural_any_more(session: Session) -> None:
    session.recording(0)
    change_weights(session)
    assert session.natural(session.net.unit("3:5")) is None


def test_a_neuron_outside_of_a_smaller_picture_has_no_natural_maximum_there() -> None:
    session = Session(tiny_network(), [torch.rand(1, 3, 16, 16)])
    session.recording(0)
    assert session.natural(session.net.unit("0:1@30,30")) is None
    assert session.natural(session.net.unit("0:1@3,3")) is not None


# -- bad input


def test_bad_input_is_one_sentence(session: Session) -> None:
    with pytest.raises(BadRequest, match="There is no picture; give at least one"):
        Session(session.net, [])
    with pytest.raises(BadPicture):
        Session(session.net, [object()])
    with pytest.raises(OutOfRange, match="There are pictures 0 … 2; there is no picture 3"):
        maps(session, image=3)
    with pytest.raises(OutOfRange, match="there is no picture -1"):
        maps(session, image=-1)
    with pytest.raises(BadRequest, match="There is no operation 'dance'; known are picture"):
        session.answer("dance", {})
    with pytest.raises(UnknownName, match="no layer '33'"):
        maps(session, layer="33")


# -- threads


def test_threads_that_ask_at_once_agree(session: Session) -> None:
    """The main thread and the worker may use one session; the network's lock takes them one after another."""
    expected = Session(tiny_network(model=session.net.model), noise(3))
    questions = [
        *(("maps", {"image": i, "layer": layer}) for i in range(3) for layer in ("0", "3")),
        *(("projection", {"image": i, "unit": "3:4", "method": "deconvnet"}) for i in range(3)),
        *(("projection", {"image": i, "unit": "3:4", "method": "neuron_gradient"}) for i in range(3)),
        *(("overlay", {"image": i, "method": "saliency", "targets": [0, 1], "layer": None}) for i in range(3)),
    ]
    wrong: list[str] = []
    start = threading.Barrier(3)

    def ask(shift: int) -> None:
        start.wait(LONG)
        for op, args in questions[shift:] + questions[:shift]:
            found, right = session.answer(op, args), expected.answer(op, args)
            if any((a != b).any() for a, b in zip(found.buffers, right.buffers, strict=True)):
                wrong.append(f"{op} {args}")

    threads = [threading.Thread(target=ask, args=(shift,)) for shift in (0, 5, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_two_networks_that_differ_have_different_keys() -> None:
    pictures = noise(1)
    one, other = (Session(tiny_network(model=tiny_model(seed)), pictures) for seed in (0, 1))
    assert maps(one).key != maps(other).key


def test_operations_of_many_steps_leave_room_for_clicks(session: Session) -> None:
    assert session.takes_steps("synthesis", {})
    assert session.takes_steps("overlay", {"method": "occlusion"})
    assert not session.takes_steps("overlay", {"method": "grad_cam"})
    assert not session.takes_steps("projection", {"method": "deconvnet"})
