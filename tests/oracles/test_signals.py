"""Activations and backward signals against loops, in float64, on the smallest networks that show each case."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import nbviz

from .cases import CASES, SPELLINGS, SPELLINGS_UP_TO_HALF, Case, Microscope, Rectified
from .tape import Array

METHODS = {"gradient": nbviz.neuron_gradient, "deconvnet": nbviz.deconvnet, "guided": nbviz.guided_backprop}


def distance(found: torch.Tensor, expected: Array) -> float:
    """Largest difference in relation to the largest value expected."""
    assert found.shape == expected.shape
    largest = np.abs(expected).max()
    return float(np.abs(found.double().numpy() - expected).max() / (largest or 1))


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.__name__)
def under(request: pytest.FixtureRequest) -> Microscope:
    return Microscope(request.param())


def firing(under: Microscope, layer: str) -> list[tuple[int, int, int]]:
    """The place of the maximum of each channel that fires."""
    maps = under.value(layer)
    peaks = [(c, *divmod(int(plane.argmax()), plane.shape[1])) for c, plane in enumerate(maps)]
    return [place for place in peaks if maps[place] > 0]


def test_every_named_call_has_an_address_and_holds_what_the_formula_says(under: Microscope) -> None:
    assert under.named[-1] == "fc"
    assert {name for name in under.tape.values if not name.startswith(("unnamed", "picture"))} == set(under.named)
    for layer in under.named:
        assert distance(nbviz.activations(under.net, under.x, layer).values, under.value(layer)) <= 1e-6, layer


@pytest.mark.parametrize("rule", METHODS)
def test_a_channel_is_projected_from_its_strongest_neuron(under: Microscope, rule: str) -> None:
    compared = 0
    for layer in under.named:
        for c, y, x in firing(under, layer):
            seed = under.value(layer)[c, y, x] if rule == "deconvnet" else 1.0
            found = METHODS[rule](under.net, under.x, under.net.unit(layer, c))
            assert found.position == (y, x)
            assert found.score == pytest.approx(under.value(layer)[c, y, x])
            assert distance(found.values, under.projected(layer, (c, y, x), rule, seed)) <= 1e-6, (layer, c)
            compared += bool(found.values.any())
    assert compared >= 5


@pytest.mark.parametrize("rule", METHODS)
def test_a_given_neuron_is_projected_from_its_own_place(under: Microscope, rule: str) -> None:
    compared = 0
    for layer in under.named:
        maps = under.value(layer)
        for c in range(len(maps)):
            y, x = maps.shape[1] // 3, 2 * maps.shape[2] // 3
            if maps[c, y, x] <= 0 and rule == "deconvnet":
                continue
            seed = maps[c, y, x] if rule == "deconvnet" else 1.0
            found = METHODS[rule](under.net, under.x, f"{layer}:{c}@{y},{x}")
            assert distance(found.values, under.projected(layer, (c, y, x), rule, seed)) <= 1e-6, (layer, c)
            compared += bool(found.values.any())
    assert compared >= 4


def test_saliency_is_the_largest_slope_over_the_channels(under: Microscope) -> None:
    for index in range(3):
        expected = np.abs(under.projected("fc", (index, 0, 0), "gradient")).max(0)
        assert distance(nbviz.saliency(under.net, under.x, index).values, expected) <= 1e-6


def test_grad_cam_weighs_each_map_by_its_mean_slope(under: Microscope) -> None:
    for layer in under.named:
        maps = under.tape.values[layer]
        if maps.ndim == 1:
            continue
        start = np.eye(3)[1]
        slopes = under.tape.back("fc", start, "gradient", to=layer).mean((1, 2))
        expected = (slopes[:, None, None] * maps).sum(0)
        signed = nbviz.grad_cam(under.net, under.x, 1, layer=layer, signed=True)
        rectified = nbviz.grad_cam(under.net, under.x, 1, layer=layer)
        assert distance(signed.values, expected) <= 1e-6, layer
        assert distance(rectified.values, np.maximum(expected, 0)) <= 1e-6, layer


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_rectifier_obeys_its_rule_however_it_is_spelt(spelling: str) -> None:
    _obeys(Rectified(SPELLINGS[spelling]))


@pytest.mark.parametrize("spelling", SPELLINGS_UP_TO_HALF)
def test_a_rectifier_with_an_upper_bound_obeys_its_rule_however_it_is_spelt(spelling: str) -> None:
    _obeys(Rectified(SPELLINGS_UP_TO_HALF[spelling], high=0.5))


def _obeys(case: Case) -> None:
    under = Microscope(case)
    signals = []
    for rule, method in METHODS.items():
        # A class looks through both rectifiers, so that each rule gives another picture.
        seed = under.tape.values["fc"].max() if rule == "deconvnet" else 1.0
        best = int(under.tape.values["fc"].argmax())
        expected = under.projected("fc", (best, 0, 0), rule, seed)
        assert distance(method(under.net, under.x, best).values, expected) <= 1e-6, rule
        signals.append(expected / np.abs(expected).max())
    assert min(np.abs(a - b).max() for a, b in itertools.pairwise(signals)) > 0.01
