"""Whatever is asked, also where it fails or is called off, the user's model is the same bit by bit afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import nbviz
from nbviz.errors import Cancelled

from .models import Small, changes, seeded, traces

SIZE = 16


def lived_in() -> nn.Module:
    """A model in the middle of its life: training mode, gradients, a frozen part, the user's own hooks."""
    model = seeded(Small()).train()
    model.bn2.eval()
    model.conv2.weight.requires_grad_(False)
    # The loss goes around batch-norm's statistics, which then stay as they were seeded.
    F.cross_entropy(model.fc(torch.rand(2, 6)), torch.tensor([1, 0])).backward()
    return model


ACTS: dict[str, Callable[[nbviz.Network, Tensor], Any]] = {
    "predict": lambda net, x: net.predict(x),
    "activations": lambda net, x: nbviz.activations(net, x, "conv2"),
    "saliency": lambda net, x: nbviz.saliency(net, x),
    "neuron_gradient": lambda net, x: nbviz.neuron_gradient(net, x, "conv2:1@2,2"),
    "guided_backprop": lambda net, x: nbviz.guided_backprop(net, x),
    "deconvnet": lambda net, x: nbviz.deconvnet(net, x, net.unit("relu", 2)),
    "grad_cam": lambda net, x: nbviz.grad_cam(net, x, layer="bn2"),
    "filters": lambda net, x: nbviz.filters(net),
    "visualize": lambda net, x: nbviz.visualize(net, net.unit("conv2", 0), steps=2),
    "tap with a gradient": lambda net, x: (
        net.tap(x.clone().requires_grad_(), ["bn2"], logits=True)[""].sum().backward()
    ),
}


@pytest.fixture
def model() -> nn.Module:
    return lived_in()


@pytest.fixture
def x() -> Tensor:
    return torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(3))


def test_opening_a_network_leaves_no_trace(model: nn.Module) -> None:
    before = traces(model)
    nbviz.Network(model, input_size=SIZE)
    assert changes(before, traces(model)) == []


@pytest.mark.parametrize("act", ACTS)
def test_no_method_leaves_a_trace(act: str, model: nn.Module, x: Tensor) -> None:
    net = nbviz.Network(model, input_size=SIZE, device="cpu")
    before, picture = traces(model), x.clone()
    ACTS[act](net, x)
    assert changes(before, traces(model)) == []
    assert torch.equal(x, picture)


@pytest.mark.parametrize("act", ACTS)
def test_the_users_hooks_never_fire(act: str, model: nn.Module, x: Tensor) -> None:
    fired: list[str] = []
    for module in model.modules():
        module.register_forward_pre_hook(lambda *_: fired.append("pre"))
        module.register_forward_hook(lambda *_: fired.append("forward"))
        module.register_full_backward_hook(lambda *_: fired.append("backward"))
    model.conv1.weight.register_hook(lambda *_: fired.append("tensor"))
    model.conv1.weight.register_post_accumulate_grad_hook(lambda *_: fired.append("accumulated"))
    ACTS[act](nbviz.Network(model, input_size=SIZE, device="cpu"), x)
    assert fired == []


def test_an_error_in_the_middle_leaves_no_trace(x: Tensor) -> None:
    class Fragile(Small):
        def forward(self, x: Tensor) -> Tensor:
            out = super().forward(x)
            if x.abs().sum() == 0:
                raise ValueError("an empty picture")
            return out

    model = seeded(Fragile()).train()
    net = nbviz.Network(model, input_size=SIZE, device="cpu")
    before = traces(model)
    for act in (net.predict, lambda x: nbviz.saliency(net, x), lambda x: nbviz.deconvnet(net, x)):
        with pytest.raises(nbviz.NbvizError, match="an empty picture"):
            act(torch.zeros_like(x))
    assert changes(before, traces(model)) == []
    assert len(net.predict(x)) == 4


def test_a_cancelled_synthesis_leaves_no_trace(model: nn.Module) -> None:
    net = nbviz.Network(model, input_size=SIZE, device="cpu")
    before = traces(model)
    steps = []

    def stop(step: Any) -> None:
        steps.append(step.step)
        if len(steps) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        nbviz.visualize(net, net.unit("conv2", 0), steps=10, on_step=stop)
    assert steps == [1, 2, 3]
    assert changes(before, traces(model)) == []
    assert torch.is_grad_enabled()


def test_the_shadow_shares_the_parameters_and_owns_its_buffers(model: nn.Module) -> None:
    net = nbviz.Network(model, input_size=SIZE, device="cpu")
    twin = net._taps.twin
    for name, parameter in model.named_parameters():
        assert twin.get_parameter(name).data_ptr() == parameter.data_ptr()
        assert not twin.get_parameter(name).requires_grad
    for name, buffer in model.named_buffers():
        assert twin.get_buffer(name).data_ptr() != buffer.data_ptr()
        assert torch.equal(twin.get_buffer(name), buffer)
    assert not any(module.training for module in twin.modules())


class Scribbler(Small):
    """Changes itself, its input and the random state in every forward, even in eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.seen = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.seen += 1
        x.sub_(0.5)
        x = F.batch_norm(self.conv1(x), self.bn1.running_mean, self.bn1.running_var, training=True)
        x = F.dropout(F.relu_(x), 0.3)
        return self.fc(self.relu(self.bn2(self.conv2(x))).mean((2, 3)))


@pytest.mark.parametrize("act", ACTS)
def test_a_model_that_writes_to_itself_writes_to_the_shadow(act: str, x: Tensor) -> None:
    if "relu" in act or act == "deconvnet":
        pytest.skip("its ReLU is called once only, after conv2")
    model = seeded(Scribbler()).eval()
    before, picture = traces(model), x.clone()
    seen = model.seen.clone()
    net = nbviz.Network(model, input_size=SIZE, device="cpu")
    ACTS[act](net, x)
    assert changes(before, traces(model)) == []
    assert torch.equal(model.seen, seen)
    assert torch.equal(x, picture)


def test_a_module_that_merges_weights_on_eval_is_not_told_to() -> None:
    class Merging(Small):
        """As LoRA layers do."""

        def train(self, mode: bool = True) -> nn.Module:
            if not mode:
                self.conv1.weight.data += 1
            return super().train(mode)

    model = seeded(Merging())
    before = traces(model)
    nbviz.Network(model, input_size=SIZE, device="cpu")
    assert changes(before, traces(model)) == []


def test_filters_are_read_without_touching_parametrised_weights() -> None:
    """Reading a spectrally normalised weight in training mode would change the model's buffers."""
    model = seeded(Small())
    nn.utils.parametrizations.spectral_norm(model.conv1)
    model.train()
    net = nbviz.Network(model, input_size=SIZE, device="cpu")
    before = traces(model)
    filters = nbviz.filters(net).values
    assert changes(before, traces(model)) == []
    model.eval()
    assert torch.allclose(filters, model.conv1.weight.detach())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_surrounding_mode_changes_nothing(mode: Callable[[], Any], model: nn.Module, x: Tensor) -> None:
    outside = nbviz.Network(model, input_size=SIZE, device="cpu")
    expected = {act: ACTS[act](outside, x).values for act in ("saliency", "guided_backprop", "deconvnet", "grad_cam")}
    with mode():
        inside = nbviz.Network(model, input_size=SIZE, device="cpu")
        found = {act: ACTS[act](inside, x + 0).values for act in expected}
        ACTS["visualize"](inside, x)
    for act, values in expected.items():
        assert torch.allclose(values, found[act], atol=1e-6), act
    assert torch.allclose(nbviz.saliency(inside, x).values, expected["saliency"], atol=1e-6)
