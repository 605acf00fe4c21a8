"""Two networks in one widget: the same questions to either, the same pictures in front of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import nbviz
from nbviz.errors import BadModel
from nbviz.session import Session
from nbviz.widgets import Explorer
from tests.doubles import LONG, noise, tiny_model, tiny_network

Show = Callable[..., Explorer]


@pytest.fixture
def w(show: Show) -> Explorer:
    return show(tiny_network(0), noise(3), beside=tiny_network(1))


def asked(w: Explorer, rid: str, **args: Any) -> list[bytes]:
    w.comm.ask(rid, "maps", image=0, layer="3", **args)
    assert w.wait(LONG)
    (found,) = [b for _, d, b in w.comm.published if b and d["content"]["rid"] == rid]
    return [bytes(b) for b in found]


def test_each_network_answers_for_itself(w: Explorer) -> None:
    for rid, network, seed in (("r0", {}, 0), ("r1", {"network": 1}, 1)):
        buffers = asked(w, rid, **network)
        alone = Session(tiny_network(seed), noise(3)).answer("maps", {"image": 0, "layer": "3"})
        assert buffers == [b.tobytes() for b in alone.buffers]


def test_there_is_a_second_network_only_where_one_was_given(show: Show) -> None:
    w = show()
    assert w.comm.opened["_beside"] is None
    w.comm.ask("r1", "maps", image=0, layer="3", network=1)
    assert w.wait(LONG)
    assert "one network here; nbviz.compare shows two" in w.comm.custom()[-1]["message"]


def test_an_added_picture_stands_before_both(w: Explorer) -> None:
    picture = noise(1, seed=8)[0]
    assert w.add_image(picture, "new") == 3
    beside = w.session.beside
    assert beside is not None
    assert [p.name for p in beside.pictures] == [p.name for p in w.images]
    assert torch.equal(beside.picture(3).x, beside.net.preprocess(picture))


def test_a_change_of_either_networks_weights_is_told(w: Explorer) -> None:
    assert w.session.beside is not None
    with torch.no_grad():
        next(w.session.beside.net.model.parameters()).mul_(2)
    asked(w, "r1", network=1)
    assert [m for m in w.comm.custom() if m["type"] == "stale"] == [{"type": "stale", "revision": 1}]


def test_what_the_two_do_not_share_is_said(show: Show) -> None:
    longer = nn.Sequential(*tiny_model(), nn.Linear(4, 6))
    facts = show(tiny_network(), noise(1), beside=tiny_network(model=longer, labels=None)).comm.opened["_beside"]
    assert facts["name"] == "Sequential (B)"
    assert facts["notes"] == [
        "8 layers are in both, of 8 and 9.",
        "Their classes differ; those of the same number are compared.",
    ]
    same = show(tiny_network(), noise(1), beside=tiny_network(1)).comm.opened["_beside"]
    assert same["notes"] == []


def test_networks_without_a_layer_in_common_are_one_sentence() -> None:
    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = tiny_model()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x)

    with pytest.raises(BadModel, match="no layer of the same name") as refusal:
        nbviz.compare(tiny_network(), tiny_network(model=Wrapped()), noise(1))
    assert "\n" not in str(refusal.value)


def test_a_layer_that_the_other_lacks_is_a_sentence_in_its_own_panel(show: Show) -> None:
    longer = nn.Sequential(*tiny_model(), nn.Linear(4, 6))
    w = show(tiny_network(model=longer, labels=None), noise(1), beside=tiny_network())
    w.comm.ask("r1", "maps", image=0, layer="8", network=1)
    assert w.wait(LONG)
    failure = w.comm.custom()[-1]
    assert (failure["kind"], "has no layer '8'" in failure["message"]) == ("UnknownName", True)


def test_what_was_looked_at_of_both_is_known_by_the_network_it_was_asked_of() -> None:
    session = Session(tiny_network(0), noise(1), tiny_network(1))
    for network in (0, 1):
        session.of(network).answer("maps", {"image": 0, "layer": "3"})
    (one, first), (two, second) = session.at_hand()
    assert (one.args, two.args) == ({"image": 0, "layer": "3"}, {"image": 0, "layer": "3", "network": 1})
    assert not np.array_equal(first.buffers[0], second.buffers[0])
