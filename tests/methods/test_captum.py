"""Agreement with Captum where Captum is right: a network whose rectifiers are modules, called once each."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import Tensor, nn

import nbviz

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own imports
    attr = pytest.importorskip("captum.attr")

pytestmark = pytest.mark.filterwarnings("ignore")  # it sets gradients and hooks on what it is given, and says so


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv1, self.relu1, self.pool = nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(3, 2)
        self.conv2, self.relu2, self.fc = nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.relu2(self.conv2(self.pool(self.relu1(self.conv1(x))))).mean((2, 3)))


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return Net().double().eval()


@pytest.fixture(scope="module")
def net(model: nn.Module) -> nbviz.Network:
    return nbviz.Network(model, input_size=22, device="cpu")


X = torch.rand(1, 3, 22, 22, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def same(found: Tensor, expected: Tensor) -> bool:
    expected = expected.detach()[0].double()
    return torch.allclose(found.double(), expected.reshape(found.shape), atol=1e-6 * float(expected.abs().max()))


def test_saliency(model: nn.Module, net: nbviz.Network) -> None:
    expected = attr.Saliency(model).attribute(X.clone(), target=1).amax(1)
    assert same(nbviz.saliency(net, X, 1).values, expected)


@pytest.mark.parametrize("steps", [2, 7, 32])
def test_integrated_gradients(model: nn.Module, net: nbviz.Network, steps: int) -> None:
    expected = attr.IntegratedGradients(model).attribute(
        X, baselines=torch.full_like(X, 0.5), target=1, n_steps=steps, method="riemann_middle"
    )
    assert same(nbviz.integrated_gradients(net, X, 1, steps=steps, baseline="grey").values, expected)


@pytest.mark.slow
def test_integrated_gradients_with_many_steps(model: nn.Module, net: nbviz.Network) -> None:
    expected = attr.IntegratedGradients(model).attribute(X, target=1, n_steps=5000, internal_batch_size=500)[0]
    off = (nbviz.integrated_gradients(net, X, 1, steps=500).values - expected).abs().max() / expected.abs().max()
    assert off < 0.01


@pytest.mark.parametrize(("window", "stride"), [(4, 3), (6, 4), (2, 2)])
def test_occlusion_where_the_windows_end_at_the_border(
    model: nn.Module, net: nbviz.Network, window: int, stride: int
) -> None:
    expected = attr.Occlusion(model).attribute(
        X, sliding_window_shapes=(3, window, window), strides=(3, stride, stride), baselines=0.5, target=1
    )
    found = nbviz.occlusion(net, X, 1, window=window, stride=stride)
    assert same(found.values, expected.amax(1))
    assert torch.equal(expected.amax(1), expected.amin(1))


@pytest.mark.parametrize("layer", ["conv1", "pool", "conv2", "relu2"])
def test_grad_cam(model: nn.Module, net: nbviz.Network, layer: str) -> None:
    at = model.get_submodule(layer)
    for signed in (False, True):
        expected = attr.LayerGradCam(model, at).attribute(X, target=1, relu_attributions=not signed)
        assert same(nbviz.grad_cam(net, X, 1, layer, signed=signed).values, expected)
        assert expected.any() or not signed


def test_guided_backprop_and_guided_grad_cam(net: nbviz.Network) -> None:
    theirs = Net().double().eval()  # Captum hooks it
    expected = attr.GuidedBackprop(theirs).attribute(X.clone(), target=1)
    assert same(nbviz.guided_backprop(net, X, 1).values, expected)
    both = attr.GuidedGradCam(theirs, theirs.relu2).attribute(X.clone(), target=1, interpolate_mode="bilinear")
    assert same(nbviz.guided_grad_cam(net, X, 1, "relu2").values, both)


def test_smooth_grad_agrees_within_the_error_of_its_samples(model: nn.Module, net: nbviz.Network) -> None:
    """The noises differ, so means over many are compared: theirs in units of the difference between two of ours."""
    torch.manual_seed(0)
    sigma = 0.15 * float(X.max() - X.min())
    theirs = attr.NoiseTunnel(attr.Saliency(model)).attribute(
        X.clone(), nt_type="smoothgrad", nt_samples=400, nt_samples_batch_size=100, stdevs=sigma, target=1, abs=False
    )[0]
    ours = [nbviz.smooth_grad(net, X, 1, samples=400, seed=seed).values for seed in (1, 2)]
    assert (ours[0] - theirs).norm() < 1.3 * (ours[0] - ours[1]).norm() < 0.3 * theirs.norm()
