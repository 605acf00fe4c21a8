"""Scores and ranks against what can be counted by hand."""

from __future__ import annotations

import itertools

import pytest
import torch

import nbviz
from nbviz.evaluation.contestants import evidence_map
from nbviz.evaluation.localisation import pointing, relevance_mass, relevance_rank
from nbviz.evaluation.perturbation import covers_of, curves
from nbviz.evaluation.randomisation import cascade, rank_correlation

MASK = torch.zeros(4, 5, dtype=torch.bool)
MASK[1:3, 1:4] = True  # 6 of 20 pixels


def at(*places: tuple[int, int, float]) -> torch.Tensor:
    values = torch.zeros(4, 5)
    for y, x, value in places:
        values[y, x] = value
    return values


def test_pointing_looks_at_the_maximum_alone() -> None:
    assert pointing(at((1, 1, 2), (0, 0, 1)), MASK) == 1
    assert pointing(at((1, 1, 1), (0, 0, 2)), MASK) == 0


def test_tolerance_is_the_distance_to_the_nearest_pixel_of_the_mask() -> None:
    corner = at((0, 0, 1))  # √2 from (1, 1)
    assert [pointing(corner, MASK, tolerance) for tolerance in (1, 1.5)] == [0, 1]


def test_mass_is_a_share() -> None:
    assert relevance_mass(at((1, 1, 3), (0, 0, 1)), MASK) == pytest.approx(0.75)


def test_rank_counts_the_highest_pixels_as_many_as_the_mask_has() -> None:
    inside = [(1, 1, 9), (1, 2, 8), (2, 3, 7)]
    outside = [(0, 0, 6), (3, 4, 5), (0, 1, 4), (0, 2, 3)]
    assert relevance_rank(at(*inside, *outside), MASK) == pytest.approx(3 / 6)


def test_a_constant_map_scores_as_a_blind_guess_and_an_empty_one_nothing() -> None:
    for score in (pointing, relevance_mass, relevance_rank):
        assert score(torch.ones(4, 5), MASK) == pytest.approx(6 / 20)
        assert score(torch.zeros(4, 5), MASK) == 0


def test_rank_correlation_by_hand() -> None:
    a = torch.tensor([1.0, 2, 3, 4, 5])
    assert rank_correlation(a, a.exp()) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    # 1 − 6·Σd²/(n(n² − 1)) with d = (0, 0, 0, 1, −1)
    assert rank_correlation(a, torch.tensor([1.0, 2, 3, 5, 4])) == pytest.approx(1 - 6 * 2 / (5 * 24))
    # Ranks (1, 2.5, 2.5, 4) against (1, 2, 3, 4): covariance 4.5, variances 4.5 and 5.
    tied = rank_correlation(torch.tensor([0.0, 1, 1, 2]), torch.tensor([0.0, 1, 2, 3]))
    assert tied == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert rank_correlation(a, torch.ones(5)) == 0


def test_insertion_and_deletion_against_a_loop() -> None:
    net = nbviz.Network.demo(device="cpu")
    pictures, labels, _ = nbviz.demo.scenes(1, 3)
    x, target = net.preprocess(pictures[0]), net.logit(int(labels[0, 0]))
    values = torch.rand(96, 96, generator=torch.Generator().manual_seed(0))
    covers, steps = covers_of(net, x), 4
    found = curves(net, x, target, values, covers, steps, torch.Generator().manual_seed(0))

    def probability(picture: torch.Tensor) -> float:
        with torch.no_grad():
            return float(net.model(picture)[0].softmax(0)[target.index])

    threshold = [2.0, *(float(values.flatten().quantile(1 - i / steps)) for i in range(1, steps)), -1.0]
    expected = []
    for hidden, shown in ((covers.hidden, x), (x, covers.removed)):
        heights = [probability(torch.where(values >= level, shown, hidden)) for level in threshold]
        expected.append(sum((a + b) / 2 for a, b in itertools.pairwise(heights)) / steps)
    assert found == pytest.approx(expected, abs=2e-3)  # quantiles interpolate: a pixel more or less
    assert torch.allclose(net.denormalise(covers.removed), torch.full_like(x, 0.5), atol=1e-5)


def test_the_cascade_shuffles_from_the_top_on_a_copy() -> None:
    net = nbviz.Network.demo(device="cpu")
    before = {name: tensor.clone() for name, tensor in net.model.state_dict().items()}
    order = ["fc", "layer4", "layer3", "layer2", "layer1", "conv1"]
    reached = []
    for _, twin in cascade(net, 0):
        now = twin.model.state_dict()
        touched = {name.split(".")[0] for name in before if not torch.equal(now[name], before[name])}
        reached.append(max(order.index(name) for name in touched if name in order))
        assert all(name in touched for name in order[: reached[-1]])
        for name, tensor in before.items():
            assert torch.equal(now[name].flatten().sort().values, tensor.flatten().sort().values), name
    assert reached[0] == 0
    assert reached == sorted(reached)
    assert reached[-1] == len(order) - 1
    assert all(torch.equal(net.model.state_dict()[name], tensor) for name, tensor in before.items())


def test_shares_keep_their_sign_and_gradients_their_magnitude() -> None:
    def result(values: torch.Tensor, additive: bool) -> nbviz.Attribution:
        return nbviz.Attribution(values, "input", True, "test", None, None, None, additive=additive)

    colours = torch.tensor([[[1.0, 1.0]], [[-3.0, 0.5]]])
    assert torch.equal(evidence_map(result(colours, False)), torch.tensor([[3.0, 1.0]]))
    assert torch.equal(evidence_map(result(colours, True)), torch.tensor([[0.0, 1.5]]))
    assert torch.equal(evidence_map(result(colours[1], False)), torch.tensor([[0.0, 0.5]]))
