"""Every family of torchvision's classification networks: each method works, or says why it is not defined."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import nbviz
from nbviz.errors import NotDefined

# family: (options, input size, the activation that stops rectifier rules or None)
FAMILIES: dict[str, tuple[dict[str, Any], int, str | None]] = {
    "alexnet": ({}, 80, None),
    "convnext_tiny": ({}, 64, "GELU"),
    "densenet121": ({}, 64, None),
    "efficientnet_b0": ({}, 64, "SiLU"),
    "efficientnet_v2_s": ({}, 64, "SiLU"),
    "googlenet": ({"init_weights": False}, 64, None),
    "inception_v3": ({"init_weights": False}, 96, None),
    "maxvit_t": ({}, 224, "GELU"),
    "mnasnet0_5": ({}, 64, None),
    "mobilenet_v2": ({}, 64, None),
    "mobilenet_v3_small": ({}, 64, "Hardswish"),
    "regnet_x_400mf": ({}, 64, None),
    "regnet_y_400mf": ({}, 64, None),
    "resnet18": ({}, 64, None),
    "resnext50_32x4d": ({}, 64, None),
    "shufflenet_v2_x0_5": ({}, 64, None),
    "squeezenet1_1": ({}, 64, None),
    "swin_t": ({}, 64, "GELU"),
    "swin_v2_t": ({}, 64, "GELU"),
    "vgg11_bn": ({}, 64, None),
    "vit_b_16": ({"image_size": 64, "num_classes": 10}, 64, "GELU"),
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> tuple[nbviz.Network, Tensor, str | None]:
    from torchvision import models

    options, size, activation = FAMILIES[request.param]
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        model = models.get_model(request.param, **options)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1 and not parameter.any():  # a head that is left at zero has no gradients
                parameter.normal_(0, 0.02, generator=torch.Generator().manual_seed(0))
    net = nbviz.Network(model, input_size=size, device="cpu")
    return net, torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(1)), activation


def positive_unit(net: nbviz.Network, x: Tensor) -> nbviz.Unit:
    maps = nbviz.activations(net, x, net.late_convolution).values
    return net.unit(net.late_convolution, int(maps.flatten(1).amax(1).argmax()))


def test_it_predicts_what_the_model_computes(family: tuple[nbviz.Network, Tensor, str | None]) -> None:
    net, x, _ = family
    with torch.no_grad():
        expected = net.model.eval()(x)[0]
    found = net.predict(x, k=net.classes)
    assert torch.allclose(torch.tensor([p.logit for p in found]), expected[[p.index for p in found]], atol=1e-4)


def test_every_layer_has_finite_maps(family: tuple[nbviz.Network, Tensor, str | None]) -> None:
    net, x, _ = family
    with torch.no_grad():
        taps = net.tap(x, net.layers)
    for name, layer in net.layers.items():
        assert taps[name].shape == (1, layer.channels, *(layer.spatial or (1, 1))), name
        assert torch.isfinite(taps[name]).all(), name


def test_gradients_agree_with_autograd(family: tuple[nbviz.Network, Tensor, str | None]) -> None:
    net, x, _ = family
    inputs = x.clone().requires_grad_()
    logit = net.model.eval()(inputs)[0, 3]
    expected = torch.autograd.grad(logit, inputs)[0][0]
    tolerance = 1e-4 * float(expected.abs().max())
    assert torch.allclose(nbviz.neuron_gradient(net, x, net.logit(3)).values, expected, atol=tolerance)
    assert torch.allclose(nbviz.saliency(net, x, 3).values, expected.abs().amax(0), atol=tolerance)
    assert all(p.grad is None for p in net.model.parameters())


def test_rectifier_rules_are_defined_exactly_where_all_activations_are_rectifiers(
    family: tuple[nbviz.Network, Tensor, str | None],
) -> None:
    net, x, activation = family
    unit = positive_unit(net, x)
    for method in (nbviz.guided_backprop, nbviz.deconvnet):
        if activation is None:
            values = method(net, x, unit).values
            assert torch.isfinite(values).all()
            assert values.any()
        else:
            with pytest.raises(NotDefined, match=activation) as told:
                method(net, x, unit)
            assert any(f"layer {name!r}" in str(told.value) for name in net.layers)


def test_class_maps_lie_on_the_last_layer_that_has_places(family: tuple[nbviz.Network, Tensor, str | None]) -> None:
    net, x, _ = family
    found = nbviz.grad_cam(net, x, 3, signed=True)
    assert found.values.shape == net.layers[found.layer].spatial
    assert torch.isfinite(found.values).all()
    assert found.values.any()


def test_first_filters_and_a_step_of_synthesis(family: tuple[nbviz.Network, Tensor, str | None]) -> None:
    net, x, _ = family
    assert nbviz.filters(net).values.shape[1] == 3
    made = nbviz.visualize(net, positive_unit(net, x), steps=1)
    assert made.image.size == net.input_size
