"""What must hold without any second implementation: closed forms, finite differences, places of switches."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import nbviz

from .cases import (
    CASES,
    Case,
    Microscope,
    OverlappingMaxPool,
    ResidualSumInPlace,
    StridedDilatedGroupedConvolutions,
)


def test_height_times_width_times_grad_cam_is_cam() -> None:
    """On global average pooling and a linear layer, CAM is Σ w_k A_k, and its mean plus the bias is the logit."""
    under = Microscope(PooledHead())
    net, x, fc = under.net, under.x, under.model.fc
    maps = nbviz.activations(net, x, "relu#2").values
    cam = torch.einsum("k,khw->hw", fc.weight[1].detach().float(), maps)
    signed, rectified = (nbviz.grad_cam(net, x, 1, "relu#2", signed=signed).values for signed in (True, False))
    assert cam.min() < 0 < cam.max()
    assert torch.allclose(cam.numel() * signed, cam, atol=1e-6)
    assert torch.allclose(cam.numel() * rectified, cam.clamp_min(0), atol=1e-6)
    score = next(p.logit for p in net.predict(x, k=3) if p.index == 1)
    assert cam.mean().item() + fc.bias[1].item() == pytest.approx(score, abs=1e-5)


def test_before_the_last_rectifier_grad_cam_counts_only_where_it_was_open() -> None:
    """There α_k is the mean of w_k·1[A_k > 0]/(H·W), so each weight shrinks by the share of the map that fires."""
    under = Microscope(PooledHead())
    before = nbviz.activations(under.net, under.x, "conv2").values
    share = (before > 0).float().mean((1, 2))
    expected = torch.einsum("k,khw->hw", under.model.fc.weight[1].detach().float() * share, before)
    found = nbviz.grad_cam(under.net, under.x, 1, "conv2", signed=True).values
    assert torch.allclose(found.numel() * found, expected, atol=1e-6)


class PooledHead(Case):
    def __init__(self) -> None:
        super().__init__()
        self.relu, self.conv2 = nn.ReLU(), nn.Conv2d(4, 4, 3)

    def middle(self, x: Tensor) -> Tensor:
        return self.relu(self.conv2(self.relu(x)))

    def middle_slowly(self, tape: object, x: str) -> str:
        return x


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_gradients_agree_with_finite_differences(case: type[Case]) -> None:
    under = Microscope(case())
    step, generator = 1e-6, torch.Generator().manual_seed(1)
    targets = {"fc": (2,), under.named[-2]: (1, 1, 1)}
    for layer, place in targets.items():
        unit = f"{layer}:{place[0]}" if len(place) == 1 else f"{layer}:{place[0]}@{place[1]},{place[2]}"
        if len(under.tape.values[layer].shape) != len(place):
            continue
        slope = nbviz.neuron_gradient(under.net, under.x, unit).values.double()
        for _ in range(5):
            direction = torch.randn(under.x.shape, generator=generator, dtype=torch.float64)
            high, low = (
                case.slowly(under.model, (under.x + sign * step * direction)[0].numpy()).values[layer][place]
                for sign in (1, -1)
            )
            along = float((slope * direction[0]).sum())
            assert along == pytest.approx((high - low) / (2 * step), rel=1e-4, abs=1e-5)


class Pooled(nn.Module):
    """The picture itself through one overlapping max-pool."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(3, 2)
        self.fc = nn.Linear(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(x).mean((2, 3)).sum(1, keepdim=True))


def test_deconvnet_of_a_max_pooled_unit_lands_on_the_switch() -> None:
    net = nbviz.Network(Pooled(), input_size=9, device="cpu")
    x = torch.rand(1, 3, 9, 9, generator=torch.Generator().manual_seed(2))
    for y, column in np.ndindex(4, 4):
        window = x[0, 1, 2 * y : 2 * y + 3, 2 * column : 2 * column + 3]
        row, col = divmod(int(window.argmax()), 3)
        projection = nbviz.deconvnet(net, x, f"pool:1@{y},{column}").values
        assert projection.nonzero().tolist() == [[1, 2 * y + row, 2 * column + col]]
        assert projection.max() == window.max()


def test_one_pixel_that_is_the_switch_of_several_windows_receives_all_their_signals() -> None:
    net = nbviz.Network(Pooled(), input_size=9, device="cpu")
    x = torch.zeros(1, 3, 9, 9)
    x[0, :, 4, 4] = 1.0  # the corner of four overlapping windows
    pooled = nbviz.activations(net, x, "pool").values
    assert int((pooled[0] == 1).sum()) == 4
    slope = nbviz.neuron_gradient(
        net, x, sum((net.unit("pool", 0, y, c) for y in (1, 2) for c in (1, 2)), 0 * net.logit(0))
    )
    assert slope.values[0, 4, 4] == 4
    assert slope.values.count_nonzero() == 1


def test_deconvnet_ignores_where_rectifiers_were_closed_and_guided_does_not() -> None:
    class Closed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 1, 1, bias=False)
            with torch.no_grad():
                self.conv1.weight.fill_(1)
                self.conv1.bias.copy_(torch.tensor([-10.0, 0.0]))  # the first channel never fires
                self.conv2.weight.fill_(1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv2(F.relu(self.conv1(x))).mean((2, 3))

    net = nbviz.Network(Closed(), input_size=4, device="cpu")
    x = torch.ones(1, 1, 4, 4)
    assert nbviz.neuron_gradient(net, x, "conv2:0@1,1").values[0, 1, 1] == 1
    assert nbviz.guided_backprop(net, x, "conv2:0@1,1").values[0, 1, 1] == 1
    assert nbviz.deconvnet(net, x, "conv2:0@1,1").values[0, 1, 1] == 2  # a = 1, down both channels


def test_a_unit_that_does_not_fire_has_an_empty_projection_that_says_so() -> None:
    under = Microscope(CASES[0]())
    silent = int(under.value("conv1").min((1, 2)).argmin())
    y, x = divmod(int(under.value("conv1")[silent].argmin()), under.value("conv1").shape[2])
    found = nbviz.deconvnet(under.net, under.x, under.net.unit("conv1", silent, y, x))
    assert not found.values.any()
    assert "does not fire" in found.note
    assert found.score < 0


def test_deconvnet_without_switches_says_that_it_knows_nothing_of_the_picture() -> None:
    """Only the start and its place depend on the picture then: strided convolutions keep no switches."""
    without, pooled = Microscope(StridedDilatedGroupedConvolutions()), Microscope(OverlappingMaxPool())
    other = torch.randn(without.x.shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)

    def projections(under: Microscope, layer: str) -> list[nbviz.Attribution]:
        found = [nbviz.deconvnet(under.net, x, f"{layer}:{c}@1,1") for c in range(4) for x in (under.x, other)]
        return next([a, b] for a, b in itertools.pairwise(found) if a.target == b.target and min(a.score, b.score) > 0)

    a, b = projections(without, "dilated")
    assert torch.allclose(a.values / a.score, b.values / b.score, atol=1e-6)
    assert "no max-pool on the way holds switches" in a.note
    a, b = projections(pooled, "conv2")
    assert not torch.allclose(a.values / a.score, b.values / b.score, atol=1e-2)
    assert a.note == ""


def test_taps_are_not_overwritten_by_what_happens_in_place_later() -> None:
    under = Microscope(ResidualSumInPlace())
    under.model.eval()
    with torch.no_grad():
        bn = under.model.bn(under.model.conv2(F.relu(under.model.conv1(under.x))))
    assert torch.equal(under.net.tap(under.x, ["bn"])["bn"], bn)
    assert torch.equal(under.net.tap(under.x, ["bn"], logits=True)["bn"], bn)
    assert torch.allclose(nbviz.activations(under.net, under.x, "bn").values, bn[0].float())


def test_sums_of_targets_give_sums_of_gradients() -> None:
    under = Microscope(CASES[0]())
    net, x = under.net, under.x
    a, b = (nbviz.neuron_gradient(net, x, target).values for target in (net.unit("conv2", 1), net.logit(2)))
    both = nbviz.neuron_gradient(net, x, 2 * net.unit("conv2", 1) - 0.5 * net.logit(2))
    assert torch.allclose(both.values, 2 * a - 0.5 * b, atol=1e-6)


def test_a_probability_has_the_slope_of_the_softmax() -> None:
    under = Microscope(CASES[0]())
    with torch.no_grad():
        p = under.model(under.x)[0].softmax(0)
    slopes = torch.stack([nbviz.neuron_gradient(under.net, under.x, k).values.double() for k in range(3)])
    expected = p[1] * (slopes[1] - torch.einsum("k,kchw->chw", p, slopes))
    found = nbviz.neuron_gradient(under.net, under.x, under.net.probability(1))
    assert torch.allclose(found.values.double(), expected, atol=1e-6 * float(slopes.abs().max()))
    assert found.score == pytest.approx(float(p[1]))


def test_filters_are_the_weights_of_the_first_convolution() -> None:
    under = Microscope(CASES[0]())
    assert torch.equal(nbviz.filters(under.net).values, under.model.conv1.weight.detach().float())
    assert torch.equal(nbviz.filters(under.net, "conv2").values, under.model.conv2.weight.detach().float())
    with pytest.raises(nbviz.NbvizError, match=r"no 2-d convolution.*before it is 'conv2'"):
        nbviz.filters(under.net, "fc")
