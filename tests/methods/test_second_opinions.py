"""zennit's relevance and torch-cam's maps, on networks where those are right."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

import nbviz

torchcam = pytest.importorskip("torchcam.methods")
zennit_rules = pytest.importorskip("zennit.rules")
zennit_types = pytest.importorskip("zennit.types")
zennit_core = pytest.importorskip("zennit.composites")

pytestmark = pytest.mark.filterwarnings("ignore")  # both set hooks, and say so

X = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    torch.manual_seed(0)
    model = models.resnet18(weights=None, num_classes=10).eval()
    # Statistics of real inputs: with those of the start, random networks hardly differ from place to place.
    model.train()
    with torch.no_grad():
        for _ in range(20):
            model(torch.rand(8, 3, 64, 64))
    return model.eval()


@pytest.fixture(scope="module")
def vgg() -> nn.Module:
    torch.manual_seed(0)
    model = models.vgg11(weights=None, num_classes=10).eval()
    return nn.Sequential(model.features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)).eval()


def same(a: Tensor, b: Tensor, within: float) -> bool:
    """Whether they differ by no more than a share of the largest value."""
    return float((a - b).abs().max()) <= within * float(b.abs().max())


@pytest.mark.parametrize(("preset", "rule"), [("epsilon", "Epsilon"), ("zplus", "ZPlus")])
def test_relevance_agrees_with_zennit_on_a_plain_chain(vgg: nn.Module, preset: str, rule: str) -> None:
    """Both stabilise small denominators, each in its own way: hence the width of the bound."""
    made = getattr(zennit_rules, rule)
    composite = zennit_core.LayerMapComposite(
        [
            (zennit_types.Activation, zennit_rules.Pass()),
            (zennit_types.AvgPool, zennit_rules.Norm()),
            (zennit_types.Linear, made()),
        ]
    )
    x = X.clone().requires_grad_()
    with composite.context(vgg) as modified:
        value = modified(x)
        (theirs,) = torch.autograd.grad(value, x, torch.nn.functional.one_hot(torch.tensor([4]), 10) * value.detach())
    net = nbviz.Network(vgg, input_size=64, device="cpu")
    ours = nbviz.lrp(net, X, 4, rules=preset).values
    assert same(ours, theirs.detach()[0].sum(0), 1e-2)
    assert torch.corrcoef(torch.stack([ours.flatten(), theirs.detach()[0].sum(0).flatten()]))[0, 1] > 0.9999


@pytest.mark.parametrize(("ours", "theirs"), [("grad_cam", "GradCAM"), ("layer_cam", "LayerCAM"), ("cam", "CAM")])
def test_class_activation_agrees_with_torch_cam(resnet: nn.Module, ours: str, theirs: str) -> None:
    x = torch.rand(1, 3, 192, 192, generator=torch.Generator().manual_seed(4))
    found = getattr(nbviz, ours)(nbviz.Network(resnet, input_size=192, device="cpu"), x, 4).values
    arguments = {"fc_layer": "fc"} if theirs == "CAM" else {}
    with getattr(torchcam, theirs)(resnet, target_layer="layer4", **arguments) as extractor:
        got = extractor(4, resnet(x.clone().requires_grad_()))[0][0]
    # It shifts and scales every map to 0 … 1, which a correlation does not see.
    assert got.shape == found.shape == (6, 6)
    assert torch.corrcoef(torch.stack([got.flatten(), found.flatten()]))[0, 1] > 0.99999
