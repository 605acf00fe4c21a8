"""LRP against loops over neurons, rule by rule and layer by layer, on networks small enough to write as matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import nbviz
from nbviz.rules.lrp import AlphaBeta, Epsilon, Flat, Gamma, Rule, WSquare, ZBox

from . import relevance as slow
from .relevance import Array, Slowly

SIZE = (8, 8)

# (our rule, the loop, whether sums and means are shared out evenly under it)
RULES: dict[str, tuple[Rule, slow.Rule, bool]] = {
    "LRP-0": (Epsilon(0), slow.epsilon(0), False),
    "ε": (Epsilon(0.25), slow.epsilon(0.25), False),
    "γ": (Gamma(0.25), slow.gamma(0.25), False),
    "strong γ": (Gamma(100), slow.gamma(100), False),
    "z⁺": (AlphaBeta(1, 0), slow.alphabeta(1, 0), False),
    "α2β1": (AlphaBeta(2, 1), slow.alphabeta(2, 1), False),
    "w²": (WSquare(), slow.wsquare, True),
    "flat": (Flat(), slow.flat, True),
}


class Case(nn.Module):
    """conv1 (2 → 4) → `middle` (4 → 4 channels) → mean of 2×2 windows → fc, with random batch-norm statistics."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.conv1, self.conv2 = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.conv3 = nn.Conv2d(4, 4, 3, stride=2, groups=2, padding=1)
        self.bn1, self.bn2 = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
        self.fc = nn.LazyLinear(3)
        self.pool = nn.AvgPool2d(2)
        for bn in (self.bn1, self.bn2):
            for values in (bn.weight, bn.bias, bn.running_mean, bn.running_var):
                assert values is not None
                nn.init.uniform_(values, 0.5, 1.5)
        self.eval().double()
        with torch.no_grad():
            self(torch.zeros(1, 2, *SIZE, dtype=torch.float64))

    def middle(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def slow_middle(self, s: Slowly, x: str, rule: slow.Rule, evenly: bool) -> str:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.middle(self.conv1(x))).flatten(1))

    def slowly(self, s: Slowly, rules: dict[str, slow.Rule], evenly: bool) -> str:
        x = s.apply(slow.convolution(self.conv1, s.picture.shape), "picture", rules["conv1"])
        x = self.slow_middle(s, x, rules["middle"], evenly)
        # A mean is a layer with fixed weights; by weights alone it is shared out flat.
        mean = slow.flat if evenly else slow.epsilon(0)
        return s.apply(slow.linear(self.fc), s.apply(slow.average(s.values[x].shape, 2), x, mean), rules["fc"])


class Chain(Case):
    """ReLU, convolution with batch-norm, ReLU, max-pool."""

    def middle(self, x: Tensor) -> Tensor:
        return F.max_pool2d(F.relu(self.bn1(self.conv2(F.relu(x)))), 2)

    def slow_middle(self, s: Slowly, x: str, rule: slow.Rule, evenly: bool) -> str:
        x = s.rectify(x)
        x = s.apply(slow.convolution(self.conv2, s.values[x].shape).normed(self.bn1), x, rule)
        return s.max_pool(s.rectify(x), 2)


class Strided(Case):
    """A grouped, strided convolution with batch-norm, its output negative in places where relevance arrives."""

    def middle(self, x: Tensor) -> Tensor:
        return self.bn1(self.conv3(F.relu(x)))

    def slow_middle(self, s: Slowly, x: str, rule: slow.Rule, evenly: bool) -> str:
        x = s.rectify(x)
        return s.apply(slow.convolution(self.conv3, s.values[x].shape).normed(self.bn1), x, rule)


class Residual(Case):
    def middle(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        out = self.bn1(self.conv2(x))
        out += x
        return F.relu_(out)

    def slow_middle(self, s: Slowly, x: str, rule: slow.Rule, evenly: bool) -> str:
        x = s.rectify(x)
        out = s.apply(slow.convolution(self.conv2, s.values[x].shape).normed(self.bn1), x, rule)
        return s.rectify(s.add(out, x, evenly))


class Dense(Case):
    """Batch-norm → ReLU → convolution, and concatenation: nothing may fold backwards."""

    def middle(self, x: Tensor) -> Tensor:
        x = torch.cat([x[:, :2], F.relu(x)[:, 2:]], 1)
        return self.conv2(F.relu(self.bn2(x)))

    def slow_middle(self, s: Slowly, x: str, rule: slow.Rule, evenly: bool) -> str:
        whole = s.values[x]
        zeros = np.zeros_like(whole[:2])
        first = s.note([x], whole[:2], lambda r: [np.concatenate([r, zeros])])
        y = s.rectify(x)
        last = s.note([y], s.values[y][2:], lambda r: [np.concatenate([zeros, r])])
        x = s.rectify(s.affine(self.bn2, s.cat(first, last), evenly))
        return s.apply(slow.convolution(self.conv2, s.values[x].shape), x, rule)


class Gated(Case):
    """Squeeze-excite and SiLU: the signal takes all."""

    def middle(self, x: Tensor) -> Tensor:
        x = F.silu(x)
        gate = torch.sigmoid(self.conv2(x.mean((2, 3), keepdim=True)))
        return gate * self.conv3(x)

    def slow_middle(self, s: Slowly, x: str, rule: slow.Rule, evenly: bool) -> str:
        x = s.scaled(x, 1 / (1 + np.exp(-s.values[x])))
        squeezed = s.values[x].mean((1, 2))
        excited = self.conv2.weight.detach().numpy()[:, :, 1, 1] @ squeezed + self.conv2.bias.detach().numpy()
        y = s.apply(slow.convolution(self.conv3, s.values[x].shape), x, rule)
        return s.scaled(y, (1 / (1 + np.exp(-excited)))[:, None, None])


CASES = [Chain, Strided, Residual, Dense, Gated]


def asked(
    case: Case, rows: Any, rules: dict[str, slow.Rule], evenly: bool, target: int
) -> tuple[nbviz.Attribution, Array]:
    """(our relevance, the loops' relevance) of a class of a case, on a random picture, summed over colours."""
    x = torch.rand(2, *SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(3)) * 2 - 1
    net = nbviz.Network(case, input_size=SIZE, device="cpu")
    # Pixels lie in [0, 1]; where this picture goes beyond, its own extremes are the bounds.
    low = np.minimum(x.numpy().min((1, 2)), 0)[:, None, None] + np.zeros((2, *SIZE))
    high = np.maximum(x.numpy().max((1, 2)), 1)[:, None, None] + np.zeros((2, *SIZE))
    s = Slowly(x.numpy(), low, high)
    end = case.slowly(s, rules, evenly)
    start = np.zeros(3)
    start[target] = s.values[end][target]
    found = nbviz.lrp(net, x[None], target, rules=rows)
    assert found.score == pytest.approx(s.values[end][target], rel=1e-9)
    return found, s.back(end, start).sum(0)


def agree(found: nbviz.Attribution, expected: Array) -> bool:
    return bool(np.abs(found.values.numpy() - expected).max() <= 1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", RULES)
def test_each_rule_alone(name: str, case: Callable[[], Case]) -> None:
    ours, loop, evenly = RULES[name]
    for target in (0, 1, 2):
        found, expected = asked(case(), [("*", ours)], dict.fromkeys(("conv1", "middle", "fc"), loop), evenly, target)
        assert agree(found, expected)


@pytest.mark.parametrize("case", CASES)
def test_the_composite_walked_by_hand(case: Callable[[], Case]) -> None:
    """Of three layers with weights, the first sees the pixels, the second is among the lower half, the last is top."""
    rules = {"conv1": slow.zbox, "middle": slow.gamma(0.25), "fc": slow.epsilon(0)}
    found, expected = asked(case(), "composite", rules, False, 1)
    assert agree(found, expected)


def test_rows_by_name_and_the_first_that_fits() -> None:
    rows = [("conv1", ZBox()), ("conv*", "zplus"), ("*", Epsilon(0.1)), ("fc", "flat")]
    rules = {"conv1": slow.zbox, "middle": slow.alphabeta(1, 0), "fc": slow.epsilon(0.1)}
    found, expected = asked(Chain(), rows, rules, False, 2)
    assert agree(found, expected)


def test_a_unit_and_a_difference_of_classes_are_started_with_their_values() -> None:
    case = Chain()
    net = nbviz.Network(case, input_size=SIZE, device="cpu")
    x = torch.rand(1, 2, *SIZE, dtype=torch.float64)
    one, other = (nbviz.lrp(net, x, i, rules="lrp0").values for i in (0, 1))
    both = nbviz.lrp(net, x, net.logit(0) - 2 * net.logit(1), rules="lrp0").values
    assert torch.allclose(both, one - 2 * other, atol=1e-5 * float(one.abs().max()))
    s = Slowly(x[0].numpy(), x[0].numpy(), x[0].numpy())
    name = s.apply(slow.convolution(case.conv1, (2, *SIZE)), "picture", slow.epsilon(0))
    start = np.zeros_like(s.values[name])
    start[2, 5, 4] = s.values[name][2, 5, 4]
    assert agree(nbviz.lrp(net, x, "conv1:2@5,4", rules="lrp0"), s.back(name, start).sum(0))


class Bare(nn.Module):
    """A ReLU network without any bias: piecewise linear and homogeneous."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.a, self.b = nn.Conv2d(3, 6, 3, bias=False), nn.Conv2d(6, 6, 3, padding=1, bias=False)
        self.c = nn.Linear(6, 4, bias=False)
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.a(x)), 3, 2)
        return self.c(F.relu(x + self.b(x)).mean((2, 3)))


def test_lrp_0_of_a_network_without_biases_is_gradient_times_input() -> None:
    net = nbviz.Network(Bare(), input_size=20, device="cpu")
    x = torch.randn(1, 3, 20, 20, dtype=torch.float64)
    for target in range(4):
        gradient = nbviz.neuron_gradient(net, x, target).values.double()
        expected = (gradient * x[0]).sum(0)
        found = nbviz.lrp(net, x, target, rules="lrp0")
        assert torch.allclose(found.values.double(), expected, atol=1e-6 * float(expected.abs().max()), rtol=0)
        assert found.numbers["ΣR / value"] == pytest.approx(1, abs=1e-8)


def test_flat_counts_paths() -> None:
    """One 3×3 filter, target at a position: each of its nine pixels, times three colours, gets a 27th."""
    model = nn.Conv2d(3, 1, 3).double()
    net = nbviz.Network(nn.Sequential(model, nn.Flatten()), input_size=9, device="cpu")
    x = torch.rand(1, 3, 9, 9, dtype=torch.float64)
    found = nbviz.lrp(net, x, "0:0@2,3", rules="flat")
    expected = torch.zeros(9, 9)
    expected[2:5, 3:6] = found.score / 9
    assert torch.allclose(found.values, expected)
