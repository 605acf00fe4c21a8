"""Directions, layers, caricatures and masks: the formulas written out slowly, and what a person may get wrong."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz.address import Target, Unit
from nbviz.errors import BadRequest, NotDefined, UnknownName
from nbviz.network import Network
from nbviz.synthesis import Caricature, Direction, Inside, Whole, diversity, interpolate, visualize
from nbviz.synthesis.objectives import PEAKS, TEMPERATURE, Objective, peaks


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def net() -> Network:
    model = nn.Sequential(nn.Conv2d(3, 6, 5, padding=2), nn.ReLU(), nn.Conv2d(6, 4, 3)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=seeded(1)) / parameter[0].numel() ** 0.5)
    return Network(model, input_size=(20, 28))


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.randn(2, 3, 20, 28, generator=seeded(), dtype=torch.float64)


def value(net: Network, target: Target, x: Tensor) -> Tensor:
    objective = Objective.of(net, target)
    return objective.value(objective.tap(net, x))


def slow_direction(maps: Tensor, v: Tensor, power: float) -> float:
    """((v̂·a)·max(.1, cos)^p), position by position, averaged."""
    total = 0.0
    for y in range(maps.shape[1]):
        for x in range(maps.shape[2]):
            a = maps[:, y, x]
            product = float((a * v).sum() / v.norm())
            total += product * max(0.1, product / float(a.norm())) ** power
    return total / (maps.shape[1] * maps.shape[2])


@pytest.mark.parametrize("power", [0, 1, 2.5])
def test_a_direction_is_the_projection_weighted_by_the_cosine(net: Network, x: Tensor, power: float) -> None:
    v = torch.randn(4, generator=seeded(2), dtype=torch.float64)
    with torch.no_grad():
        maps = net.model(x)
    expected = torch.tensor([slow_direction(one, v, power) for one in maps], dtype=torch.float64)
    torch.testing.assert_close(value(net, Direction("2", v, power), x), expected, rtol=1e-6, atol=0)


def test_a_whole_layer_is_the_mean_of_squares(net: Network, x: Tensor) -> None:
    with torch.no_grad():
        expected = net.model(x).square().mean((1, 2, 3))
    torch.testing.assert_close(value(net, Whole("2"), x), expected)


def test_a_caricature_looks_at_each_position_in_the_pictures_own_direction(net: Network, x: Tensor) -> None:
    picture = torch.rand(3, 20, 28, generator=seeded(3))
    with torch.no_grad():
        aim, maps = net.model(net.preprocess(picture))[0], net.model(x)
    length = aim.norm(dim=0).mean()
    expected = []
    for one in maps:
        total = 0.0
        for i in range(aim.shape[1]):
            for j in range(aim.shape[2]):
                product = float((one[:, i, j] * aim[:, i, j]).sum() / length)
                cosine = product * float(length) / float(one[:, i, j].norm() * aim[:, i, j].norm())
                total += product * max(0.1, cosine)
        expected.append(total / aim[0].numel())
    found = value(net, Caricature("2", picture), x)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=0)


def test_a_caricature_resembles_its_picture_to_the_layer_more_than_any_other_picture_does() -> None:
    net = Network.demo()
    first, second = nbviz.demo.scenes(2, seed=5).pictures
    layer = "layer2.0.relu2"
    made = visualize(net, Caricature(layer, first), 48).image
    with torch.no_grad():
        a, b, c = (net.tap(net.preprocess(p), [layer])[layer].flatten() for p in (made, first, second))
    assert torch.cosine_similarity(a, b, 0) > 1.2 * torch.cosine_similarity(a, c, 0)


def test_inside_a_mask_only_its_positions_count(net: Network, x: Tensor) -> None:
    mask = np.zeros((18, 26), bool)  # the size of the last layer's maps, so that nothing is interpolated
    mask[3:9, 5:20] = True
    with torch.no_grad():
        channel = net.model(x)[:, 1, 3:9, 5:20]
    objective = Objective.of(net, Inside(net.unit("2", 1), mask))
    taps = objective.tap(net, x)
    torch.testing.assert_close(objective.value(taps), channel.mean((1, 2)))
    torch.testing.assert_close(objective.activation(taps), channel.amax((1, 2)))


def test_a_mask_keeps_the_rest_of_the_picture_quiet(net: Network) -> None:
    mask = np.zeros((2, 2))
    mask[:, 0] = 1
    picture = np.asarray(visualize(net, Inside(net.unit("2", 1), mask), 48, param="pixel").image, dtype=float)
    assert picture[:, :10].std() > 4 * picture[:, 20:].std()


def test_goals_add_and_scale_like_units(net: Network, x: Tensor) -> None:
    joint = 2 * Whole("2") - 0.5 * net.unit("0", 3) + Inside(net.unit("2", 0), np.ones((3, 3)))
    with torch.no_grad():
        first, last = net.model[0](x), net.model(x)
    expected = 2 * last.square().mean((1, 2, 3)) - 0.5 * first[:, 3].mean((1, 2)) + last[:, 0].mean((1, 2))
    torch.testing.assert_close(value(net, joint, x), expected)


# -- what is climbed -----------------------------------------------------------------------------------------------


def test_peaks_are_the_soft_maximum_of_each_part() -> None:
    field = torch.randn(2, 7, 32, generator=seeded(), dtype=torch.float64)
    rows, columns = [0, 3, 5, 7], [0, 8, 16, 24, 32]  # at least three parts, and of about eight positions
    expected = torch.zeros_like(field)
    for n in range(2):
        for top, bottom in pairwise(rows):
            for left, right in pairwise(columns):
                part = field[n, top:bottom, left:right]
                e = ((part - part.max()) / (TEMPERATURE * part.std(correction=0))).exp()
                expected[n, top:bottom, left:right] = e / e.sum() / 12
    torch.testing.assert_close(peaks(field), expected)


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (3, 40)])
def test_the_weights_of_peaks_are_one_in_sum_also_where_nothing_varies(size: tuple[int, int]) -> None:
    for field in (torch.zeros(3, *size), torch.randn(3, *size, generator=seeded())):
        torch.testing.assert_close(peaks(field).sum((1, 2)), torch.ones(3))


def test_the_drive_is_the_mean_and_the_peaks(net: Network, x: Tensor) -> None:
    objective = Objective.of(net, -2 * net.unit("2", 1))
    taps = objective.tap(net, x)
    field = -2 * taps["2"][:, 1]
    expected = (1 - PEAKS) * field.mean((1, 2)) + PEAKS * (peaks(field) * field).sum((1, 2))
    torch.testing.assert_close(objective.drive(taps), expected)


def test_a_neuron_and_a_logit_are_driven_by_their_value_and_a_probability_by_its_logarithm() -> None:
    net = Network.demo()
    x = net.preprocess(nbviz.demo.scenes(1, seed=1).pictures[0])
    for target in (net.unit("layer2", 3, 4, 5), net.logit(2)):
        objective = Objective.of(net, target)
        taps = objective.tap(net, x)
        torch.testing.assert_close(objective.drive(taps), objective.value(taps))
    objective = Objective.of(net, net.probability(2))
    taps = objective.tap(net, x)
    torch.testing.assert_close(objective.drive(taps), objective.value(taps).log())


# -- from one target to the other ------------------------------------------------------------------------------------


def test_interpolation_goes_from_one_target_to_the_other() -> None:
    a, b = Unit("l", 1), Unit("l", 2)
    targets = interpolate(a, b, 5)
    assert targets[0] is a
    assert targets[-1] is b
    weights = [[weight for weight, _ in target.terms] for target in targets[1:-1]]
    assert weights == [[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]


def test_interpolated_pictures_end_in_those_of_the_single_units() -> None:
    net = Network.demo()
    a, b = net.unit("layer3.0.relu2", 3), net.unit("layer3.0.relu2", 20)
    row = visualize(net, interpolate(a, b, 4), 24)
    for end, target in ((row[0], a), (row[-1], b)):
        alone = visualize(net, target, 24)
        assert (end.objective, end.code, end.steps) == (target, alone.code, alone.steps)
        assert np.array_equal(end.image, alone.image)
    strengths = [[float(m) for m in _maxima(net, one.image, a.layer, (3, 20))] for one in row]
    assert strengths[0][0] > strengths[-1][0]
    assert strengths[-1][1] > strengths[0][1]


def _maxima(net: Network, image: object, layer: str, channels: tuple[int, ...]) -> list[Tensor]:
    with torch.no_grad():
        maps = net.tap(net.preprocess(image), [layer])[layer][0]
    return [maps[c].max() for c in channels]


# -- what does not fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda net: Direction("2", [1.0, 2.0]), BadRequest, "has 2 numbers; layer '2' has 4 channels"),
        (lambda net: Direction("2", [0.0] * 4), BadRequest, "zero or not finite"),
        (lambda net: Direction("2", [math.nan] * 4), BadRequest, "zero or not finite"),
        (lambda net: Direction("2", np.eye(4)), BadRequest, r"one number a channel.*\(4, 4\)"),
        (lambda net: Direction("2", ["a"] * 4), BadRequest, "one number a channel"),
        (lambda net: Direction("2", [1.0] * 4, power=-1), BadRequest, "power=-1"),
        (lambda net: Whole("22"), UnknownName, "no layer '22'"),
        (lambda net: Inside(net.unit("2", 0, 1, 1), np.ones((2, 2))), BadRequest, "no positions to choose among"),
        (lambda net: Inside(net.unit("2", 0), np.zeros((2, 2))), BadRequest, "something inside"),
        (lambda net: Inside(net.unit("2", 0), np.full((2, 2), 2.0)), BadRequest, "from 0 .* to 1"),
        (lambda net: Inside(net.unit("2", 0), np.ones(4)), BadRequest, r"\(height, width\)"),
        (lambda net: interpolate("a", net.unit("2", 0)), BadRequest, "A str is not a target"),  # type: ignore[arg-type]
        (lambda net: interpolate(net.unit("2", 1), net.unit("2", 0), 1), BadRequest, "n=1"),
        (lambda net: diversity(net.unit("2", 1), 1), BadRequest, "n=1"),
        (lambda net: diversity(net.unit("2", 1), 2, strength=0), BadRequest, "strength=0"),
        (lambda net: [], BadRequest, "no objective in the list"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(
    net: Network, make: object, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        visualize(net, make(net), 2)  # type: ignore[operator]


def test_a_caricature_of_what_the_layer_does_not_see_is_not_defined() -> None:
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())
    with torch.no_grad():
        model[0].bias.fill_(-100)
    with pytest.raises(NotDefined, match="All of '1' is zero on the picture"):
        visualize(Network(model, input_size=16), Caricature("1", torch.rand(3, 16, 16)), 2)
