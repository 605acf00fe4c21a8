"""Dreams and inversions as a page asks for them: what the functions make, live, cancelled within a step."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch import nn

import nbviz
from nbviz.errors import Cancelled, OutOfRange, UnknownName
from nbviz.session import Session
from tests.doubles import noise, tiny_network

DREAM: dict[str, Any] = {
    "image": 0, "target": {"layer": "3"}, "guide": None, "octaves": 2, "steps": 3, "strength": 2.0, "size": None,
    "seed": 1,
}  # fmt: skip


def wide(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (40, 70, 3), dtype=np.uint8)


@pytest.fixture
def session() -> Session:
    return Session(tiny_network(), [wide(), wide(1), *noise(1)])


def frame_of(result: tuple[dict[str, Any], list[np.ndarray]]) -> tuple[int, ...]:
    meta, buffers = result
    assert buffers[-1].shape == (meta["height"], meta["width"], 3)
    return buffers[-1].shape


# -- the picture in its own size


def test_the_original_is_the_persons_picture_uncropped(session: Session) -> None:
    answer = session.answer("original", {"image": 0, "size": None})
    assert answer.meta == {"height": 40, "width": 70, "name": "picture 1"}
    assert np.array_equal(answer.buffers[0], wide())
    small = session.answer("original", {"image": 0, "size": 35})
    assert (small.meta["height"], small.meta["width"]) == (20, 35)


def test_pictures_that_differ_only_outside_of_what_the_network_is_shown_are_two(session: Session) -> None:
    other = wide()
    other[:, 0] = 255 - other[:, 0]
    number = session.add(other)
    assert session.picture(number).key == session.picture(0).key
    assert number == len(session.pictures) - 1
    assert session.add(other) == number
    for op, args in (("original", {"image": 0, "size": None}), ("dream", DREAM)):
        first, second = (session.answer(op, {**args, "image": image}).buffers[0] for image in (0, number))
        assert not np.array_equal(first, second)


# -- dream


def test_a_dream_is_what_deep_dream_makes_of_the_persons_picture(session: Session) -> None:
    answer = session.answer("dream", DREAM)
    found = nbviz.deep_dream(session.net, wide(), "3", octaves=2, steps=3, strength=2.0, size=1600, seed=1)
    assert np.array_equal(answer.buffers[0], np.asarray(found.image))
    assert answer.buffers[0].shape == (40, 70, 3)
    assert (answer.meta["value"], answer.meta["before"]) == (found.value, found.before)
    assert answer.meta["code"] == found.code


def test_a_neuron_stands_for_its_channel_and_a_class_for_its_logit(session: Session) -> None:
    assert session.answer("dream", {**DREAM, "target": {"unit": "3:4@1,1"}}).meta["objective"] == "3:4"
    assert session.answer("dream", {**DREAM, "target": {"logit": 2}}).meta["objective"] == "logit cat"
    assert session.answer("dream", {**DREAM, "guide": 1}).meta["objective"] == "3 of the guide"


def test_the_film_of_a_dream_has_a_readable_picture_a_step(session: Session) -> None:
    answer = session.answer("dream", DREAM)
    assert answer.meta["film"] == [1, 2, 3, 4, 5, 6]
    ends = np.cumsum(answer.meta["lengths"])
    files = [answer.buffers[1][end - n : end] for end, n in zip(ends, answer.meta["lengths"], strict=True)]
    assert [Image.open(io.BytesIO(file.tobytes())).size for file in files] == [(50, 29)] * 3 + [(70, 40)] * 3


def test_dreams_with_different_guides_are_different_answers(session: Session) -> None:
    keys = {session.answer("dream", {**DREAM, "guide": guide}).key for guide in (None, 1, 2)}
    assert len(keys) == 3


def test_a_dream_shows_every_step_and_ends_within_one(session: Session) -> None:
    seen: list[tuple[int, tuple[int, ...]]] = []

    def report(step: int, steps: int, message: str, partial: Any = None) -> None:
        seen.append((step, frame_of(partial())))
        assert message == f"step {step} of 6"
        if step == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        session.answer("dream", DREAM, report)
    assert seen == [(1, (29, 50, 3)), (2, (29, 50, 3)), (3, (29, 50, 3)), (4, (40, 70, 3))]
    assert session.answer("dream", DREAM).meta["steps"] == 6, "what was cancelled is not an answer"


@pytest.mark.parametrize("op", ["dream", "inversion"])
def test_clicks_are_answered_in_between(session: Session, op: str) -> None:
    assert session.takes_steps(op, {})


# -- inversion


def test_an_inversion_has_a_picture_a_layer(session: Session) -> None:
    answer = session.answer("inversion", {"image": 2, "layers": ["0", "3"], "steps": 4, "seed": 2})
    for buffer, row in zip(answer.buffers, answer.meta["layers"], strict=True):
        found = nbviz.invert(session.net, noise(1)[0], row["layer"], steps=4, seed=2)
        assert np.array_equal(buffer, np.asarray(found.image))
        assert row == {
            "layer": found.layer, "error": found.error, "trace": found.trace, "code": found.code, "note": ""
        }  # fmt: skip


def test_by_default_the_row_is_spread_over_the_network(session: Session) -> None:
    answer = session.answer("inversion", {"image": 2, "layers": None, "steps": 1, "seed": 0})
    layers = [row["layer"] for row in answer.meta["layers"]]
    assert layers[0] == "0"
    assert layers[-1] == "7"


def test_a_layer_without_anything_of_the_picture_keeps_its_place_and_says_why() -> None:
    silent = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
    nn.init.constant_(silent[0].bias, -1e6)
    session = Session(tiny_network(model=silent, labels=None), noise(1))
    answer = session.answer("inversion", {"image": 0, "layers": ["0", "1"], "steps": 2, "seed": 0})
    first, second = answer.meta["layers"]
    assert first["error"] is not None
    assert (second["error"], second["trace"]) == (None, [])
    assert "Nothing of the picture reaches '1'" in second["note"]
    assert answer.buffers[1].size == 0


def test_an_inversion_shows_the_layers_so_far(session: Session) -> None:
    seen: list[tuple[int, int, list[str]]] = []

    def report(step: int, steps: int, message: str, partial: Any = None) -> None:
        meta, buffers = partial()
        assert len(buffers) == len(meta["layers"])
        seen.append((step, steps, [row["layer"] for row in meta["layers"]]))

    session.answer("inversion", {"image": 0, "layers": ["0", "3"], "steps": 2, "seed": 0}, report)
    assert seen == [(1, 4, ["0"]), (2, 4, ["0"]), (3, 4, ["0", "3"]), (4, 4, ["0", "3"])]


# -- bad input


def test_what_is_not_there_is_named(session: Session) -> None:
    with pytest.raises(OutOfRange, match="no picture 7"):
        session.answer("dream", {**DREAM, "guide": 7})
    with pytest.raises(UnknownName, match="no layer 'x'"):
        session.answer("dream", {**DREAM, "target": {"layer": "x"}})
    with pytest.raises(UnknownName, match="no layer 'x'"):
        session.answer("inversion", {"image": 0, "layers": ["x"], "steps": 1, "seed": 0})
