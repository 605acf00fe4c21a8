"""What matters to a unit one layer before and after it, against derivatives of networks cut apart by plain hooks."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

import nbviz
from nbviz.address import Unit
from nbviz.methods import Neighbour
from nbviz.methods.neighbours import GRADIENT, WEIGHTS

SIDE = 64


class Open(TorchFunctionMode):
    """Rectifiers let everything through, so that what is left is linear in what the weights are applied to."""

    NAMES = ("relu", "relu_", "relu6", "hardtanh", "hardtanh_", "dropout")

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in self.NAMES:
            return args[0]
        return func(*args, **(kwargs or {}))


class Cut:
    """A copy of a model whose layers of these names hand on leaves of the autograd graph, and what was before them."""

    def __init__(self, model: nn.Module, leaves: set[str]) -> None:
        self.model = copy.deepcopy(model).double().eval()
        self.before: dict[str, Tensor] = {}
        self.leaves: dict[str, Tensor] = {}
        for name in {leaf.partition("#")[0] for leaf in leaves}:
            self.model.get_submodule(name).register_forward_hook(self._hook(name, leaves))

    def _hook(self, name: str, leaves: set[str]) -> Any:
        calls = itertools.count(1)

        def cut(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor | None:
            call = next(calls)
            address = name if call == 1 else f"{name}#{call}"
            if address not in leaves:
                return None
            self.before[address] = output.clone()
            self.leaves[address] = output.detach().clone().requires_grad_()
            return self.leaves[address].clone()

        return cut

    def run(self, x: Tensor, opened: bool) -> None:
        if not opened:
            self.model(x)
            return
        with Open():
            self.model(x)


def centre(maps: Tensor, channel: int) -> Tensor:
    """The value of a channel in the middle of its map, far from the padding."""
    return maps[0, channel] if maps.dim() == 2 else maps[0, channel, maps.shape[2] // 2, maps.shape[3] // 2]


def weighted(network: nn.Module, target: Unit, source: Unit, leaves: set[str], x: Tensor) -> tuple[float, float]:
    """(Σ∂, Σ|∂|) of the target's value by the source's map, everything else that is a leaf held fixed."""
    cut = Cut(network, leaves | {target.layer})
    cut.run(x, opened=True)
    value = centre(cut.before[target.layer], target.channel)
    (slope,) = torch.autograd.grad(value, cut.leaves[source.layer])
    return float(slope[0, source.channel].sum()), float(slope[0, source.channel].abs().sum())


def model_of(name: str) -> nn.Module:
    torch.manual_seed(1)
    if name == "flattened":
        stem = [nn.Conv2d(3, 6, 3, stride=4), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten()]
        return nn.Sequential(*stem, nn.Linear(6 * 4 * 4, 7), nn.ReLU(), nn.Linear(7, 5))
    options = {"init_weights": True} if name == "googlenet" else {}
    model: nn.Module = getattr(torchvision.models, name)(weights=None, **options)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):  # fresh ones would pass everything unchanged
            nn.init.normal_(module.weight)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model.eval()


# Units after a convolution, a batch-norm, a sum, a concatenation, a pool, a depthwise convolution, a flattening.
CASES = [
    ("resnet18", ["layer1.0.conv2", "layer2.0", "layer2.1", "layer2.0.bn1", "maxpool", "layer3.1.relu"]),
    ("squeezenet1_1", ["features.3", "features.4.squeeze", "features.4.expand3x3", "features.5"]),
    ("mobilenet_v2", ["features.2.conv.1", "features.2.conv.0", "features.3", "features.3.conv.0.0", "classifier"]),
    ("densenet121", ["features.denseblock1.denselayer2.conv1", "features.transition1", "features.norm0"]),
    ("googlenet", ["inception3a.branch1.bn", "inception3a", "maxpool3"]),
    ("flattened", ["2", "4", "6"]),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "layers"), CASES, ids=[name for name, _ in CASES])
def test_weights_are_the_derivatives_of_what_lies_between(name: str, layers: list[str]) -> None:
    model = model_of(name)
    net = nbviz.Network(model, input_size=SIDE, device="cpu")
    x = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = 0
    for layer in layers:
        unit = net.unit(layer, 3)
        near = nbviz.neighbours(net, x.float(), unit, k=999)
        for side in (near.incoming, near.outgoing):
            assert side.basis == WEIGHTS, (layer, side.note)
            leaves = {one.unit.layer for one in side.neighbours}
            for one in side.neighbours[:3]:
                target, source = (unit, one.unit) if side is near.incoming else (one.unit, unit)
                total, size = weighted(model, target, source, leaves | {source.layer}, x)
                assert one.kernel is not None
                kernel = one.kernel.double()
                assert float(kernel.sum()) == pytest.approx(total, rel=1e-3, abs=1e-5), (layer, one)
                assert abs(one.influence) == pytest.approx(size, rel=1e-3, abs=1e-5), (layer, one)
                found += 1
    assert found >= 2 * len(layers)


class Gated(nn.Module):
    """A squeeze-and-excitation gate between two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 5, 3, padding=1)
        self.squeeze = nn.Conv2d(5, 5, 1)
        self.gated = nn.Identity()
        self.second = nn.Conv2d(5, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        x = self.gated(x * torch.sigmoid(self.squeeze(x.mean((2, 3), keepdim=True))))
        return self.second(x).mean((2, 3))


def gated() -> tuple[nbviz.Network, Gated, Tensor]:
    torch.manual_seed(0)
    model = Gated().eval()
    return nbviz.Network(model, input_size=12, device="cpu"), model, torch.rand(1, 3, 12, 12)


def test_behind_a_gate_gradient_times_activation_decides_and_says_so() -> None:
    net, model, x = gated()
    near = nbviz.neighbours(net, x, "gated:2", k=99)
    assert near.incoming.basis == GRADIENT
    assert near.incoming.note == "what computes it is no sum of weighted channels"
    cut = Cut(model, {"first", "squeeze"})
    cut.run(x.double(), opened=False)
    signal = F.relu(cut.leaves["first"])
    plane = (signal * torch.sigmoid(cut.leaves["squeeze"]))[0, 2]
    slopes = torch.autograd.grad(plane.max(), [cut.leaves["first"], cut.leaves["squeeze"]])
    expected = {
        (layer, channel): float((slope * cut.leaves[layer])[0, channel].detach().sum())
        for layer, slope in zip(("first", "squeeze"), slopes, strict=True)
        for channel in range(5)
    }
    _assert_same(near.incoming.neighbours, expected)


def test_before_a_gate_the_unit_s_own_share_in_what_follows_decides() -> None:
    net, model, x = gated()
    near = nbviz.neighbours(net, x, "first:1", k=99)
    assert near.outgoing.basis == GRADIENT
    cut = Cut(model, {"first"})
    cut.run(x.double(), opened=False)
    first = cut.leaves["first"].detach()
    only = torch.zeros_like(first)
    only[0, 1] = first[0, 1]
    rest = cut.model

    def after(maps: Tensor) -> tuple[Tensor, Tensor]:
        signal = F.relu(maps)
        squeezed = rest.squeeze(signal.mean((2, 3), keepdim=True))
        return signal * torch.sigmoid(squeezed), squeezed

    _, moved = torch.autograd.functional.jvp(after, first, only)
    expected = {
        (layer, channel): float(plane.sum())
        for layer, maps in zip(("gated", "squeeze"), moved, strict=True)
        for channel, plane in enumerate(maps[0])
    }
    _assert_same(near.outgoing.neighbours, expected)


def _assert_same(found: tuple[Neighbour, ...], expected: dict[tuple[str, int], float]) -> None:
    assert {(n.unit.layer, n.unit.channel): n.influence for n in found} == pytest.approx(
        {key: value for key, value in expected.items() if value}, rel=1e-4, abs=1e-6
    )
    sizes = [abs(n.influence) for n in found]
    assert sizes == sorted(sizes, reverse=True)


def test_a_neuron_has_the_neighbours_of_its_channel_by_weights_and_its_own_by_gradient() -> None:
    net, _, x = gated()
    by_weights = [nbviz.neighbours(net, x, unit).incoming for unit in ("second:1", "second:1@2,3")]
    assert [n.unit for n in by_weights[0].neighbours] == [n.unit for n in by_weights[1].neighbours]
    here = nbviz.neighbours(net, x, "gated:2@0,0", k=99).incoming.neighbours
    strongest = nbviz.neighbours(net, x, "gated:2", k=99).incoming.neighbours
    assert {n.unit: n.influence for n in here} != {n.unit: n.influence for n in strongest}


def test_before_the_first_layer_lies_the_picture_and_after_the_last_nothing() -> None:
    net, _, x = gated()
    assert nbviz.neighbours(net, x, "first:0").incoming.neighbours == ()
    assert nbviz.neighbours(net, x, "first:0").incoming.note == "it is computed from the picture itself"
    assert nbviz.neighbours(net, x, "second:0").outgoing.neighbours == ()


def test_what_weights_say_is_the_same_from_both_ends() -> None:
    model = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 3, groups=2), nn.ReLU(), nn.Conv2d(4, 2, 1))
    net = nbviz.Network(model, input_size=16, device="cpu")
    x = torch.rand(1, 3, 16, 16)
    into = {
        (n.unit.channel, k): n.influence
        for k in range(4)
        for n in nbviz.neighbours(net, x, f"2:{k}").incoming.neighbours
    }
    out_of = {
        (c, n.unit.channel): n.influence
        for c in range(6)
        for n in nbviz.neighbours(net, x, f"1:{c}").outgoing.neighbours
    }
    assert into == out_of
    assert set(into) == {(c, k) for k in range(4) for c in range(6) if k // 2 == c // 3}, "groups do not mix"


def test_weights_that_change_are_followed() -> None:
    net, model, x = gated()
    before = nbviz.neighbours(net, x, "second:1").incoming.neighbours[0]
    with torch.no_grad():
        model.second.weight.neg_()
    after = nbviz.neighbours(net, x, "second:1").incoming.neighbours[0]
    assert (after.unit, after.influence) == (before.unit, -before.influence)


@pytest.mark.parametrize("k", [0, -1, 2.5, True])
def test_the_number_of_neighbours_is_checked(k: Any) -> None:
    net, _, x = gated()
    with pytest.raises(nbviz.NbvizError, match="the number of neighbours is a whole number"):
        nbviz.neighbours(net, x, "first:0", k=k)
