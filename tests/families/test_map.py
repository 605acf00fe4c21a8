"""A walk over the map of every torchvision family: it opens, and every stop shows a grid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import torch

import nbviz
from nbviz.widgets.facts import network_facts
from tests.doubles import noise
from tools.families.zoo import FAMILIES

Node = dict[str, Any]


def every(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from every(node.get("children", []))


def layer_of(node: Node) -> str:
    """What the page shows for a stop: its own output, else the last one inside."""
    return node["layer"] or layer_of(node["children"][-1])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_opens_and_every_stop_of_its_map_shows_a_grid(name: str) -> None:
    family = FAMILIES[name]
    torch.manual_seed(0)
    net = nbviz.Network(family.make(), input_size=family.size, device="cpu")
    with closing(nbviz.Explorer(net, noise(1, size=family.size))) as w:
        facts = network_facts(net)
        layers = {layer["name"]: layer for layer in facts["layers"]}
        assert w.layer in layers
        assert facts["default_layer"] in layers
        stops = [layer_of(node) for node in every(facts["tree"])]
        assert set(stops) >= {n for n, layer in layers.items() if layer["height"] * layer["width"] > 1}
        for stop in dict.fromkeys(stops):
            answer = w.session.answer("maps", {"image": 0, "layer": stop})
            assert answer.meta["channels"] == layers[stop]["channels"] == len(answer.buffers[1])
            assert answer.meta["full"] == [layers[stop]["height"], layers[stop]["width"]]
            assert np.isfinite(answer.buffers[3]).all()
        (survey, census) = (w.session.answer("extremes", {"images": images}) for images in ([0], [0, 0]))
        assert {layer["name"] for layer in survey.meta["layers"]} == set(layers)
        # With and without a graph torch rounds attention differently.
        assert np.allclose(survey.buffers[1], census.buffers[1], rtol=1e-4, atol=1e-4)
