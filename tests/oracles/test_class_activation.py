"""The CAM family against loops in float64 and against what it must be on a global average with a linear layer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models

import nbviz
from nbviz.errors import NotDefined
from nbviz.methods.evidence import NO_EVIDENCE

from .cases import CASES, Case, Microscope
from .tape import Array
from .test_signals import distance


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.__name__)
def under(request: pytest.FixtureRequest) -> Microscope:
    return Microscope(request.param())


def mapped(under: Microscope) -> list[tuple[str, Array, Array]]:
    """(layer, maps, slopes of class 1) of every layer with maps."""
    start = np.eye(3)[1]
    layers = [name for name in under.named if under.tape.values[name].ndim == 3]
    return [(name, under.tape.values[name], under.tape.back("fc", start, "gradient", to=name)) for name in layers]


def test_grad_cam_pp_weighs_positions_by_the_papers_alpha(under: Microscope) -> None:
    compared = 0
    for layer, maps, slopes in mapped(under):
        weights, pole = np.zeros(len(maps)), False
        for k, i, j in np.ndindex(*maps.shape):
            g = slopes[k, i, j]
            above, below = g**2, 2 * g**2 + maps[k].sum() * g**3
            if g > 0:
                pole |= below <= 0
                weights[k] += above / below * g if below else 0
        if pole:
            with pytest.raises(NotDefined, match="pole"):
                nbviz.grad_cam_pp(under.net, under.x, 1, layer)
            continue
        expected = np.maximum(sum(w * plane for w, plane in zip(weights, maps, strict=True)), 0)
        assert distance(nbviz.grad_cam_pp(under.net, under.x, 1, layer).values, expected) <= 1e-6, layer
        compared += bool(expected.any())
    assert compared


def test_layer_cam_weighs_each_position_by_its_own_slope(under: Microscope) -> None:
    for layer, maps, slopes in mapped(under):
        expected = np.maximum((np.maximum(slopes, 0) * maps).sum(0), 0)
        assert distance(nbviz.layer_cam(under.net, under.x, 1, layer).values, expected) <= 1e-6, layer


def test_guided_grad_cam_is_guided_backprop_times_the_enlarged_map(under: Microscope) -> None:
    for layer, maps, slopes in mapped(under):
        where = np.maximum((slopes.mean((1, 2))[:, None, None] * maps).sum(0), 0)
        expected = under.projected("fc", (1, 0, 0), "guided") * enlarged(where, under.x.shape[-2:])
        found = nbviz.guided_grad_cam(under.net, under.x, 1, layer)
        assert distance(found.values, expected) <= 1e-6, layer
        assert found.layer == layer


def enlarged(plane: Array, size: tuple[int, int]) -> Array:
    """Bilinear, pixel centres at halves, borders repeated."""
    out = np.zeros(size)
    for i, j in np.ndindex(*size):
        y, x = ((k + 0.5) * n / m - 0.5 for k, n, m in zip((i, j), plane.shape, size, strict=True))
        for v, u in np.ndindex(2, 2):
            row, column = int(np.floor(y)) + v, int(np.floor(x)) + u
            share = (1 - abs(y - row)) * (1 - abs(x - column))
            out[i, j] += share * plane[np.clip(row, 0, plane.shape[0] - 1), np.clip(column, 0, plane.shape[1] - 1)]
    return out


def test_all_layers_at_once_are_what_each_gives_alone(under: Microscope) -> None:
    for signed in (False, True):
        found = nbviz.grad_cams(under.net, under.x, 1, signed=signed)
        distinct = {layer for layer, _, _ in mapped(under) if under.net.layers[layer].same_as is None}
        assert distinct <= set(found)
        for layer, attribution in found.items():
            alone = nbviz.grad_cam(under.net, under.x, 1, layer, signed=signed)
            assert torch.equal(attribution.values, alone.values)
            assert attribution.caption == alone.caption


def test_class_minus_class_is_the_difference_of_the_signed_maps(under: Microscope) -> None:
    net, x = under.net, under.x
    for layer, _, _ in mapped(under):
        a, b = (nbviz.grad_cam(net, x, k, layer, signed=True).values for k in (0, 2))
        contrast = net.logit(0) - net.logit(2)
        both = nbviz.grad_cam(net, x, contrast, layer, signed=True)
        assert torch.allclose(both.values, a - b, atol=1e-6 * float(a.abs().max() + b.abs().max()))
        assert torch.allclose(nbviz.grad_cam(net, x, contrast, layer).values, both.values.clamp_min(0))


def test_a_map_without_positive_evidence_says_so_instead_of_painting(under: Microscope) -> None:
    net, nothing = under.net, under.net.logit(1) - under.net.logit(1)
    for method in (nbviz.grad_cam, nbviz.grad_cam_pp, nbviz.layer_cam, nbviz.guided_grad_cam):
        found = method(net, under.x, nothing)
        assert not found.values.any()
        assert found.note == NO_EVIDENCE
        assert NO_EVIDENCE in found.caption
    assert not nbviz.grad_cam(net, under.x, nothing, signed=True).note


# -- on a global average and a linear layer ---------------------------------------------------------------------------


class Pooled(Case):
    """conv → ReLU → conv → ReLU → global average → fc."""

    def __init__(self) -> None:
        super().__init__()
        self.relu, self.conv2 = nn.ReLU(), nn.Conv2d(4, 4, 3)

    def middle(self, x: Tensor) -> Tensor:
        return self.relu(self.conv2(self.relu(x)))

    def middle_slowly(self, tape: object, x: str) -> str:
        return x


@pytest.fixture(scope="module")
def pooled() -> tuple[Microscope, Tensor, Tensor]:
    """A network, the maps before its average, and the weights of class 1, both float64."""
    under = Microscope(Pooled())
    maps = under.net.tap(under.x, ["relu#2"])["relu#2"][0].detach()
    return under, maps, under.model.fc.weight[1].detach()


def test_cam_is_the_weighted_sum_of_the_maps_and_its_mean_plus_bias_is_the_logit(
    pooled: tuple[Microscope, Tensor, Tensor],
) -> None:
    under, maps, w = pooled
    expected = np.zeros(maps.shape[1:])
    for k, i, j in np.ndindex(*maps.shape):
        expected[i, j] += float(w[k] * maps[k, i, j])
    found = nbviz.cam(under.net, under.x, 1)
    assert found.layer == "relu#2"
    assert found.signed
    assert distance(found.values, expected) <= 1e-6
    assert expected.mean() + found.numbers["bias"] == pytest.approx(found.score, rel=1e-12)
    signed = nbviz.grad_cam(under.net, under.x, 1, "relu#2", signed=True).values
    assert torch.allclose(expected.size * signed, found.values, atol=1e-6)


def test_cam_of_class_minus_class_is_the_difference(pooled: tuple[Microscope, Tensor, Tensor]) -> None:
    under, _, _ = pooled
    net, x = under.net, under.x
    both = nbviz.cam(net, x, net.logit(0) - 0.5 * net.logit(2)).values
    assert torch.allclose(both, nbviz.cam(net, x, 0).values - 0.5 * nbviz.cam(net, x, 2).values, atol=1e-6)


def test_grad_cam_pp_and_layer_cam_have_closed_forms_there(pooled: tuple[Microscope, Tensor, Tensor]) -> None:
    under, maps, w = pooled
    positive = w.clamp_min(0)
    weights = positive / (2 + w * maps.mean((1, 2)))
    plus = torch.einsum("k,khw->hw", weights, maps)
    assert distance(nbviz.grad_cam_pp(under.net, under.x, 1, "relu#2").values, plus.numpy()) <= 1e-6
    layer = torch.einsum("k,khw->hw", positive, maps) / maps[0].numel()
    assert distance(nbviz.layer_cam(under.net, under.x, 1, "relu#2").values, layer.numpy()) <= 1e-6


class Own(nn.Module):
    """conv → ReLU → conv with a map a class → ReLU → global average, as SqueezeNet."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.classifier = nn.Conv2d(3, 5, 3), nn.Conv2d(5, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.classifier(F.relu(self.conv(x)))).mean((2, 3))


class Densely(nn.Module):
    """The last rectifier is a function call, so no layer has the maps that are averaged, as in DenseNet."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 5, 3), nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.conv(x), inplace=True).mean((2, 3)))


class Convolved(nn.Module):
    """The classifier is a 1×1 convolution after the average, without bias."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 5, 3), nn.Conv2d(5, 4, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.conv(x)).mean((2, 3), keepdim=True)).flatten(1)


@pytest.mark.parametrize("make", [Own, Densely, Convolved])
def test_other_spellings_of_the_head_are_recognised(make: type[nn.Module]) -> None:
    torch.manual_seed(0)
    model = make().double()
    net, x = nbviz.Network(model, input_size=9, device="cpu"), torch.randn(1, 3, 9, 9, dtype=torch.float64)
    with torch.no_grad():
        maps = F.relu(model.conv(x))[0]
        expected = {
            Own: lambda: F.relu(model.classifier(maps[None]))[0],
            Densely: lambda: torch.einsum("ck,khw->chw", model.fc.weight, maps),
            Convolved: lambda: torch.einsum("ck,khw->chw", model.head.weight[:, :, 0, 0], maps),
        }[make]()
    for index in range(4):
        if not expected[index].any():
            assert "no evidence" in nbviz.cam(net, x, index).note
            continue
        assert distance(nbviz.cam(net, x, index).values, expected[index].numpy()) <= 1e-6


class Headed(nn.Module):
    """The same convolution under heads that are none of CAM's, though the shapes fit."""

    def __init__(self, pool: object, after: nn.Module | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.relu, self.pool = nn.Conv2d(3, 5, 3), nn.ReLU(), pool
        self.after, self.fc = after or nn.Identity(), nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.after(self.pool(self.relu(self.conv(x)))))


NO_HEADS = {
    "maximum": Headed(lambda a: a.amax((2, 3))),
    "sum of squares": Headed(lambda a: (a**2).mean((2, 3))),
    "median": Headed(lambda a: a.flatten(2).median(2).values),
    "one position": Headed(lambda a: a[:, :, 2, 2]),
    "weighted mean": Headed(lambda a: (a * torch.linspace(0, 2, 7)).mean((2, 3))),
    "normalised": Headed(lambda a: a.mean((2, 3)), nn.LayerNorm(5)),
    "hidden layer": Headed(lambda a: a.mean((2, 3)), nn.Sequential(nn.Linear(5, 5), nn.Tanh())),
}


@pytest.mark.parametrize("name", NO_HEADS)
def test_a_head_that_only_looks_alike_is_refused_with_the_way_out(name: str) -> None:
    net = nbviz.Network(NO_HEADS[name], input_size=9, device="cpu")
    with pytest.raises(NotDefined, match="grad_cam is defined here"):
        nbviz.cam(net, X, 1)


X = torch.randn(1, 3, 9, 9, generator=torch.Generator().manual_seed(1))


def test_a_linear_layer_of_zeros_is_no_evidence_of_a_head() -> None:
    model = Headed(lambda a: a.mean((2, 3)))
    nn.init.zeros_(model.fc.weight)
    with pytest.raises(NotDefined):
        nbviz.cam(nbviz.Network(model, input_size=9, device="cpu"), X, 1)


def test_cam_is_about_logits() -> None:
    net = nbviz.Network(Headed(lambda a: a.mean((2, 3))), input_size=9, device="cpu")
    for target in (net.probability(1), net.unit("conv", 1), net.logit(0) + net.unit("conv", 1)):
        with pytest.raises(NotDefined, match="adds up to a class's logit"):
            nbviz.cam(net, X, target)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("resnet18", "layer4"),
        ("squeezenet1_1", "classifier.2"),
        ("densenet121", "features.norm5"),
        ("mobilenet_v2", "features.18"),
        ("shufflenet_v2_x0_5", "conv5"),
        ("efficientnet_b0", "features.8"),
        ("swin_t", "permute"),
    ],
)
def test_torchvision_networks_have_the_head_they_have(name: str, layer: str) -> None:
    torch.manual_seed(0)
    net = nbviz.Network(models.get_model(name, weights=None), input_size=64, device="cpu")
    x = torch.randn(1, 3, 64, 64)
    contrast = net.logit(7) - net.logit(3)
    found = nbviz.cam(net, x, contrast)
    assert found.layer == layer
    assert found.values.any()
    assert found.values.mean().item() + found.numbers["bias"] == pytest.approx(found.score, rel=1e-3, abs=1e-5)
    if name != "densenet121":  # there a rectifier lies between the maps and the average
        signed = nbviz.grad_cam(net, x, contrast, layer, signed=True).values
        assert torch.allclose(signed.numel() * signed, found.values, atol=1e-4 * float(found.values.abs().max()))


@pytest.mark.parametrize("name", ["vgg11", "mobilenet_v3_small", "convnext_tiny", "alexnet"])
def test_torchvision_networks_without_it_are_told_grad_cam(name: str) -> None:
    torch.manual_seed(0)
    net = nbviz.Network(models.get_model(name, weights=None), input_size=64, device="cpu")
    with pytest.raises(NotDefined, match="grad_cam is defined here"):
        nbviz.cam(net, torch.randn(1, 3, 64, 64), 7)


def test_a_maximum_of_constant_maps_has_the_values_of_an_average_but_not_its_slopes() -> None:
    model = Headed(lambda a: a.flatten(2).max(2).values)
    with torch.no_grad():
        model.conv.weight.zero_()
        model.conv.bias.fill_(1)
    with pytest.raises(NotDefined):
        nbviz.cam(nbviz.Network(model, input_size=9, device="cpu"), X, 1)


def test_logits_with_something_added_have_the_slopes_of_an_average_but_not_its_values() -> None:
    class Shifted(Headed):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + 0.1

    with pytest.raises(NotDefined):
        nbviz.cam(nbviz.Network(Shifted(lambda a: a.mean((2, 3))), input_size=9, device="cpu"), X, 1)
