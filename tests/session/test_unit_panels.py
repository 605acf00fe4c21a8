"""What the unit pane asks for beyond projection and synthesis: neighbours, and the row from one unit to another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import nbviz
from nbviz.errors import BadRequest, OutOfRange
from nbviz.session import Session
from tests.doubles import noise, tiny_model, tiny_network

ROW: dict[str, Any] = {"a": "3:4", "b": "0:2", "count": 4, "steps": 3, "size": None, "seed": 1}


def cut(buffer: np.ndarray[Any, Any], extents: list[tuple[int, int]]) -> list[np.ndarray[Any, Any]]:
    """The parts of a buffer that have these extents, one after the other."""
    ends = np.cumsum([height * width for height, width in extents])
    assert ends[-1] == buffer.size
    return [part.reshape(extent) for part, extent in zip(np.split(buffer, ends[:-1]), extents, strict=True)]


def test_neighbours_decode_to_their_maps_and_kernels() -> None:
    session = Session(tiny_network(), noise(1))
    answer = session.answer("neighbours", {"image": 0, "unit": "3:4"})
    meta, recording = answer.meta, session.recording(0)
    incoming = meta["incoming"]["neighbours"]
    assert (meta["incoming"]["basis"], len(incoming)) == ("weights", 8)
    weights = session.net.model[3].weight[4].detach()  # type: ignore[index, union-attr]
    sizes = weights.abs().sum((1, 2))
    assert [one["unit"] for one in incoming] == [f"2:{int(c)}" for c in sizes.argsort(descending=True)]
    both = [*incoming, *meta["outgoing"]["neighbours"]]
    maps = cut(answer.buffers[0], [(one["height"], one["width"]) for one in both])
    kernels = cut(answer.buffers[1], [tuple(one["kernel"]) for one in both if one["kernel"] != [0, 0]])
    scale = meta["incoming"]["scale"]
    assert scale == pytest.approx(float(weights.abs().max()))
    for one, codes, kernel in zip(incoming, maps, kernels, strict=False):
        channel = int(one["unit"].split(":")[1])
        plane = recording.maps("2")[channel].detach().numpy()
        values = one["lo"] + codes / 255 * (one["hi"] - one["lo"])
        assert np.abs(values - plane).max() <= (one["hi"] - one["lo"]) / 255
        assert np.abs((kernel.astype(float) - 128) / 127 * scale - weights[channel].numpy()).max() <= scale / 127


def test_large_maps_travel_small_and_a_side_without_neighbours_says_why() -> None:
    session = Session(tiny_network(input_size=96), noise(1, size=96))
    meta = session.answer("neighbours", {"image": 0, "unit": "0:1"}).meta
    assert meta["incoming"]["neighbours"] == []
    assert meta["incoming"]["note"] == "it is computed from the picture itself"
    assert {(one["height"], one["width"]) for one in meta["outgoing"]["neighbours"]} == {(32, 32)}


def test_the_row_leads_from_what_excites_the_one_to_what_excites_the_other() -> None:
    session = Session(tiny_network(), noise(1))
    session.recording(0)
    answer = session.answer("interaction", ROW)
    pictures, meta = answer.buffers[0], answer.meta
    assert pictures.shape == (4, 32, 32, 3)
    ends = [nbviz.visualize(session.net, unit, steps=3, seed=1) for unit in ("3:4", "0:2")]
    assert np.array_equal(pictures[0], np.asarray(ends[0].image))
    assert np.array_equal(pictures[-1], np.asarray(ends[1].image))
    assert (meta["readings"][0][0], meta["readings"][-1][1]) == pytest.approx([end.activation for end in ends])
    assert meta["weights"] == [0, 1 / 3, 2 / 3, 1]
    assert [nature["source"] for nature in meta["natural"]] == ["of 1 picture seen"] * 2
    assert meta["code"].startswith(
        "nbviz.visualize(net, nbviz.interpolate(net.unit('3', 4), net.unit('0', 2), 4), steps=3, "
    )
    again = eval(meta["code"], {"nbviz": nbviz, "net": session.net})
    assert all(np.array_equal(one.image, picture) for one, picture in zip(again, pictures, strict=True))


def test_all_pictures_of_the_row_are_seen_at_every_step() -> None:
    rows: list[Any] = []

    def report(step: int, steps: int, message: str, partial: Any = None) -> None:
        rows.append(partial())

    Session(tiny_network(), noise(1)).answer("interaction", ROW, report)
    assert [meta["steps"] for meta, _ in rows] == [1, 2, 3]
    assert all(buffers[0].shape == (4, 32, 32, 3) and meta["readings"] == [] for meta, buffers in rows)


def test_a_network_of_other_channels_is_read_as_well() -> None:
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 3, 3))
    session = Session(tiny_network(model=model, labels=None), [torch.rand(1, 2, 32, 32)])
    row = session.answer("interaction", {**ROW, "a": "0:1", "b": "0:2"})
    alone = nbviz.visualize(session.net, "0:1", steps=3, seed=1)
    assert row.meta["readings"][0][0] == pytest.approx(alone.activation, rel=1e-5)


def test_it_is_refused_in_one_sentence() -> None:
    session = Session(tiny_network(model=tiny_model()), noise(1))
    with pytest.raises(BadRequest, match=r"has 2 to 9 pictures, not 40\.$"):
        session.answer("interaction", {**ROW, "count": 40})
    with pytest.raises(OutOfRange):
        session.answer("interaction", {**ROW, "b": "0:99"})
    with pytest.raises(OutOfRange):
        session.answer("neighbours", {"image": 0, "unit": "0:99"})
