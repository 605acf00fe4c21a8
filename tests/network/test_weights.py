"""Weights that change while a person looks, and the many forms in which a model arrives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz.errors import BadModel, ForwardFailed, NotFinite
from nbviz.methods import record

from .models import Small, seeded

SIZE = 16


@pytest.fixture
def x() -> Tensor:
    return torch.rand(1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(3))


def opened(model: nn.Module, **options: object) -> nbviz.Network:
    return nbviz.Network(model, **{"input_size": SIZE, "device": "cpu", **options})


def logits(model: nn.Module, x: Tensor) -> list[float]:
    with torch.no_grad():
        return model.eval()(x)[0].sort(descending=True).values.tolist()


def step_of_an_optimiser(model: nn.Module) -> None:
    optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
    model.eval()(torch.rand(2, 3, SIZE, SIZE)).square().sum().backward()
    optimiser.step()


def exchanged_data(model: nn.Module) -> None:
    model.conv1.weight.data = model.conv1.weight.data * 2


def replaced_layer(model: nn.Module) -> None:
    model.fc = seeded(nn.Linear(6, 4), 5)


def replaced_parameter(model: nn.Module) -> None:
    model.fc.bias = nn.Parameter(torch.arange(4.0))


def replaced_activation(model: nn.Module) -> None:
    model.relu = nn.GELU()


def loaded_state(model: nn.Module) -> None:
    model.load_state_dict(seeded(Small(), 7).state_dict())


def running_statistics(model: nn.Module) -> None:
    model.train()(torch.rand(4, 3, SIZE, SIZE))


CHANGES = [
    step_of_an_optimiser,
    exchanged_data,
    replaced_layer,
    replaced_parameter,
    replaced_activation,
    loaded_state,
    running_statistics,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_the_weights_raises_the_revision_and_shows(change: Callable[[nn.Module], None], x: Tensor) -> None:
    model = seeded(Small())
    net = opened(model)
    before, revision = [p.logit for p in net.predict(x)], net.revision
    recording = record(net, x)
    change(model)
    after = [p.logit for p in net.predict(x)]
    assert net.revision > revision
    assert after != pytest.approx(before, rel=1e-3)
    assert after == pytest.approx(logits(model, x), rel=1e-4)
    # A recording of older weights is made anew.
    assert record(net, recording) is not recording
    assert nbviz.saliency(net, recording, 0).score in [pytest.approx(logit, rel=1e-4) for logit in after]


def test_without_a_change_the_revision_stays(x: Tensor) -> None:
    net = opened(seeded(Small()))
    revision = net.revision
    recording = record(net, x)
    net.predict(x)
    nbviz.deconvnet(net, x)
    assert net.sync() == revision
    assert record(net, recording) is recording


def test_weights_that_change_between_forward_and_backward_are_told(x: Tensor) -> None:
    model = seeded(Small())
    recording = record(opened(model), x)
    value = recording.value(recording.resolve(None))
    step_of_an_optimiser(model)
    with pytest.raises(ForwardFailed, match="weights changed"):
        recording.backward(value, recording.x)


def test_a_training_model_is_seen_as_it_will_be_used(x: Tensor) -> None:
    model = seeded(Small()).train()
    assert [p.logit for p in opened(model).predict(x)] == pytest.approx(logits(seeded(Small()), x), rel=1e-4)
    assert model.training


def test_frozen_parameters_do_not_stop_gradients_to_the_picture(x: Tensor) -> None:
    model = seeded(Small()).requires_grad_(False)
    assert torch.equal(nbviz.saliency(opened(model), x).values, nbviz.saliency(opened(seeded(Small())), x).values)


def weight_norm(model: nn.Module) -> None:
    nn.utils.parametrizations.weight_norm(model.conv1)


def spectral_norm(model: nn.Module) -> None:
    nn.utils.parametrizations.spectral_norm(model.conv2)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated")
def legacy_weight_norm(model: nn.Module) -> None:
    nn.utils.weight_norm(model.conv1)


def legacy_spectral_norm(model: nn.Module) -> None:
    nn.utils.spectral_norm(model.conv2)


@pytest.mark.filterwarnings("ignore:.*weight_norm.*:FutureWarning")
@pytest.mark.parametrize(
    "wrap", [weight_norm, spectral_norm, legacy_weight_norm, legacy_spectral_norm], ids=lambda wrap: wrap.__name__
)
def test_computed_weights_are_computed_on_the_shadow_too(wrap: Callable[[nn.Module], None], x: Tensor) -> None:
    model = seeded(Small())
    wrap(model)
    net = opened(model)
    assert {"conv1", "conv2"} <= set(net.layers)
    assert not any("parametrizations" in name for name in net.layers)
    assert [p.logit for p in net.predict(x)] == pytest.approx(logits(model, x), rel=1e-4)
    assert nbviz.deconvnet(net, x, net.unit("relu", 2)).values.any()
    revision = net.revision
    step_of_an_optimiser(model)
    assert [p.logit for p in net.predict(x)] == pytest.approx(logits(model, x), rel=1e-4)
    assert net.revision > revision
    expected = logits(model, x) and model.conv1.weight.detach()
    assert torch.allclose(nbviz.filters(net, "conv1").values, expected, atol=1e-6)


def compiled_in_place(model: nn.Module) -> nn.Module:
    model.compile()
    return model


@pytest.mark.parametrize(
    "wrap",
    [torch.compile, compiled_in_place, nn.DataParallel, lambda m: torch.compile(nn.DataParallel(m))],
    ids=["torch.compile", "model.compile()", "DataParallel", "both"],
)
def test_wrappers_are_looked_through(wrap: Callable[[nn.Module], nn.Module], x: Tensor) -> None:
    expected = logits(seeded(Small()), x)
    net = opened(wrap(seeded(Small())))
    assert net.name == "Small"
    assert "conv1" in net.layers
    assert [p.logit for p in net.predict(x)] == pytest.approx(expected, rel=1e-4)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated")
def test_a_script_module_is_refused() -> None:
    with pytest.raises(BadModel, match=r"ScriptModule.*give the original torch.nn.Module"):
        opened(torch.jit.script(Small()))
    model = Small()
    model.fc = torch.jit.trace(model.fc, torch.rand(1, 6))
    with pytest.raises(BadModel, match="part 'fc' is a ScriptModule"):
        opened(model)


@pytest.mark.parametrize(
    ("given", "sentence"), [("resnet18", "A str is not"), (Small, "A type is not"), (None, "None")]
)
def test_what_is_no_model_is_refused(given: object, sentence: str) -> None:
    with pytest.raises(BadModel, match=sentence):
        nbviz.Network(given)


def test_a_model_without_values_or_on_several_devices_is_refused() -> None:
    model = Small()
    model.fc = model.fc.to("meta")
    with pytest.raises(BadModel, match=r"'fc.weight' is on the meta device"):
        opened(model)


def test_a_lazy_model_is_asked_to_run_once_first() -> None:
    model = Small()
    model.fc = nn.LazyLinear(4)
    with pytest.raises(BadModel, match=r"'fc.weight' is not initialised yet; run the model once"):
        opened(model)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_no_numbers_are_refused_with_their_layer(value: float) -> None:
    model = seeded(Small())
    model.conv2.weight.data[0, 0, 0, 0] = value
    with pytest.raises(NotFinite, match=r"1 of 324 values of 'conv2.weight' \(layer 'conv2'\)"):
        opened(model)
    model = seeded(Small())
    model.bn1.running_var.fill_(value)
    with pytest.raises(NotFinite, match=r"6 of 6 values of 'bn1.running_var'"):
        opened(model)


def test_large_weights_are_not_mistaken_for_infinite_ones() -> None:
    model = seeded(Small())
    model.conv2.weight.data.fill_(3e38)  # whose sum overflows
    model.bn1.weight.data.zero_()
    model.bn1.bias.data.zero_()
    assert "conv2" in opened(model).layers


class Explosive(Small):
    """Divides by the mean of the picture in the middle."""

    def __init__(self, saturates: bool = False) -> None:
        super().__init__()
        self.square = nn.Identity()
        self.saturates = saturates

    def forward(self, x: Tensor) -> Tensor:
        ratio = self.square(self.conv1(x) / x.mean())
        return super().forward(x) if self.saturates else self.fc(self.relu(ratio).mean((2, 3)))


def test_the_first_layer_that_computes_nan_is_named() -> None:
    net = opened(seeded(Explosive()))
    dark = torch.zeros(1, 3, SIZE, SIZE)
    for act in (nbviz.saliency, nbviz.deconvnet, nbviz.grad_cam):
        with pytest.raises(NotFinite, match="Layer 'square' computes NaN or infinity"):
            act(net, dark)
    with pytest.raises(NotFinite, match="logits of Explosive"):
        net.predict(dark)


def test_infinity_is_told_also_where_it_does_not_reach_the_logits() -> None:
    net = opened(seeded(Explosive(saturates=True)))
    dark = torch.zeros(1, 3, SIZE, SIZE)
    assert len(net.predict(dark)) == 4
    for act in (nbviz.activations, nbviz.neuron_gradient, nbviz.deconvnet):
        with pytest.raises(NotFinite, match="Layer 'square'"):
            act(net, dark, "square" if act is nbviz.activations else "square:0")


def test_an_error_of_the_model_names_the_layer_and_the_input(x: Tensor) -> None:
    model = seeded(Small())
    model.fc = nn.Linear(7, 4)
    with pytest.raises(ForwardFailed, match=r"in layer 'fc' on an input of \(1, 3, 16, 16\): RuntimeError"):
        opened(model)
    with pytest.raises(ForwardFailed, match=r"No common input size fits; say Network\(model, input_size=…\)"):
        nbviz.Network(model, device="cpu")


def test_a_model_that_cannot_be_copied_says_what_stands_in_the_way() -> None:
    model = Small()
    model.reader = (line for line in ())
    with pytest.raises(BadModel, match=r"Small cannot be copied .*generator"):
        opened(model)


class Several(Small):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form

    def forward(self, x: Tensor) -> object:
        out, aux = super().forward(x), x.mean((1, 2, 3))
        return {"tuple": (aux, out), "dict": {"aux": aux, "scores": out}, "nothing": None}[self.form]


def test_an_output_of_several_parts_asks_for_a_choice(x: Tensor) -> None:
    with pytest.raises(BadModel, match=r"returns a tuple of 2, not a tensor.*output=0"):
        opened(Several("tuple"))
    with pytest.raises(BadModel, match=r"a dict with the keys 'aux', 'scores'.*output='aux'"):
        opened(Several("dict"))
    with pytest.raises(BadModel, match="returns a NoneType"):
        opened(Several("nothing"))
    with pytest.raises(BadModel, match=r"no part 'logits'.*'aux', 'scores'"):
        opened(Several("dict"), output="logits")
    with pytest.raises(BadModel, match=r"what output=… asks for \(KeyError"):
        opened(Several("dict"), output=lambda out: out["logits"])
    expected = logits(seeded(Small()), x)
    for form, output in (("tuple", 1), ("dict", "scores"), ("dict", lambda out: out["scores"])):
        net = opened(seeded(Several(form)), output=output)
        assert net.classes == 4
        assert [p.logit for p in net.predict(x)] == pytest.approx(expected, rel=1e-4)
        assert nbviz.saliency(net, x).values.any()


def test_a_model_that_catches_its_own_errors_does_not_catch_ours(x: Tensor) -> None:
    class Careful(Small):
        def forward(self, x: Tensor) -> Tensor:
            try:
                return super().forward(x)
            except Exception:  # noqa: BLE001 - as people write it
                return torch.zeros(1, 4)

    net = opened(seeded(Careful()))
    assert set(net.tap(x, ["conv1"])) == {"conv1"}


def test_a_tap_runs_only_as_far_as_needed(x: Tensor) -> None:
    ran = []

    class Counting(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            ran.append(True)
            return super().forward(x)

    model = seeded(Small())
    model.fc = Counting(6, 4)
    net = opened(model)
    ran.clear()
    net.tap(x, ["conv1", "bn2"])
    assert ran == []
    assert net.tap(x, ["conv1"], logits=True)[""].shape == (1, 4)
    assert ran == [True]


def test_double_and_half_precision_are_kept(x: Tensor) -> None:
    for dtype in (torch.float64, torch.bfloat16):
        net = opened(seeded(Small()).to(dtype))
        assert net.dtype == dtype
        assert net.tap(net.preprocess(x), ["conv1"])["conv1"].dtype == dtype
        assert nbviz.guided_backprop(net, x).values.dtype == torch.float32
