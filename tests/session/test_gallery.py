"""The gallery of a layer: what excites each of its units, strongest first, a tile at a time."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import nbviz
from nbviz.errors import Cancelled
from nbviz.session import Session
from nbviz.session.session import Bytes
from tests.doubles import noise, tiny_model, tiny_network

ASKED: dict[str, Any] = {"layer": "3", "steps": 3, "size": None, "seed": 1}


def files_of(meta: dict[str, Any], buffers: list[Bytes]) -> dict[int, bytes]:
    """The tiles' files by channel."""
    found, start = {}, 0
    for tile in meta["tiles"]:
        found[tile["channel"]] = buffers[0].tobytes()[start : start + tile["length"]]
        start += tile["length"]
    assert start == buffers[0].nbytes
    return found


class Audience:
    """A report that looks at everything, and leaves after some tiles."""

    def __init__(self, leaves_after: int = 1000) -> None:
        self.leaves_after = leaves_after
        self.arrived: list[int] = []
        self.calls = 0

    def __call__(self, step: int, steps: int, message: str, partial: Any = None) -> None:
        self.calls += 1
        if partial:
            meta, buffers = partial()
            self.arrived += files_of(meta, buffers)
            assert len(self.arrived) <= step <= steps
        if len(self.arrived) >= self.leaves_after:
            raise Cancelled


def test_every_unit_gets_the_picture_that_visualize_makes_of_it() -> None:
    session = Session(tiny_network(), noise(1))
    answer = session.answer("gallery", ASKED)
    files = files_of({**answer.meta}, [*answer.buffers])
    assert list(files) == list(range(12))
    for channel in (0, 7):
        alone = nbviz.visualize(session.net, session.net.unit("3", channel), steps=3, seed=1)
        shown = np.asarray(Image.open(io.BytesIO(files[channel])).convert("RGB")).astype(int)
        assert shown.shape == (32, 32, 3)
        assert np.abs(shown - np.asarray(alone.image)).mean() < 8, "no more than what the encoding costs"
        assert answer.meta["tiles"][channel]["activation"] == alone.activation


def test_large_pictures_are_searched_for_at_a_small_size_and_travel_as_tiles() -> None:
    answer = Session(tiny_network(input_size=160), noise(1)).answer("gallery", {**ASKED, "layer": "0", "steps": 1})
    assert (answer.meta["height"], answer.meta["width"]) == (64, 64)
    assert answer.buffers[0].nbytes < 8 * 6000


def test_a_network_that_takes_one_size_alone_is_asked_at_that_size() -> None:
    fixed = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 128 * 128, 2))
    net = tiny_network(model=fixed, labels=None, input_size=128)
    answer = Session(net, noise(1)).answer("gallery", {**ASKED, "layer": "3", "steps": 1})
    assert [tile["note"] for tile in answer.meta["tiles"]] == ["", ""]


def test_the_units_that_fire_most_on_the_pictures_seen_come_first_each_tile_once() -> None:
    session, audience = Session(tiny_network(), noise(2)), Audience()
    maps = torch.stack([session.recording(i).maps("3").detach().flatten(1).amax(1) for i in range(2)])
    session.answer("gallery", ASKED, audience)
    assert audience.arrived == maps.amax(0).argsort(descending=True).tolist()[: len(audience.arrived)]
    assert len(audience.arrived) == 11, "the last comes with the result"


def test_one_that_was_stopped_goes_on_where_it_was() -> None:
    session, first, second = Session(tiny_network(), noise(1)), Audience(leaves_after=5), Audience()
    with pytest.raises(Cancelled):
        session.answer("gallery", ASKED, first)
    assert len(first.arrived) == 5
    undisturbed = Session(tiny_network(), noise(1)).answer("gallery", ASKED, whole := Audience())
    resumed = session.answer("gallery", ASKED, second)
    assert second.calls < whole.calls - 4 * ASKED["steps"]
    assert resumed.meta == undisturbed.meta
    assert all(np.array_equal(a, b) for a, b in zip(resumed.buffers, undisturbed.buffers, strict=True))


def test_it_ends_within_a_step() -> None:
    leaves_within = Audience()

    def report(step: int, steps: int, message: str, partial: Any = None) -> None:
        leaves_within.calls += 1
        if leaves_within.calls == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        Session(tiny_network(), noise(1)).answer("gallery", {**ASKED, "steps": 50}, report)


def test_a_silent_unit_leaves_its_place_empty_and_says_why() -> None:
    model = tiny_model()
    with torch.no_grad():
        model[3].weight[5] = 0.0
        model[3].bias[5] = -1.0
    answer = Session(tiny_network(model=model), noise(1)).answer("gallery", {**ASKED, "layer": "4"})
    silent = [tile for tile in answer.meta["tiles"] if not tile["length"]]
    assert [tile["channel"] for tile in silent] == [5]
    assert silent[0]["activation"] is None
    assert "stays silent" in silent[0]["note"]


def test_other_weights_are_drawn_anew() -> None:
    session = Session(tiny_network(), noise(1))
    before = session.answer("gallery", ASKED)
    with torch.no_grad():
        session.net.model[0].weight.neg_()  # type: ignore[union-attr, operator]
    after = session.answer("gallery", ASKED)
    assert before.key != after.key
    assert not np.array_equal(before.buffers[0], after.buffers[0])


def test_it_is_known_as_something_that_takes_many_steps() -> None:
    assert Session(tiny_network(), noise(1)).takes_steps("gallery", ASKED)
