"""Layers by name, how their outputs are laid out, and the stops of the map."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz.errors import BadModel, BadRequest, NotDefined, OutOfRange, UnknownName
from nbviz.network.layers import layout_of

from .models import Small, seeded


@pytest.fixture(scope="module")
def net() -> nbviz.Network:
    labels = ["tabby", "Tabby", "crane", "crane"]
    return nbviz.Network(seeded(Small()), input_size=16, labels=labels, device="cpu")


def test_each_call_of_a_module_is_a_layer_in_the_order_of_the_forward(net: nbviz.Network) -> None:
    assert list(net.layers) == ["conv1", "bn1", "relu", "pool", "conv2", "bn2", "drop", "fc"]
    assert net.layers["conv2"].shape == (6, 8, 8)
    assert (net.layers["fc"].channels, net.layers["fc"].spatial) == (4, None)
    assert [layer.kind for layer in net.layers.values()][:3] == ["Conv2d", "BatchNorm2d", "ReLU"]
    assert net.layers["pool"].receptive_field.box(0, 0) == (0, 0, 3, 3)


def test_later_calls_of_a_module_carry_their_number() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.relu = nn.Conv2d(3, 3, 3, padding=1), nn.ReLU()
            self.twin = self.conv

        def forward(self, x: Tensor) -> Tensor:
            return self.relu(self.twin(self.relu(self.conv(x)))).mean((2, 3))

    net = nbviz.Network(Twice(), input_size=8, device="cpu")
    assert list(net.layers) == ["conv", "relu", "conv#2", "relu#2"]
    x = torch.rand(1, 3, 8, 8)
    with torch.no_grad():
        once = net.model.relu(net.model.conv(x))
        twice = net.model.conv(once)
    assert torch.allclose(net.tap(x, ["conv#2"])["conv#2"], twice)
    assert torch.allclose(nbviz.activations(net, x, "conv#2:1").values, twice[0, 1])
    assert torch.equal(nbviz.filters(net, "conv#2").values, net.model.conv.weight.detach())


def test_what_is_passed_on_unchanged_is_shown_once() -> None:
    model = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True)), nn.Identity(), nn.Dropout())
    net = nbviz.Network(model, input_size=8, device="cpu")
    assert list(net.layers) == ["0.0", "0.1", "0", "1", "2"]
    assert [net.layers[name].same_as for name in net.layers] == [None, None, "0.1", "0.1", "0.1"]
    assert [layer.name for layer in net.shown_layers] == ["0.0", "0"]


def test_layers_can_be_chosen_by_patterns() -> None:
    model = seeded(Small())
    assert list(nbviz.Network(model, input_size=16, layers=["conv*", "fc"]).layers) == ["conv1", "conv2", "fc"]
    with pytest.raises(UnknownName, match=r"No layer matches 'konv1'. Did you mean 'conv1'"):
        nbviz.Network(model, input_size=16, layers=["konv1"])


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        (("conv3", 0), UnknownName, "no layer 'conv3'. Did you mean 'conv"),
        (("xyz", 0), UnknownName, "no layer 'xyz'. net.layers lists them."),
        (("conv1", 6), OutOfRange, "'conv1' has units 0 … 5; there is no unit 6"),
        (("conv1", -1), OutOfRange, "there is no unit -1"),
        (("conv1", 0, 16, 0), OutOfRange, r"maps of 'conv1' are 16×16; there is no position \(16, 0\)"),
        (("conv1", 0, 3), OutOfRange, "needs both its row and its column"),
        (("fc", 0, 1, 0), OutOfRange, "maps of 'fc' are 1×1"),
        (("conv1",), BadRequest, "'conv1' is not a unit; write 'layer:channel'"),
        (("conv1:a",), BadRequest, "is not a unit"),
        (("conv1:9@1,1",), OutOfRange, "there is no unit 9"),
    ],
)
def test_a_unit_that_does_not_exist_is_told_with_what_does(
    net: nbviz.Network, given: Any, error: Any, sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        net.unit(*given)


def test_units_are_written_and_read_alike(net: nbviz.Network) -> None:
    assert net.unit("conv1", 5) == net.unit("conv1:5") == nbviz.Unit("conv1", 5)
    assert net.unit("conv1", 5, 2, 3) == net.unit("conv1:5@2,3")
    assert str(net.unit("conv1", 5, 2, 3)) == "conv1:5@2,3"


def test_classes_go_by_label_or_index(net: nbviz.Network) -> None:
    assert [net.logit(which).index for which in ("tabby", "Tabby", 2, "3")] == [0, 1, 2, 3]
    assert net.probability(1).label == "Tabby"
    with pytest.raises(UnknownName, match="'crane' labels the classes 2, 3; give the index"):
        net.logit("crane")
    with pytest.raises(UnknownName, match="'TABBY' labels the classes 0, 1"):
        net.logit("TABBY")
    with pytest.raises(UnknownName, match=r"No class is labelled 'taby'. Did you mean '[tT]abby'"):
        net.logit("taby")
    with pytest.raises(OutOfRange, match="classes 0 … 3; there is no class 4"):
        net.logit(4)
    with pytest.raises(UnknownName, match="A float is not a target"):
        nbviz.saliency(net, torch.rand(1, 3, 16, 16), 0.5)


def test_digits_that_are_labels_are_labels() -> None:
    net = nbviz.Network(seeded(Small()), input_size=16, labels=["3", "2", "1", "0"], device="cpu")
    assert net.logit("3").index == 0
    assert net.logit(3).label == "0"


def test_labels_must_be_as_many_as_classes() -> None:
    with pytest.raises(BadModel, match="3 labels were given for 4 classes"):
        nbviz.Network(seeded(Small()), input_size=16, labels=list("abc"))
    unlabelled = nbviz.Network(seeded(Small()), input_size=16)
    assert unlabelled.predict(torch.rand(1, 3, 16, 16), k=1)[0].label.startswith("class ")
    with pytest.raises(UnknownName, match=r"no labels, so 'cat' is unknown; give Network\(labels=…\) or an index"):
        unlabelled.logit("cat")


def test_a_network_without_classes_has_units_all_the_same() -> None:
    net = nbviz.Network(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), input_size=8, device="cpu")
    x = torch.rand(1, 3, 8, 8)
    assert net.classes == 0
    assert nbviz.deconvnet(net, x, "1:0").values.shape == (3, 8, 8)
    for act in (net.predict, lambda x: nbviz.saliency(net, x), lambda x: net.logit(0)):
        with pytest.raises(NotDefined, match=r"no classes: its output has shape \(1, 4, 6, 6\)"):
            act(x)


@pytest.mark.parametrize(
    ("shape", "size", "kind", "spatial"),
    [
        ((1, 64, 56, 56), (224, 224), "nchw", (56, 56)),
        ((1, 56, 56, 96), (224, 224), "nhwc", (56, 56)),
        ((1, 7, 7, 7), (224, 224), "nchw", (7, 7)),
        ((1, 16, 32, 64), (128, 256), "nchw", (32, 64)),
        ((1, 8, 16, 96), (128, 256), "nhwc", (8, 16)),
        ((1, 512, 1, 1), (224, 224), "nchw", (1, 1)),
        ((1, 197, 768), (224, 224), "tokens", (14, 14)),
        ((1, 198, 768), (224, 224), "tokens", (14, 14)),
        ((1, 196, 768), (224, 224), "tokens", (14, 14)),
        ((1, 129, 64), (128, 256), "tokens", (8, 16)),
        ((1, 10), (224, 224), "vector", None),
    ],
)
def test_outputs_are_read_by_the_proportions_of_the_picture(shape: Any, size: Any, kind: str, spatial: Any) -> None:
    layout = layout_of(shape, size)
    assert (layout.kind, layout.spatial) == (kind, spatial)


def test_a_map_of_other_proportions_than_the_picture_is_a_map_where_a_2d_module_made_it() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d((4, 5)), nn.ReLU())
    net = nbviz.Network(model, input_size=(11, 9), device="cpu")
    assert [(layer.channels, layer.spatial) for layer in net.layers.values()][1:] == [(4, (4, 5)), (4, (4, 5))]


def test_tokens_become_maps_without_the_class_token() -> None:
    from torchvision.models import VisionTransformer

    model = seeded(VisionTransformer(32, 8, 2, 2, 12, 24, num_classes=5))  # whose head torchvision leaves at zero
    net = nbviz.Network(model, input_size=32, device="cpu")
    layer = net.layers["encoder.layers.encoder_layer_0.mlp"]
    assert (layer.shape, layer.channels, layer.spatial) == ((17, 12), 12, (4, 4))
    x = torch.rand(1, 3, 32, 32)
    raw: list[Tensor] = []
    handle = model.encoder.layers[0].mlp.register_forward_hook(lambda _module, _args, out: raw.append(out))
    with torch.no_grad():
        model.eval()(x)
    handle.remove()
    maps = nbviz.activations(net, x, layer.name).values
    for row in range(4):
        for column in range(4):
            assert torch.allclose(maps[:, row, column], raw[0][0, 1 + 4 * row + column], atol=1e-5)
    # The class token alone is read out of the last block, so Grad-CAM asks the last layer whose other tokens matter.
    cam = nbviz.grad_cam(net, x, 0, signed=True)
    assert cam.layer == "encoder.layers.encoder_layer_1.ln_1"
    assert cam.values.shape == (4, 4)
    assert cam.values.any()
    assert nbviz.neuron_gradient(net, x, f"{layer.name}:3@1,2").position == (1, 2)


@pytest.mark.parametrize(
    ("name", "stops", "late", "last"),
    [
        ("resnet18", "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 avgpool fc", "layer4.1.conv2", "layer4"),
        ("vgg11", " ".join(f"features.{i}" for i in range(21)) + " avgpool classifier", "features.18", "avgpool"),
        (
            "squeezenet1_1",
            " ".join(f"features.{i}" for i in range(13)) + " classifier",
            "classifier.1",
            "classifier.2",
        ),
        (
            "mobilenet_v2",
            " ".join(f"features.{i}" for i in range(19)) + " classifier",
            "features.18.0",
            "features.18",
        ),
        (
            "densenet121",
            "features.conv0 features.norm0 features.relu0 features.pool0 features.denseblock1 features.transition1 "
            "features.denseblock2 features.transition2 features.denseblock3 features.transition3 "
            "features.denseblock4 features.norm5 classifier",
            "features.denseblock4.denselayer16.conv2",
            "features.norm5",
        ),
        (
            "googlenet",
            "conv1 maxpool1 conv2 conv3 maxpool2 inception3a inception3b maxpool3 inception4a inception4b inception4c "
            "inception4d inception4e maxpool4 inception5a inception5b avgpool dropout fc",
            "inception5b.branch4.1.conv",
            "inception5b",
        ),
    ],
)
def test_the_map_shows_the_course_of_a_network(name: str, stops: str, late: str, last: str) -> None:
    from torchvision import models

    options = {"init_weights": False, "aux_logits": False} if name == "googlenet" else {}
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        net = nbviz.Network(models.get_model(name, **options), device="cpu", input_size=64)
    assert " ".join(stop.name for stop in net.stops) == stops
    assert net.late_convolution == late
    assert net.last_spatial == last
    shown = [name for stop in net.stops for name in stop.layers]
    assert len(shown) == len(set(shown)) == len(net.shown_layers)
