"""Several pictures at once are what each is alone, whatever the memory holds; a penalty keeps them apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz.errors import ForwardFailed, OutOfMemory
from nbviz.network import Network
from nbviz.synthesis import Synthesis, diversity, visualize
from nbviz.synthesis.batch import Batch, gram
from nbviz.synthesis.objectives import Objective

LAYER = "layer3.0.relu2"


class Full(nn.Module):
    """Passes pictures on as long as there are not too many of them."""

    def __init__(self, most: int, error: type[Exception] = torch.OutOfMemoryError) -> None:
        super().__init__()
        self.most, self.error, self.seen = most, error, list[int]()

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        if len(x) > self.most:
            raise self.error("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return x


def limited(most: int, error: type[Exception] = torch.OutOfMemoryError) -> tuple[Network, Full]:
    """A small network, and its part that counts; unlimited while the network is opened."""
    torch.manual_seed(0)
    gate = Full(10**6, error)
    net = Network(nn.Sequential(nn.Conv2d(3, 4, 5), gate, nn.ReLU(), nn.Conv2d(4, 6, 3)), input_size=24)
    twin = net._taps.twin.get_submodule("1")
    assert isinstance(twin, Full)
    twin.most, twin.seen = most, []
    return net, twin


def pixels(result: Synthesis) -> np.ndarray:
    return np.asarray(result.image, int)


def test_pictures_in_a_batch_are_those_that_each_would_be_alone() -> None:
    net = Network.demo()
    targets = [net.unit(LAYER, 3), net.unit(LAYER, 17) - 0.5 * net.unit("layer2", 1), net.logit(4)]
    together = visualize(net, targets, 20)
    for one, target in zip(together, targets, strict=True):
        alone = visualize(net, target, 20)
        assert one.code == alone.code
        assert np.array_equal(pixels(one), pixels(alone))


def test_pictures_that_go_through_the_network_together_are_the_same_up_to_rounding() -> None:
    net = Network.demo()
    targets = [net.unit(LAYER, 3), net.unit(LAYER, 17) - 0.5 * net.unit("layer2", 1), net.logit(4)]
    together, alone = (visualize(net, targets, 4, at_once=n) for n in (3, 1))
    for one, other in zip(together, alone, strict=True):
        assert abs(pixels(one) - pixels(other)).mean() < 1
        assert one.trace == pytest.approx(other.trace, rel=0.02)


def test_one_forward_pass_serves_all_targets() -> None:
    net, gate = limited(100)
    visualize(net, [net.unit("3", c) for c in range(5)], 3, at_once=5)
    assert gate.seen[:3] == [5, 5, 5]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_where_memory_is_short_fewer_go_at_once_and_the_pictures_stay_the_same(most: int) -> None:
    net, gate = limited(most)
    targets = [net.unit("3", c) for c in range(5)]
    short = visualize(net, targets, 4, at_once=5)
    assert gate.seen[0] == 5  # all were tried together
    settled = gate.seen[gate.seen.index(most) if most in gate.seen else -1 :]
    assert max(settled) <= most
    for one, target in zip(short, targets, strict=True):
        assert abs(pixels(one) - pixels(visualize(net, target, 4))).max() <= 2


def test_a_differing_picture_is_made_again_by_its_line() -> None:
    net, _ = limited(100)
    second = visualize(net, diversity(net.unit("3", 2) + 0.5 * net.unit("0", 1), 3, strength=0.5), 4, seed=7)[1]
    assert second.seed == 8
    again = eval(second.code, {"nbviz": nbviz, "net": net})
    assert again.code == second.code
    assert np.array_equal(pixels(again), pixels(second))


def test_differing_pictures_stay_the_same_where_memory_is_short() -> None:
    net, _ = limited(100)
    enough = visualize(net, diversity(net.unit("3", 2), 4), 4, at_once=4)
    net, gate = limited(2)
    short = visualize(net, diversity(net.unit("3", 2), 4), 4, at_once=4)
    assert max(gate.seen[3:]) == 2
    assert all(abs(pixels(a) - pixels(b)).max() <= 2 for a, b in zip(enough, short, strict=True))


def test_where_not_one_picture_fits_it_is_said() -> None:
    net, gate = limited(0)
    with pytest.raises(OutOfMemory, match=r"does not hold one picture of 24×24 on its way to '3:0'; give a smaller"):
        visualize(net, [net.unit("3", c) for c in range(4)], 4, at_once=4)
    assert gate.seen == [4, 2, 1]


def test_another_failure_of_the_network_is_not_taken_for_a_full_memory() -> None:
    net, gate = limited(0, RuntimeError)
    with pytest.raises(ForwardFailed, match="in layer '1'"):
        visualize(net, [net.unit("3", c) for c in range(4)], 4, at_once=4)
    assert gate.seen[0] == 4
    assert 2 not in gate.seen


# -- differing pictures ----------------------------------------------------------------------------------------------


def test_the_slope_of_the_penalty_is_that_of_the_formula() -> None:
    """Σ_{i≠j} ⟨Ĝ_i, Ĝ_j⟩ / N by finite differences, the parts of the batch being computed one by one."""
    torch.manual_seed(0)
    net = Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh()).double(), input_size=8)
    objective = Objective.of(net, net.unit("1", 0))
    x = torch.randn(3, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def total(x: Tensor) -> Tensor:
        with torch.no_grad():
            grams = gram(net.tap(x, ["1"])["1"])
            like = torch.einsum("icd,jcd->ij", grams, grams)
        return (like.sum() - like.trace()) / len(x)

    costly, free = Batch([objective] * 3, 2.0, "1"), Batch([objective] * 3)
    with torch.enable_grad():
        slope = costly.climb(net, x)[2] - free.climb(net, x)[2]
    drives = objective.drive(objective.tap(net, x)).abs()
    for k in range(3):
        away = torch.zeros_like(x)
        away[k] = torch.randn(x[k].shape, dtype=x.dtype, generator=torch.Generator().manual_seed(k))
        rise = (total(x + 1e-5 * away) - total(x - 1e-5 * away)) / 2e-5
        torch.testing.assert_close((slope * away).sum(), -2 * drives[k] * rise, rtol=1e-5, atol=1e-9)


def test_a_gram_matrix_says_which_channels_are_active_together() -> None:
    maps = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    for n in range(2):
        slow = torch.tensor([[float((maps[n, c] * maps[n, d]).sum()) for d in range(3)] for c in range(3)]).double()
        torch.testing.assert_close(gram(maps)[n], slow / slow.square().sum().sqrt())


@pytest.mark.slow
def test_different_pictures_of_a_unit_differ_more_with_the_penalty_than_by_their_seeds() -> None:
    net = Network.demo()
    unit = net.unit("layer4", 3)
    apart = visualize(net, diversity(unit, 3, strength=2.0), 48)
    seeds = [visualize(net, unit, 48, seed=seed) for seed in range(3)]
    assert [one.seed for one in apart] == [0, 1, 2]

    def likeness(results: list[Synthesis]) -> float:
        with torch.no_grad():
            x = torch.cat([net.preprocess(one.image) for one in results])
            grams = gram(net.tap(x, ["layer4"])["layer4"])
        like = torch.einsum("icd,jcd->ij", grams, grams)
        return float((like.sum() - like.trace()) / 6)

    assert likeness(apart) < 0.8 * likeness(seeds)
    # Still pictures of what excites the unit.
    grey = float(_strongest(net, "layer4", 3))
    assert all(one.activation is not None and one.activation > 2 * grey for one in apart)


@torch.no_grad()
def _strongest(net: Network, layer: str, channel: int) -> Tensor:
    pictures = nbviz.demo.scenes(8, seed=3).pictures
    return torch.stack([net.tap(net.preprocess(p), [layer])[layer][0, channel].max() for p in pictures]).mean()
