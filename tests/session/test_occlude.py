"""A window over the picture, moved by hand: what the network still says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nbviz.errors import BadRequest, NbvizError, NotDefined, OutOfRange, UnknownName
from nbviz.session import Session
from tests.doubles import noise, tiny_network

BOX = [4, 8, 20, 30]


def asked(session: Session, **change: Any) -> Any:
    return session.answer("occlude", {"image": 0, "box": BOX, "fill": "grey", "target": None, **change})


@pytest.mark.parametrize("fill", ["black", "grey"])
def test_the_scores_are_those_of_a_picture_with_the_window_painted_in(session: Session, fill: str) -> None:
    y0, x0, y1, x1 = BOX
    painted = torch.from_numpy(noise(3)[0]).permute(2, 0, 1) / 255
    painted[:, y0:y1, x0:x1] = {"black": 0.0, "grey": 0.5}[fill]
    expected = {p.index: p for p in session.net.predict(painted, k=4)}
    before = {p.index: p for p in session.net.predict(noise(3)[0], k=4)}
    answer = asked(session, fill=fill)
    assert [row["index"] for row in answer.meta["classes"]] == list(before)
    for row in answer.meta["classes"]:
        now, was = expected[row["index"]], before[row["index"]]
        assert (row["label"], row["probability"]) == (now.label, pytest.approx(now.probability, abs=1e-6))
        assert row["logit"] == pytest.approx(now.logit, abs=1e-5)
        assert row["before"] == {"probability": was.probability, "logit": was.logit}
    level = {"black": 0, "grey": 128}[fill]
    assert answer.buffers[0].shape == (16, 22, 3)
    assert np.abs(answer.buffers[0].astype(int) - level).max() <= 1


def test_the_blurred_window_is_the_blurred_picture_there(session: Session) -> None:
    whole = asked(session, box=[0, 0, 32, 32], fill="blurred").buffers[0]
    assert np.array_equal(asked(session, fill="blurred").buffers[0], whole[4:20, 8:30])
    assert whole.std() < noise(3)[0].std() / 2


def test_the_class_asked_for_is_told_however_weak_it_is() -> None:
    model = nn.Sequential(nn.Conv2d(3, 40, 32), nn.Flatten())
    session = Session(tiny_network(model=model, labels=None), noise(1))
    weakest = session.net.predict(noise(1)[0], k=40)[-1].index
    assert weakest not in [row["index"] for row in asked(session).meta["classes"]]
    assert weakest in [row["index"] for row in asked(session, target=weakest).meta["classes"]]


def test_the_picture_itself_stays_as_it_was(session: Session) -> None:
    before = session.answer("maps", {"image": 0, "layer": "3"}).buffers
    asked(session, box=[0, 0, 32, 32], fill="black")
    assert session.recording(0).x.equal(session.picture(0).x)
    session.forget()
    after = session.answer("maps", {"image": 0, "layer": "3"}).buffers
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_what_a_free_hand_asks_is_neither_kept_nor_recorded(session: Session) -> None:
    asked(session)
    assert session.at_hand() == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"box": [0, 0, 33, 4]}, BadRequest),
        ({"box": [5, 5, 5, 9]}, BadRequest),
        ({"fill": "gray"}, UnknownName),
        ({"target": 4}, OutOfRange),
        ({"image": 3}, OutOfRange),
    ],
)
def test_what_does_not_fit_is_one_sentence(session: Session, change: dict[str, Any], error: type[NbvizError]) -> None:
    with pytest.raises(error) as refusal:
        asked(session, **change)
    assert "\n" not in str(refusal.value)


def test_a_network_without_classes_says_so() -> None:
    net = tiny_network(model=nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), labels=None)
    with pytest.raises(NotDefined, match="no classes"):
        asked(Session(net, noise(1)))
