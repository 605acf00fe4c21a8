"""What is answered about the channels of a layer, beside their maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from nbviz.errors import Cancelled, OutOfRange
from nbviz.methods import contributions, extremes, groups
from nbviz.session import Session
from tests.doubles import noise, tiny_network


def test_extremes_are_told_layer_after_layer(session: Session) -> None:
    answer = session.answer("extremes", {"images": [0, 2]})
    found = extremes(session.net, [noise(3)[0], noise(3)[2]])
    assert answer.meta["pictures"] == 2
    start = 0
    for row in answer.meta["layers"]:
        end = start + row["channels"]
        assert np.array_equal(answer.buffers[0][start:end], found.least[row["name"]])
        assert np.array_equal(answer.buffers[1][start:end], found.largest[row["name"]])
        start = end
    assert start == len(answer.buffers[1])


def test_the_extremes_of_one_picture_are_read_off_its_recording(session: Session) -> None:
    recording = session.recording(1)
    answer = session.answer("extremes", {"images": [1]})
    own = recording.maps("4").detach().amax((1, 2))
    at = [row["name"] for row in answer.meta["layers"]].index("4")
    start = sum(row["channels"] for row in answer.meta["layers"][:at])
    assert np.array_equal(answer.buffers[1][start : start + 12], own)
    assert len(session._recordings) == 1


def test_many_pictures_are_read_step_by_step_and_can_be_stopped(session: Session) -> None:
    told: list[str] = []

    def report(step: int, steps: int, message: str, partial: Any = None) -> None:
        told.append(message)
        if step == 1:
            raise Cancelled

    assert session.takes_steps("extremes", {"images": [0, 1, 2]})
    assert not session.takes_steps("extremes", {"images": [0]})
    with pytest.raises(Cancelled):
        session.answer("extremes", {"images": [0, 1, 2]}, report)
    assert told == ["picture 1 of 3", "picture 2 of 3"]
    with pytest.raises(OutOfRange, match="there is no picture 3"):
        session.answer("extremes", {"images": [0, 3]})


def test_the_same_pictures_have_the_same_extremes_wherever_they_are_in_the_list() -> None:
    first, second = noise(2)
    net = tiny_network()
    keys = {Session(net, pictures).answer("extremes", {"images": images}).key
            for pictures, images in (([first, second], [0]), ([second, first], [1]))}  # fmt: skip
    assert len(keys) == 1


@pytest.mark.parametrize("target", [None, 2])
def test_contributions_name_the_class_and_what_they_add_up_to(session: Session, target: int | None) -> None:
    answer = session.answer("contributions", {"image": 0, "layer": "4", "target": target})
    index = session.net.predict(noise(3)[0], 1)[0].index if target is None else target
    expected = contributions(session.net, noise(3)[0], index, "4").numpy()
    assert np.allclose(answer.buffers[0], expected, atol=1e-6)
    assert (answer.meta["target"], answer.meta["label"]) == (index, session.net.label(index))
    assert answer.meta["sum"] == pytest.approx(expected.sum(), abs=1e-5)
    assert answer.meta["logit"] == pytest.approx(float(session.recording(0).logits[0, index].detach()))


def test_groups_decode_to_the_factors(session: Session) -> None:
    asked = {"images": [0, 2], "layer": "4", "count": 3, "seed": 1}
    answer = session.answer("groups", asked)
    found = groups(session.net, [noise(3)[0], noise(3)[2]], "4", 3, seed=1)
    tops = np.array(answer.meta["tops"])
    decoded = answer.buffers[0] / 255 * tops[:, None, None]
    assert np.abs(decoded - found.maps.numpy()).max() <= tops.max() / 510 + 1e-6
    assert np.array_equal(answer.buffers[1], found.weights)
    assert answer.meta["explained"] == found.explained
    assert session.takes_steps("groups", asked)


def test_a_map_says_what_its_rows_and_columns_see(session: Session) -> None:
    for name in ("0", "2", "4"):
        field = session.net.layer(name).receptive_field
        told = session.answer("maps", {"image": 0, "layer": name}).meta["field"]
        assert field is not None
        assert tuple(told["size"]) == field.size
        for y, x in ((0, 0), (3, 5), (15, 15)):
            (y0, y1), (x0, x1) = told["rows"][y], told["columns"][x]
            assert (y0, x0, y1, x1) == field.box(y, x)


def test_a_picture_of_another_size_has_no_boxes_to_tell() -> None:
    session = Session(tiny_network(), [torch.rand(1, 3, 48, 48)])
    assert session.answer("maps", {"image": 0, "layer": "3"}).meta["field"] is None
