"""The map's tree: modules nested as they are, each shown layer on it, repeats told once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

import nbviz
from nbviz.errors import UnknownName
from nbviz.network import Node

from .models import seeded


def every(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from every(node.children)


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv, self.relu = nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv(x)) + x


class Staged(nn.Module):
    """Five blocks in a stage, of which the pool in the middle divides the map sizes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.stage = nn.Sequential(*(Block(4) for _ in range(3)), nn.MaxPool2d(2), *(Block(4) for _ in range(2)))
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.stage(self.stem(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def outline() -> tuple[Node, ...]:
    return nbviz.Network(seeded(Staged()), input_size=16, device="cpu").outline


def test_modules_lie_in_the_modules_that_hold_them(outline: tuple[Node, ...]) -> None:
    stem, stage, head = outline
    assert [(n.name, n.kind, n.layer) for n in (stem, stage, head)] == [
        ("stem", "Conv2d", "stem"), ("stage", "Sequential", "stage"), ("head", "Linear", "head"),
    ]  # fmt: skip
    assert [child.label for child in stage.children] == ["0–2", "3", "4", "5"]
    assert [child.name for child in stage.children[2].children] == ["stage.4.conv", "stage.4.relu"]


def test_three_alike_are_told_once_and_two_are_not(outline: tuple[Node, ...]) -> None:
    run, pool, *others = outline[1].children
    assert (run.repeats, run.kind, run.layer) == (3, "Block", "stage.2")
    assert [child.label for child in run.children] == ["0", "1", "2"]
    assert (pool.repeats, [other.repeats for other in others]) == (0, [0, 0])


def test_an_output_that_is_passed_on_is_found_under_the_name_it_is_shown_by(outline: tuple[Node, ...]) -> None:
    assert [child.layer for child in outline[1].children] == ["stage.2", "stage.3", "stage.4", "stage"]


def test_a_container_of_one_container_is_no_place_of_its_own() -> None:
    wrapped = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3)))
    net = nbviz.Network(nn.Sequential(nn.Conv2d(3, 3, 1), wrapped, nn.Flatten()), input_size=8, device="cpu")
    inner = net.outline[1]
    assert [(child.label, child.layer) for child in inner.children] == [("0.0", "1.0.0"), ("0.1", "1.0.1")]
    # The last convolution's output is that of both containers, and shown under the outermost name.
    assert inner.layers == ["1.0.0", "1.0.1", "1"]


FAMILIES = ("vgg11", "resnet50", "googlenet", "densenet121", "mobilenet_v2", "squeezenet1_1", "vit_b_32", "swin_t")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FAMILIES)
def test_every_shown_layer_is_on_the_map_in_the_order_of_execution(name: str) -> None:
    torch.manual_seed(0)
    net = nbviz.Network(models.get_model(name, weights=None), input_size=224, device="cpu")
    shown = [layer.name for layer in net.shown_layers]
    found = list(dict.fromkeys(name for node in net.outline for name in node.layers))
    assert sorted(found) == sorted(shown)
    # Side branches apart, as a module's own output comes after what is inside.
    stops = [node.layers[-1] for node in net.outline]
    assert stops == sorted(stops, key=shown.index)
    names = [node.name for node in every(net.outline)]
    assert len(names) == len(set(names))
    runs = [node for node in every(net.outline) if node.repeats]
    assert all(len(run.children) == run.repeats >= 3 for run in runs)
    assert bool(runs) == (
        name in {"resnet50", "googlenet", "densenet121", "mobilenet_v2", "squeezenet1_1", "vit_b_32", "swin_t"}
    )


def test_a_layer_is_found_by_any_name_of_its_output() -> None:
    model = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3)), nn.ReLU(), nn.Dropout())
    net = nbviz.Network(model, input_size=8, device="cpu")
    assert [net.shown_name(name) for name in net.layers] == ["0", "0", "1", "1"]
    assert torch.equal(nbviz.filters(net, "0").values, model[0][0].weight.detach())
    with pytest.raises(UnknownName, match="no layer 'x'"):
        net.shown_name("x")
