"""Networks of tokens: the grid is found by itself, and every method without rectifier rules points into the picture."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

import nbviz
from nbviz.errors import NotDefined


def vit() -> nn.Module:
    return models.VisionTransformer(32, 8, 3, 2, 16, 32, num_classes=5)


def swin() -> nn.Module:
    return models.SwinTransformer([4, 4], 12, [2, 2], [2, 2], [2, 2], num_classes=5)


def swin_v2() -> nn.Module:
    from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformerBlockV2

    return models.SwinTransformer(
        [4, 4], 12, [2, 2], [2, 2], [2, 2], num_classes=5, block=SwinTransformerBlockV2,
        downsample_layer=PatchMergingV2,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[vit, swin, swin_v2], ids=lambda make: make.__name__)
def net(request: pytest.FixtureRequest) -> nbviz.Network:
    torch.manual_seed(0)
    model = request.param()
    for module in model.modules():  # torchvision starts heads at zero, so that nothing would depend on the picture
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.3)
    return nbviz.Network(model, input_size=32, device="cpu")


X = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(1))

# What may be smaller than it is by default, so that the tests are quick.
FEW: dict[str, dict[str, Any]] = {
    "saliency": {},
    "smooth_grad": {"samples": 4},
    "integrated_gradients": {"steps": 64},
    "occlusion": {"window": 8},
    "grad_cam": {"signed": True},
    "grad_cams": {},
    "layer_cam": {},
}


@pytest.mark.parametrize("name", FEW)
def test_methods_without_rectifier_rules_are_defined(name: str, net: nbviz.Network) -> None:
    found = getattr(nbviz, name)(net, X, 2, **FEW[name])
    for one in found.values() if isinstance(found, dict) else [found]:
        assert torch.isfinite(one.values).all()
    if not isinstance(found, dict):
        assert found.values.any()
        assert found.values.shape[-2:] == ((32, 32) if found.space == "input" else net.layers[found.layer].spatial)


def test_integrated_gradients_add_up(net: nbviz.Network) -> None:
    assert nbviz.integrated_gradients(net, X, 2).numbers["completeness"] == pytest.approx(1, abs=0.01)


def test_grad_cam_is_the_formula_on_the_grid_of_tokens(net: nbviz.Network) -> None:
    """Written out for the raw tokens: slopes by autograd on a plain hook, averaged over the tokens of the grid."""
    layer = net.layers["encoder.layers.encoder_layer_1" if "Vision" in net.name else "norm"]
    found = nbviz.grad_cam(net, X, 2, layer.name, signed=True)
    kept: list[torch.Tensor] = []
    module = net.model.eval().get_submodule(layer.name)
    handle = module.register_forward_hook(lambda _m, _a, out: kept.append(out))
    logits = net.model(net.preprocess(X))
    handle.remove()
    (slope,) = torch.autograd.grad(logits[0, 2], kept[0])
    tokens, slopes = (t[0].detach().reshape(-1, layer.channels) for t in (kept[0], slope))
    prefix = len(tokens) - layer.spatial[0] * layer.spatial[1]
    expected = (tokens[prefix:] * slopes[prefix:].mean(0)).sum(1).reshape(layer.spatial)
    assert prefix == (1 if "Vision" in net.name else 0)
    assert torch.allclose(found.values, expected, atol=1e-5 * float(expected.abs().max()))


def test_the_grid_lies_the_way_the_picture_does(net: nbviz.Network) -> None:
    """A patch changed in the upper right changes the upper right of the first maps, and nothing in the lower left."""
    layer = next(layer for layer in net.layers.values() if layer.spatial and max(layer.spatial) > 1)
    changed = X.clone()
    changed[:, :8, 24:] = 1 - changed[:, :8, 24:]
    before, after = (nbviz.activations(net, picture, layer.name).values for picture in (X, changed))
    off = (after - before).abs().sum(0)
    h, w = off.shape
    assert off[: h // 4, 3 * w // 4 :].min() > 0
    assert off[h // 2 :, : w // 2].max() == 0


def test_cam_needs_an_average_of_tokens_that_goes_straight_to_the_classes(net: nbviz.Network) -> None:
    if "Vision" in net.name:
        with pytest.raises(NotDefined, match="grad_cam is defined here"):
            nbviz.cam(net, X, 2)
        return
    found = nbviz.cam(net, X, 2)
    assert found.values.mean().item() + found.numbers["bias"] == pytest.approx(found.score, abs=1e-4)


def test_where_a_class_token_is_read_the_default_is_the_last_layer_whose_other_tokens_matter(
    net: nbviz.Network,
) -> None:
    expected = "encoder.layers.encoder_layer_2.ln_1" if "Vision" in net.name else "permute"
    assert nbviz.grad_cam(net, X, 2).layer == expected


@pytest.mark.parametrize("name", ["guided_grad_cam", "guided_backprop"])
def test_rectifier_rules_are_refused_with_the_methods_that_are_defined(name: str, net: nbviz.Network) -> None:
    with pytest.raises(NotDefined, match=r"GELU.*integrated_gradients.*occlusion"):
        getattr(nbviz, name)(net, X, 2)
