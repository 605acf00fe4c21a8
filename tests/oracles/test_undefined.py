"""Where a rule has no meaning, deconvnet and guided backprop say so instead of showing another method's picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import nbviz
from nbviz.errors import NotDefined

METHODS = [nbviz.deconvnet, nbviz.guided_backprop]


class Net(nn.Module):
    """conv1 → act → conv2 → ReLU → average → fc."""

    def __init__(self, act: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv1, self.act, self.conv2, self.fc = nn.Conv2d(3, 4, 3), act, nn.Conv2d(4, 4, 3), nn.Linear(4, 2)
        nn.init.constant_(self.fc.bias, 10.0)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.conv2(self.act(self.conv1(x)))).mean((2, 3)))


class Halved(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x / 2

    @staticmethod
    def backward(ctx: Any, r: Tensor) -> Tensor:
        return r / 2


class Rectify(torch.autograd.Function):
    """A user's own function that happens to have the name of ours."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.abs()

    @staticmethod
    def backward(ctx: Any, r: Tensor) -> Tensor:
        return r


class Swish(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


MODULES = {
    "SiLU": nn.SiLU(inplace=True),
    "GELU": nn.GELU(),
    "Hardswish": nn.Hardswish(),
    "LeakyReLU": nn.LeakyReLU(0.1, inplace=True),
    "PReLU": nn.PReLU(),
    "ELU": nn.ELU(),
    "Mish": nn.Mish(),
    "Tanh": nn.Tanh(),
    "Sigmoid": nn.Sigmoid(),
    "Hardsigmoid": nn.Hardsigmoid(),
    "Softplus": nn.Softplus(),
    "Hardtanh": nn.Hardtanh(),
    "Threshold": nn.Threshold(0.1, 20),
    "SiLU (x·sigmoid(x))": Swish(),
}
FUNCTIONS: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "F.silu": ("SiLU", F.silu),
    "F.celu": ("CELU", F.celu),
    "F.selu": ("ELU", F.selu),
    "x·sigmoid(x), tensor methods": ("SiLU", lambda x: x.mul(x.sigmoid())),
    "x·hardsigmoid(x)": ("form x·f", lambda x: x * F.hardsigmoid(x)),
    "x·relu6(x + 3)/6": ("form x·f", lambda x: x * F.relu6(x + 3) / 6),
    "x·(1 + erf(x/√2))/2": ("form x·f", lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5))),
    "x/(1 + |x|)": ("form x·f", lambda x: x / (1 + x.abs())),
    "max(x, x/10)": ("choice", lambda x: torch.maximum(x, 0.1 * x)),
    "max(x, 0)": ("choice", lambda x: torch.maximum(x, torch.zeros(()))),
    "where(x > 0, x, 0)": ("choice", lambda x: torch.where(x > 0, x, torch.zeros(()))),
    "clamp(-1, 1)": ("clamp", lambda x: x.clamp(-1, 1)),
    "clamp(-1)": ("clamp", lambda x: x.clamp(min=-1)),
    "an own Function": ("custom function Halved", Halved.apply),
    "an own Function named Rectify": ("custom function Rectify", Rectify.apply),
}


def network(act: Callable[[Tensor], Tensor]) -> tuple[nbviz.Network, Tensor]:
    return nbviz.Network(Net(act), input_size=12, device="cpu"), torch.rand(1, 3, 12, 12)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)
@pytest.mark.parametrize("name", MODULES)
def test_an_activation_without_a_rule_is_named_with_its_layer(name: str, method: Any) -> None:
    net, x = network(MODULES[name])
    for target in (0, net.unit("conv2", 1)):
        with pytest.raises(NotDefined) as told:
            method(net, x, target)
        assert name in str(told.value)
        assert "layer 'act'" in str(told.value)
        assert "neuron_gradient" in str(told.value)
        assert "deconvnet" not in str(told.value).partition("Defined here")[2]


@pytest.mark.parametrize("spelling", FUNCTIONS)
def test_an_activation_without_a_module_is_found_all_the_same(spelling: str) -> None:
    what, act = FUNCTIONS[spelling]
    net, x = network(act)
    for method in METHODS:
        with pytest.raises(NotDefined, match=what) as told:
            method(net, x, net.unit("conv2", 1))
        assert "layer 'conv2'" in str(told.value)


@pytest.mark.parametrize("act", [MODULES["SiLU"], Halved.apply], ids=["SiLU", "an own Function"])
def test_before_the_activation_the_rules_are_defined(act: Callable[[Tensor], Tensor]) -> None:
    net, x = network(act)
    channel = int(nbviz.activations(net, x, "conv1").values.amax((1, 2)).argmax())
    for method in METHODS:
        assert method(net, x, net.unit("conv1", channel)).values.any()


@pytest.mark.parametrize("act", [*MODULES.values(), *(act for _, act in FUNCTIONS.values())])
def test_methods_without_rectifier_rules_work_through_any_activation(act: Callable[[Tensor], Tensor]) -> None:
    net, x = network(act)
    assert torch.isfinite(nbviz.saliency(net, x, 0).values).all()
    assert torch.isfinite(nbviz.grad_cam(net, x, 0).values).all()
    assert torch.isfinite(nbviz.neuron_gradient(net, x, net.unit("conv2", 1)).values).all()


class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.squeeze, self.excite = nn.Conv2d(4, 2, 1), nn.Conv2d(2, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))


ALLOWED = {
    "a squeeze-excite gate": SqueezeExcite(),
    "a guarded normalisation": lambda x: F.normalize(F.relu(x), dim=1),
    "the larger of two branches": lambda x: torch.maximum(F.relu(x), F.relu(x).flip(1)),
    "a square": lambda x: (lambda y: y * y)(F.relu(x)),
    "local response normalisation": nn.LocalResponseNorm(2),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_is_no_activation_does_not_stop_the_rules(case: str) -> None:
    net, x = network(ALLOWED[case])
    for method in METHODS:
        assert method(net, x, 0).values.any()


def test_a_sigmoid_at_the_very_end_only_scales_the_start() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(400, 1), nn.Sigmoid())
    net = nbviz.Network(model, input_size=12, device="cpu")
    x = torch.rand(1, 3, 12, 12)
    after, before = (nbviz.guided_backprop(net, x, target).values for target in (0, "3:0"))
    assert torch.allclose(after / after.abs().max(), before / before.abs().max(), atol=1e-6)
