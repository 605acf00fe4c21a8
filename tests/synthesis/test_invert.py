"""An inversion looks to its layer like the picture; its loss never rises; where nothing is remembered it says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz import demo
from nbviz.errors import BadRequest, Cancelled, NotDefined, UnknownName
from nbviz.network import Network
from nbviz.synthesis import Step, invert
from nbviz.synthesis.invert import distance, likeness, remembering
from nbviz.synthesis.regularisers import intensity, total_variation
from tests.doubles import noise, tiny_network


@pytest.fixture(scope="module")
def net() -> Network:
    return Network.demo()


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return demo.scenes(1, seed=3, objects=2).pictures[0]


# -- the formulae, by loops in float64


def pixels(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("beta", [1.0, 2.0, 3.0])
def test_total_variation_is_the_papers(beta: float) -> None:
    x = pixels(2, 3, 5, 4)
    expected = 0.0
    for n in range(2):
        for c in range(3):
            for i in range(5):
                for j in range(4):
                    here = float(x[n, c, i, j])
                    right = float(x[n, c, i, j + 1]) if j + 1 < 4 else here
                    below = float(x[n, c, i + 1, j]) if i + 1 < 5 else here
                    expected += ((right - here) ** 2 + (below - here) ** 2) ** (beta / 2)
    assert float(total_variation(x, beta)) == pytest.approx(expected, rel=1e-12)


def test_total_variation_of_a_plane_is_nought_and_of_an_edge_its_length() -> None:
    plane = torch.full((1, 1, 6, 7), 0.3, dtype=torch.float64)
    assert float(total_variation(plane)) == 0
    edge = plane.clone()
    edge[..., 3:] += 0.5
    assert float(total_variation(edge, 1.0)) == pytest.approx(6 * 0.5)
    assert torch.autograd.gradcheck(total_variation, pixels(1, 1, 3, 4).requires_grad_())


def test_the_intensity_is_the_sixth_power_of_the_norm() -> None:
    x = pixels(1, 2, 3, 3)
    assert float(intensity(x)) == pytest.approx(sum(abs(v) ** 6 for v in x.flatten().tolist()), rel=1e-12)


def test_the_losses_are_the_formulae() -> None:
    found, original = pixels(1, 4, 3, 3, seed=1), pixels(1, 4, 3, 3, seed=2)
    a, b = found.flatten().numpy(), original.flatten().numpy()
    assert float(distance(found, original)) == pytest.approx(((a - b) ** 2).sum() / (b**2).sum(), rel=1e-12)
    for sign in (1, -1):
        dot = sign * (a @ b)
        cosine = max(0.1, dot / np.linalg.norm(a) / np.linalg.norm(b))
        expected = -dot / (b @ b) * cosine**2
        assert float(likeness(sign * found, original, 2.0)) == pytest.approx(expected, rel=1e-12)
    assert float(distance(original, original)) == 0


# -- the pictures


def test_the_first_layers_remember_nearly_everything(net: Network, scene: np.ndarray) -> None:
    found = invert(net, scene, "conv1", steps=96)
    assert found.image.size == (96, 96)
    assert np.corrcoef(np.asarray(found.image).ravel(), scene.ravel())[0, 1] > 0.9


def test_the_error_is_that_of_the_picture_which_is_handed_out(net: Network, scene: np.ndarray) -> None:
    found = invert(net, scene, "layer2", steps=32)
    with torch.no_grad():
        of_both = [net.tap(net.preprocess(np.asarray(p)), ["layer2"])["layer2"] for p in (found.image, scene)]
    expected = float((of_both[0] - of_both[1]).square().sum() / of_both[1].square().sum())
    assert found.error == found.value == pytest.approx(expected, rel=1e-4)
    assert found.error == pytest.approx(found.trace[-1], rel=0.2)


@pytest.mark.parametrize("loss", ["distance", "dot"])
def test_the_trace_never_rises_at_any_layer(net: Network, scene: np.ndarray, loss: Any) -> None:
    for found in invert(net, scene, ["conv1", "layer2", "layer4", "fc"], steps=24, loss=loss):
        assert len(found.trace) == 24
        assert all(later <= earlier for earlier, later in zip(found.trace, found.trace[1:], strict=False))
        assert found.trace[-1] < found.trace[0]


def test_a_row_goes_from_the_first_layers_to_the_last(net: Network, scene: np.ndarray) -> None:
    names = remembering(net)
    assert len(names) == len(set(names)) <= 6
    assert names[0] == net.stops[0].layers[-1]
    assert names[-1] == net.stops[-1].layers[-1]
    row = invert(net, scene, steps=4)
    assert [found.layer for found in row] == names
    assert [str(found.objective) for found in row] == [f"inversion of {name}" for name in names]
    assert remembering(net, 1) == names[-1:]


def test_without_regularisers_pixels_are_no_more_than_what_the_layer_says() -> None:
    """A layer of single pixels determines each of them."""
    net = Network(nn.Sequential(nn.Conv2d(3, 5, 1)), input_size=16)
    image = noise(1, size=16)[0]
    found = invert(net, image, "0", steps=400, param="pixel", learning_rate=0.1, intensity=0, variation=0)
    assert np.abs(np.asarray(found.image).astype(int) - image).mean() < 4


def test_the_line_it_shows_makes_it_again(net: Network, scene: np.ndarray) -> None:
    found = invert(net, scene, "layer2", steps=5, seed=3, variation=1)
    again = eval(found.code, {"nbviz": nbviz, "net": net, "image": scene})
    assert np.array_equal(np.asarray(found.image), np.asarray(again.image))
    assert "inversion of layer2" in repr(found)
    assert "as layer2 remembers it; relative error" in found._repr_html_()


def test_every_step_shows_the_best_picture_and_an_exception_ends_the_run(net: Network, scene: np.ndarray) -> None:
    values: list[float] = []

    def on_step(step: Step) -> None:
        values.append(step.value)
        assert step.picture().shape == (96, 96, 3)
        if step.step == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        invert(net, scene, "layer2", on_step=on_step)
    assert values == sorted(values, reverse=True)
    assert len(values) == 4


# -- where there is nothing to remember


class Cut(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x > 0).to(x.dtype)


class Deaf(nn.Module):
    """Always says the same, and looks as if it listened."""

    def forward(self, x: Tensor) -> Tensor:
        return 0 * x + 1


def test_a_layer_that_the_picture_does_not_reach_says_so() -> None:
    image = noise(1)[0]
    silent = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    nn.init.constant_(silent[0].bias, -1e6)
    with pytest.raises(NotDefined, match="Nothing of the picture reaches '1': everything it computes is zero"):
        invert(Network(silent, input_size=32), image, "1")
    with pytest.raises(NotDefined, match="Nothing of the picture reaches '1': it has no gradient path"):
        invert(Network(nn.Sequential(nn.Conv2d(3, 4, 3), Cut()), input_size=32), image, "1")
    with pytest.raises(NotDefined, match="Nothing of the picture reaches '1': no change of a picture"):
        invert(Network(nn.Sequential(nn.Conv2d(3, 4, 3), Deaf()), input_size=32), image, "1")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"steps": 0}, "steps=0"),
        ({"seed": -1}, "seed=-1"),
        ({"learning_rate": 0}, "learning_rate=0"),
        ({"loss": "cosine"}, "loss='cosine'"),
        ({"variation": -1}, "variation=-1"),
        ({"intensity": float("nan")}, "intensity=nan"),
        ({"power": "x"}, "power='x'"),
        ({"param": "wavelet"}, "wavelet"),
    ],
)
def test_an_option_that_does_not_fit_is_named(options: dict[str, Any], what: str) -> None:
    with pytest.raises(BadRequest, match=what):
        invert(tiny_network(), noise(1)[0], "3", **options)


def test_an_unknown_layer_is_named() -> None:
    with pytest.raises(UnknownName, match="no layer 'leyer'"):
        invert(tiny_network(), noise(1)[0], ["3", "leyer"])
