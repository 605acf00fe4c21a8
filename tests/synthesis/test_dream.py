"""A dream changes the person's picture towards its aim and leaves its size and its range of colours alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import nbviz
from nbviz import demo
from nbviz.errors import BadPicture, BadRequest, Cancelled, NotDefined, UnknownName
from nbviz.network import Network
from nbviz.synthesis import Step, deep_dream
from nbviz.synthesis.aims import Guided
from nbviz.synthesis.dream import bounded, octave_sizes
from tests.doubles import noise, tiny_network


@pytest.fixture(scope="module")
def net() -> Network:
    return Network.demo()


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return demo.scenes(1, seed=3, objects=2).pictures[0]


def linear(channels: int = 2) -> Network:
    """One convolution over single pixels."""
    return Network(nn.Sequential(nn.Conv2d(3, channels, 1)), input_size=32)


# -- octaves and steps


@pytest.mark.parametrize(
    ("size", "octaves", "scale", "expected"),
    [
        ((280, 140), 3, 1.4, [(143, 71), (200, 100), (280, 140)]),
        ((224, 224), 4, 1.4, [(82, 82), (114, 114), (160, 160), (224, 224)]),
        ((100, 60), 1, 2.0, [(100, 60)]),
        ((3, 1), 3, 2.0, [(1, 1), (2, 1), (3, 1)]),
    ],
)
def test_octaves_grow_by_their_scale_and_end_at_the_picture(
    size: tuple[int, int], octaves: int, scale: float, expected: list[tuple[int, int]]
) -> None:
    assert octave_sizes(size, octaves, scale) == expected


def test_a_bound_keeps_the_proportions_and_never_enlarges() -> None:
    assert bounded((300, 400), 200) == (150, 200)
    assert bounded((300, 400), 500) == (300, 400)
    assert bounded((300, 400), None) == (300, 400)


def test_on_a_linear_network_a_step_moves_along_the_weights_by_its_strength() -> None:
    """A unit w·x has the gradient w at every pixel; divided by mean|w| and times the strength it is the change."""
    net = linear()
    w = net.weight("0")[0, :, 0, 0].double()
    start = torch.full((3, 40, 24), 0.5)
    found = deep_dream(net, start, net.unit("0", 0), octaves=1, steps=3, strength=4.0, jitter=0)
    expected = 127.5 + 3 * 4.0 * w / w.abs().mean()
    change = torch.from_numpy(np.array(found.image)).double()
    assert torch.allclose(change, expected.expand(40, 24, 3), atol=0.51)


def test_what_an_octave_adds_is_carried_to_the_next() -> None:
    """Constant changes survive being resized, so that two octaves of a linear network add up."""
    net = linear()
    start = torch.full((3, 40, 24), 0.5)
    one = deep_dream(net, start, net.unit("0", 0), octaves=1, steps=4, jitter=0)
    two = deep_dream(net, start, net.unit("0", 0), octaves=2, steps=2, jitter=0)
    assert np.abs(np.asarray(one.image).astype(int) - np.asarray(two.image)).max() <= 1


# -- the picture


def test_the_picture_keeps_its_own_size_and_range(net: Network) -> None:
    wide = Image.fromarray(demo.scenes(1, seed=5, objects=2).pictures[0]).resize((210, 130))
    found = deep_dream(net, wide, "layer3", octaves=3, steps=4, strength=20)
    assert found.image.size == wide.size
    assert found.image.mode == "RGB"
    assert np.asarray(found.image).min() == 0
    assert np.asarray(found.image).max() == 255
    assert deep_dream(net, wide, "layer3", octaves=2, steps=1, size=105).image.size == (105, 65)


def test_it_stays_the_persons_picture(net: Network, scene: np.ndarray) -> None:
    found = deep_dream(net, scene, "layer2", steps=5)
    alike = np.corrcoef(np.asarray(found.image).ravel(), scene.ravel())[0, 1]
    assert 0.5 < alike < 0.999


@pytest.mark.parametrize("aim", ["layer3", "layer3:4", "circle"])
def test_there_is_more_of_the_aim_in_it_than_before(net: Network, scene: np.ndarray, aim: str) -> None:
    found = deep_dream(net, scene, aim if aim != "circle" else net.logit(0), steps=6)
    assert found.value > found.before
    assert f"{found.before:.3g} → {found.value:.3g}" in repr(found)


def test_a_sum_of_units_may_be_dreamt_of(net: Network, scene: np.ndarray) -> None:
    found = deep_dream(net, scene, net.unit("layer3", 4) - 0.5 * net.unit("layer2", 9), steps=4)
    assert found.value > found.before


def test_the_value_of_a_layer_is_its_mean_square(net: Network, scene: np.ndarray) -> None:
    found = deep_dream(net, scene, "layer2", octaves=1, steps=2)
    with torch.no_grad():
        maps = net.tap(net.preprocess(np.asarray(found.image)), ["layer2"])["layer2"]
    assert found.value == pytest.approx(float(maps.square().mean()), rel=1e-4)


def test_one_channel_pictures_and_small_networks_dream_too() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.ReLU())
    found = deep_dream(Network(model, input_size=28), noise(1, size=28)[0], "3", steps=3)
    assert found.image.size == (28, 28)
    assert found.value > found.before


def test_octaves_too_small_for_the_network_are_left_out() -> None:
    net = Network(nn.Sequential(nn.Conv2d(3, 4, 20), nn.ReLU()), input_size=32)
    found = deep_dream(net, noise(1, size=40)[0], "0", octaves=4, octave_scale=1.5, steps=2)
    assert found.steps == 2 * 2, "13 and 9 pixels are less than the filter needs, 27 and 40 are enough"


class Rigid(nn.Module):
    """Takes 32×32 and nothing else, as vision transformers do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4 * 32 * 32, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.conv(x).relu().flatten(1))


def test_a_network_of_one_size_dreams_on_any_larger_picture_in_tiles_of_that_size() -> None:
    net = Network(Rigid(), input_size=32)
    found = deep_dream(net, noise(1, size=70)[0], 1, octaves=2, steps=3)
    assert found.image.size == (70, 70)
    assert found.value > found.before
    with pytest.raises(BadRequest, match="too small"):
        deep_dream(net, noise(1, size=20)[0], 1)


# -- the guide


def test_a_guide_pulls_places_towards_the_most_similar_place_of_the_guide() -> None:
    """Σᵢ maxⱼ ⟨aᵢ, gⱼ⟩ by loops, and its gradient: the chosen gⱼ at each place."""
    g = torch.Generator().manual_seed(0)
    guide, a = torch.rand(1, 5, 3, 4, generator=g), torch.rand(1, 5, 6, 2, generator=g).requires_grad_()
    aim = Guided("any", None, guide.flatten(2)[0])
    value = aim.field(a).mean()
    expected, way = 0.0, torch.zeros_like(a)
    columns = guide.flatten(2)[0].T
    for y in range(6):
        for x in range(2):
            scores = [float(a[0, :, y, x].detach() @ column) for column in columns]
            best = int(np.argmax(scores))
            expected += scores[best] / 12
            way[0, :, y, x] = columns[best] / 12
    assert float(value.detach()) == pytest.approx(expected, rel=1e-6)
    torch.testing.assert_close(torch.autograd.grad(value, a)[0], way)


def test_another_guide_another_dream(net: Network, scene: np.ndarray) -> None:
    guides = demo.scenes(2, seed=8).pictures
    first, second = (deep_dream(net, scene, "layer3", guide=guide, steps=4) for guide in guides)
    assert first.value > first.before
    assert np.asarray(first.image).tolist() != np.asarray(second.image).tolist()
    assert "guide=guide" in first.code


# -- seeds, cancelling, the line


def test_the_line_it_shows_makes_it_again(net: Network, scene: np.ndarray) -> None:
    found = deep_dream(net, scene, net.unit("layer3", 2), octaves=2, steps=3, seed=4, size=80)
    names = {"nbviz": nbviz, "net": net, "image": scene}
    again = eval(found.code, names)
    assert np.array_equal(np.asarray(found.image), np.asarray(again.image))
    assert again.code == found.code
    other = deep_dream(net, scene, net.unit("layer3", 2), octaves=2, steps=3, seed=5, size=80)
    assert not np.array_equal(np.asarray(found.image), np.asarray(other.image))


def test_every_step_shows_the_picture_so_far_and_an_exception_ends_the_run(net: Network, scene: np.ndarray) -> None:
    seen: list[tuple[int, int, tuple[int, ...]]] = []

    def on_step(step: Step) -> None:
        seen.append((step.step, step.steps, step.picture().shape))
        if step.step == 5:
            raise Cancelled

    state = torch.random.get_rng_state()
    with pytest.raises(Cancelled):
        deep_dream(net, scene, "layer3", octaves=2, steps=4, on_step=on_step)
    assert [step for step, _, _ in seen] == [1, 2, 3, 4, 5]
    assert {steps for _, steps, _ in seen} == {8}
    assert [shape for _, _, shape in seen] == [(69, 69, 3)] * 4 + [(96, 96, 3)]
    assert torch.equal(state, torch.random.get_rng_state())


def test_pictures_on_the_way_are_kept(net: Network, scene: np.ndarray) -> None:
    found = deep_dream(net, scene, "layer3", octaves=2, steps=6)
    assert len(found.frames) == 8
    assert len(found.trace) == found.steps == 12


# -- bad input


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"octaves": 0}, "octaves=0"),
        ({"octave_scale": 1}, "octave_scale=1"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 2.5}, "steps=2.5"),
        ({"strength": 0}, "strength=0"),
        ({"strength": float("nan")}, "strength=nan"),
        ({"jitter": -1}, "jitter=-1"),
        ({"tile": 10}, "tile=10"),
        ({"size": 3}, "size=3"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_a_number_that_does_not_fit_is_named(options: dict[str, Any], what: str) -> None:
    with pytest.raises(BadRequest, match=what):
        deep_dream(tiny_network(), noise(1)[0], "3", **options)


def test_what_cannot_be_dreamt_of_is_told_in_one_sentence(tmp_path: Path) -> None:
    net, image = tiny_network(), noise(1)[0]
    with pytest.raises(UnknownName, match="no layer 'leyer'"):
        deep_dream(net, image, "leyer")
    with pytest.raises(BadRequest, match=r"'3:4@1,1' looks at one place.*'3:4'"):
        deep_dream(net, image, net.unit("3", 4, 1, 1))
    with pytest.raises(BadRequest, match="A guide is compared in one layer"):
        deep_dream(net, image, net.unit("3", 4), guide=image)
    with pytest.raises(BadPicture):
        deep_dream(net, tmp_path / "none.jpg", "3")
    silent = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    nn.init.constant_(silent[0].bias, -1e6)
    with pytest.raises(NotDefined, match="stays silent"):
        deep_dream(Network(silent, input_size=32), image, "1")
    with pytest.raises(NotDefined, match="zero on the guide"):
        deep_dream(Network(silent, input_size=32), image, "1", guide=image)
