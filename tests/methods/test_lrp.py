"""LRP on whole networks: what goes in comes out, on every family, and whatever way an operation is written."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models, transforms

import nbviz
from nbviz.errors import BadRequest, NotDefined, UnknownName
from nbviz.rules.lrp import PRESETS, AlphaBeta, Epsilon, Gamma

CONSERVING = ["lrp0", "epsilon", "gamma", "alphabeta", "zplus", "wsquare", "flat"]
FAMILIES = {
    "resnet18": 64,
    "vgg11_bn": 64,
    "densenet121": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "efficientnet_b0": 64,
    "googlenet": 64,
    "convnext_tiny": 64,
    "squeezenet1_1": 64,
    "shufflenet_v2_x0_5": 64,
    "mnasnet0_5": 64,
    "regnet_y_400mf": 64,
    "alexnet": 96,
    "inception_v3": 96,
    "efficientnet_v2_s": 64,
    "resnext50_32x4d": 64,
}
ATTENTION = {"vit_b_32": 224, "swin_t": 64, "swin_v2_t": 64, "maxvit_t": 224}


def network(name: str, size: int) -> nn.Module:
    """A random torchvision network whose batch-norms know the statistics of their inputs; head made small."""
    torch.manual_seed(0)
    options: dict[str, Any] = {"num_classes": 10}
    if name in ("googlenet", "inception_v3"):
        options |= {"aux_logits": False, "init_weights": False, "transform_input": name == "inception_v3"}
    model: nn.Module = models.get_model(name, weights=None, **options)
    if name == "vgg11_bn":
        model.classifier = nn.Linear(512 * 7 * 7, 10)
    norms = [m for m in model.eval().modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        model(torch.randn(4, 3, size, size))
    return model.eval().double()


def without_biases(model: nn.Module) -> nn.Module:
    """Every bias zero, and so β and μ of batch-norms: were β − μγ/σ zero only up to rounding, dead maps would live."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None
                module.running_mean.zero_()
            if isinstance(getattr(module, "bias", None), nn.Parameter):
                module.bias.zero_()
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_without_biases_all_relevance_arrives(name: str) -> None:
    """Σ R = S for every preset but `composite`, whose large ε absorbs on purpose what contradicts itself."""
    size = FAMILIES[name]
    net = nbviz.Network(without_biases(network(name, size)), input_size=size, device="cpu")
    x = torch.randn(1, 3, size, size, dtype=torch.float64)
    for rules in CONSERVING:
        found = nbviz.lrp(net, x, 3, rules=rules)
        assert abs(found.numbers["ΣR / value"] - 1) < 1e-3, rules
        assert abs(found.numbers["absorbed by biases"]) < 1e-3
        assert float(found.values.double().sum()) == pytest.approx(found.numbers["ΣR"], rel=1e-3)
    assert torch.isfinite(nbviz.lrp(net, x, 3).values).all()


def test_on_a_small_scale_too() -> None:
    net = nbviz.Network(without_biases(network("squeezenet1_1", 48)), input_size=48, device="cpu")
    x = torch.randn(1, 3, 48, 48, dtype=torch.float64)
    for rules in CONSERVING:
        assert nbviz.lrp(net, x, 3, rules=rules).numbers["ΣR / value"] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_with_biases_what_lacks_is_accounted_for(name: str) -> None:
    net = nbviz.Network(network(name, 64), input_size=64, device="cpu")
    x = torch.randn(1, 3, 64, 64, dtype=torch.float64)
    for rules in CONSERVING:
        numbers = nbviz.lrp(net, x, 3, rules=rules).numbers
        assert numbers["ΣR / value"] + numbers["absorbed by biases"] == pytest.approx(1, abs=1e-3), rules


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTENTION)
def test_attention_is_not_defined_and_named_with_its_layer(name: str) -> None:
    torch.manual_seed(0)
    model = models.get_model(name, weights=None, num_classes=10)
    size = ATTENTION[name]
    net = nbviz.Network(model, input_size=size, device="cpu")
    with pytest.raises(NotDefined, match=r"layer '.+' lies .*attention") as told:
        nbviz.lrp(net, torch.rand(1, 3, size, size), 0)
    assert "saliency" in str(told.value).partition("Defined here: ")[2]


# -- every way of writing an operation ---------------------------------------------------------------------------


class Net(nn.Module):
    """conv1 → act → conv2 → ReLU → average → fc, without biases."""

    def __init__(self, act: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3, bias=False), nn.Conv2d(4, 4, 3, bias=False)
        self.act, self.fc = act, nn.Linear(4, 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.conv2(self.act(self.conv1(x)))).mean((2, 3)))


class Halved(torch.autograd.Function):
    """Its inside consists of functions of torch, and is therefore seen."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x / 2

    @staticmethod
    def backward(ctx: Any, r: Tensor) -> Tensor:
        return r / 2


class Foreign(torch.autograd.Function):
    """Its inside leaves torch."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.from_numpy(x.detach().numpy() * 2)

    @staticmethod
    def backward(ctx: Any, r: Tensor) -> Tensor:
        return r * 2


def write_part(x: Tensor) -> Tensor:
    y = x.clone()
    y[:, :2] = F.relu(y[:, :2])
    return y


def drop_result(x: Tensor) -> Tensor:
    x.relu_()
    return x


def write_behind_a_view(x: Tensor) -> Tensor:
    x[:, :2].mul_(2)
    return x


def conserving() -> dict[str, Callable[[Tensor], Tensor]]:
    """Ways of writing what relevance passes whole, with the same weights in every run."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return {
            "relu_ with its result dropped": drop_result,
            "setitem": write_part,
            "an own Function": Halved.apply,
            "+=": lambda x: x.add_(x * 2),
            "sum()": lambda x: sum([x, x, x]),
            "x + mean": lambda x: x + x.mean((2, 3), keepdim=True),
            "x − y": lambda x: x - 0.5 * F.relu(x),
            "iteration": lambda x: torch.stack(list(x)),
            "chunk and cat": lambda x: torch.cat(x.chunk(2, 1)[::-1], 1),
            "where": lambda x: torch.where(x > 0, x, 0.1 * x),
            "maximum": lambda x: torch.maximum(x, 0.1 * x),
            "x·sigmoid(x)": lambda x: x.mul(x.sigmoid()),
            "x·relu6(x + 3)/6": lambda x: x * F.relu6(x + 3) / 6,
            "GELU by hand": lambda x: 0.5 * x * (1 + torch.erf(x / 2**0.5)),
            "gated halves": lambda x: torch.cat([x[:, :2] * torch.sigmoid(x[:, 2:])] * 2, 1),
            "a square": lambda x: x * x,
            "x/|x|": lambda x: F.normalize(x, dim=1),
            "layer-norm by hand": lambda x: (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True),
            "layer-norm": lambda x: F.layer_norm(x, x.shape[1:]),
            "group-norm": nn.GroupNorm(2, 4),
            "instance-norm": nn.InstanceNorm2d(4, affine=True),
            "local response normalisation": nn.LocalResponseNorm(2),
            "PReLU": nn.PReLU(),
            "Mish": nn.Mish(inplace=True),
            "dropout": nn.Dropout(),
            "bilinear": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
            "reflected border": lambda x: F.pad(x, (1, 1, 1, 1), mode="reflect"),
            "circular convolution": nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular", bias=False),
            "weight norm": nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 3, bias=False)),
            "transposed, grouped, with batch-norm": nn.Sequential(
                nn.ConvTranspose2d(4, 4, 2, groups=2, bias=False), nn.BatchNorm2d(4)
            ),
            "matmul with weights": lambda x: (x.permute(0, 2, 3, 1) @ (torch.eye(4).to(x) + 0.1)).permute(0, 3, 1, 2),
        }


CONSERVED = conserving()
UNDEFINED: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "softmax": ("layer 'conv2' lies a softmax", lambda x: x.softmax(1)),
    "two signals": ("a product of which neither side is a gate", lambda x: x * x.flip(1)),
    "1/x": ("'rdiv'", lambda x: 1 / (x + 5)),
    "cumsum": ("'cumsum'", lambda x: x.cumsum(1)),
    "attention": ("attention", lambda x: F.scaled_dot_product_attention(x, x, x)),
    "tokens by tokens": ("attention", lambda x: x @ x.transpose(2, 3)),
    "numpy": ("leaves torch", Foreign.apply),
    "behind a view": ("one view of a tensor after writing into another", write_behind_a_view),
}


@pytest.mark.parametrize("what", CONSERVED)
def test_relevance_is_conserved_through(what: str) -> None:
    torch.manual_seed(0)
    model = Net(CONSERVED[what]).double().eval()
    net = nbviz.Network(model, input_size=12, device="cpu")
    x = torch.rand(1, 3, 12, 12, dtype=torch.float64)
    for rules in CONSERVING:
        if what == "where" and rules in ("wsquare", "flat"):
            continue
        found = nbviz.lrp(net, x, 0, rules=rules)
        assert found.numbers["ΣR / value"] == pytest.approx(1, abs=1e-5), rules
    with torch.no_grad():
        assert found.score == pytest.approx(float(model(x.clone())[0, 0]), rel=1e-9)


@pytest.mark.parametrize("what", UNDEFINED)
def test_what_has_no_rule_is_named(what: str) -> None:
    torch.manual_seed(0)
    sentence, act = UNDEFINED[what]
    net = nbviz.Network(Net(act).double().eval(), input_size=12, device="cpu")
    with pytest.raises(NotDefined, match=sentence):
        nbviz.lrp(net, torch.rand(1, 3, 12, 12, dtype=torch.float64), 0)


def test_what_is_not_on_the_way_needs_no_rule() -> None:
    net = nbviz.Network(Net(lambda x: x.softmax(1)).eval(), input_size=12, device="cpu")
    assert nbviz.lrp(net, torch.rand(1, 3, 12, 12), "conv1:2").values.any()


def test_a_constant_added_absorbs_its_share_as_a_bias_does() -> None:
    numbers = []
    for act in (lambda x: x + 0.25, nn.Conv2d(4, 4, 1)):
        if isinstance(act, nn.Conv2d):
            with torch.no_grad():
                act.weight.copy_(torch.eye(4)[:, :, None, None])
                act.bias.fill_(0.25)
        net = nbviz.Network(Net(act).double().eval(), input_size=12, device="cpu")
        x = torch.rand(1, 3, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        numbers.append(nbviz.lrp(net, x, 0, rules="lrp0").numbers)
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-6)


def test_the_picture_in_other_units_is_the_same_picture() -> None:
    """A normalisation inside of the network neither absorbs relevance nor hides the bounds of the pixels from z^B."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(500, 3))

    class Inside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body

        def forward(self, x: Tensor) -> Tensor:
            return self.body((x - 0.4) / 0.2)

    x = torch.rand(3, 12, 12)
    inside = nbviz.Network(Inside(), input_size=12, device="cpu")
    normalised = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.4] * 3, [0.2] * 3)])
    outside = nbviz.Network(body, transform=lambda p: normalised(p.resize((12, 12))), device="cpu")
    for rules in ("composite", "epsilon", "zplus"):
        a = nbviz.lrp(inside, x, 0, rules=rules).values
        b = nbviz.lrp(outside, outside.normalise(x[None]), 0, rules=rules).values
        assert torch.allclose(a, b, atol=1e-5 * float(b.abs().max()))


# -- asking ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> nbviz.Network:
    return nbviz.Network.demo()


def scene() -> Any:
    return nbviz.demo.scenes(1, seed=4).pictures[0]


def test_the_model_the_recording_and_the_grad_mode_make_no_difference(demo: nbviz.Network) -> None:
    model = nbviz.demo.model().train()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    net = nbviz.Network(model, transform=nbviz.demo.transform, device="cpu")
    one = nbviz.lrp(net, scene(), 0)
    with torch.no_grad():
        two = nbviz.lrp(net, scene(), 0)
    with torch.inference_mode():
        three = nbviz.lrp(net, scene(), 0)
    from nbviz.methods import record

    four = nbviz.lrp(net, record(net, scene()), 0)
    assert all(torch.equal(one.values, other.values) for other in (two, three, four))
    assert model.training
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_weights_that_change_change_the_relevance() -> None:
    model = nbviz.demo.model()
    net = nbviz.Network(model, transform=nbviz.demo.transform, device="cpu")
    before = nbviz.lrp(net, scene(), 0)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(1.1)
    assert not torch.equal(nbviz.lrp(net, scene(), 0).values, before.values)


def test_several_pictures_and_the_predicted_class(demo: nbviz.Network) -> None:
    found = nbviz.lrp(demo, [scene(), scene()])
    best = demo.predict(scene(), 1)[0]
    assert [str(a.target) for a in found] == [f"logit {best.label}"] * 2
    assert found[0].score == pytest.approx(best.logit, rel=1e-4)
    assert found[0].values.shape == demo.input_size
    assert "ΣR" in found[0].caption
    assert "absorbed by biases" in found[0].caption
    assert found[0]._repr_png_()


@pytest.mark.parametrize("rules", PRESETS)
def test_every_preset_is_finite_and_says_what_to_keep_in_mind(rules: str, demo: nbviz.Network) -> None:
    found = nbviz.lrp(demo, scene(), rules=rules)
    assert torch.isfinite(found.values).all()
    assert ("for comparison" in found.note or "class to class" in found.note) == (rules in ("flat", "wsquare", "zplus"))


def test_a_picture_of_little_says_how_little(demo: nbviz.Network) -> None:
    model = Net(lambda x: x).eval()
    model.fc = nn.Linear(4, 2)
    nn.init.constant_(model.fc.bias, 100.0)
    net = nbviz.Network(model, input_size=12, device="cpu")
    assert "of the value reached the pixels" in nbviz.lrp(net, torch.rand(1, 3, 12, 12), 0, rules="lrp0").note


@pytest.mark.parametrize(
    ("rules", "error", "sentence"),
    [
        ("epsilonn", BadRequest, "Did you mean 'epsilon'"),
        ([("cnov1", "gamma")], UnknownName, "No layer matches 'cnov1'"),
        ([("*", "gama")], BadRequest, "Did you mean 'gamma'"),
        ([("*", 3)], BadRequest, "3 is no rule"),
        (["gamma"], BadRequest, "list of \\(where, rule\\)"),
        ([("top", "gamma")], BadRequest, "end the list with"),
        ([("*", "zbox")], NotDefined, "rule for pixels"),
        (7, BadRequest, "rules is one of"),
    ],
)
def test_rules_that_fit_nothing(rules: Any, error: type[Exception], sentence: str, demo: nbviz.Network) -> None:
    with pytest.raises(error, match=sentence):
        nbviz.lrp(demo, scene(), 0, rules=rules)


def test_parameters_of_rules_are_checked() -> None:
    with pytest.raises(BadRequest, match="α − β = 1"):
        AlphaBeta(2, 0)
    with pytest.raises(BadRequest, match="ε is a number from 0"):
        Epsilon(-1)
    with pytest.raises(BadRequest, match="γ is a number from 0"):
        Gamma(float("nan"))


def test_a_probability_is_no_sum(demo: nbviz.Network) -> None:
    with pytest.raises(NotDefined, match="ask for the logit"):
        nbviz.lrp(demo, scene(), demo.probability(0))


# -- real weights ------------------------------------------------------------------------------------------------


def real(name: str, data: Path) -> nbviz.Network:
    model = models.get_model(name, weights=None)
    model.load_state_dict(load_file(data / f"{name}_imagenet.safetensors"))
    normalised = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    steps = [transforms.Resize((224, 224)), transforms.ToTensor(), normalised]
    return nbviz.Network(model, transform=transforms.Compose(steps), device="cpu")


def boxes(data: Path, file: str, index: int) -> tuple[Image.Image, Tensor]:
    """A photograph, and where on the input the boxes of a class lie, bool (224, 224)."""
    picture = Image.open(data / "photos" / file).convert("RGB")
    inside = np.zeros((picture.height, picture.width), np.uint8)
    with (data / "photos" / "boxes.csv").open() as rows:
        for row in csv.DictReader(rows):
            if row["file"] == file and int(row["class_index"]) == index:
                x0, y0, x1, y1 = (int(row[key]) for key in ("x0", "y0", "x1", "y1"))
                inside[y0:y1, x0:x1] = 255
    resized = np.asarray(Image.fromarray(inside).resize((224, 224), Image.Resampling.NEAREST))
    return picture, torch.from_numpy(resized > 0)


def share(values: Tensor, inside: Tensor) -> float:
    positive = values.clamp_min(0)
    return float(positive[inside].sum() / positive.sum())


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2"])
def test_relevance_of_a_class_lies_on_its_object_of_two(name: str, shared_data: Path) -> None:
    """Each class's positive relevance is denser in its own box than in the other's, and by far than anywhere."""
    net, gains = real(name, shared_data), []
    for file, pair in (("two_dog_over_cat_montage.jpg", (160, 282)), ("two_zebra_beside_car_montage.jpg", (340, 511))):
        for index in pair:
            picture, own = boxes(shared_data, file, index)
            _, other = boxes(shared_data, file, sum(pair) - index)
            values = nbviz.lrp(net, picture, index).values
            area = float(own.float().mean()), float(other.float().mean())
            assert share(values, own) > 1.5 * area[0]
            assert share(values, own) / area[0] > share(values, other) / area[1]
            gains.append(share(values, own) / area[0])
    assert float(np.median(gains)) > 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2"])
def test_relevance_of_the_predicted_class_lies_on_the_object(name: str, shared_data: Path) -> None:
    net = real(name, shared_data)
    gains = []
    with (shared_data / "photos" / "boxes.csv").open() as rows:
        known = sorted({(row["file"], int(row["class_index"])) for row in csv.DictReader(rows)})
    for file, index in known:
        picture, inside = boxes(shared_data, file, index)
        area = float(inside.float().mean())
        if area < 0.6 and net.predict(picture, 1)[0].index == index:
            gains.append(share(nbviz.lrp(net, picture).values, inside) / area)
    assert len(gains) >= 5
    assert float(np.median(gains)) > 1.4
