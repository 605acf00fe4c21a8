"""One member of every classification family of torchvision, small, with random weights that behave like trained ones.

What is said of each family here was read off torchvision's code, not off nbviz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models

CLASSES = 10


@dataclass(frozen=True)
class Family:
    """A member and what its code says.

    Attributes:
        make: builds the network. size: of the square input.
        last: the last layer whose maps have several positions, all of which reach the logits.
        convolution: a late layer (C, H, W) to take a unit from.
        layout: how `last` lays out its output: "NCHW", or "tokens" (batch, class token and places, channels).
        pooled: the layer whose maps are averaged for the logits, if there is a linear layer and nothing else behind
            that average; "" where there is not. rectified: whether a ReLU without a module lies between.
        curved: the topmost activation that is no rectifier, by its class's name. attention: whether there is any.
    """

    make: Callable[[], nn.Module]
    size: int
    last: str
    convolution: str
    layout: str = "NCHW"
    pooled: str = ""
    head: str = ""
    curved: str = ""
    attention: bool = False
    rectified: bool = field(default=False)


def _named(name: str, **options: Any) -> Callable[[], nn.Module]:
    return partial(models.get_model, name, num_classes=CLASSES, **options)


def _vit() -> nn.Module:
    vit: nn.Module = models.VisionTransformer(48, 16, 3, 4, 64, 128, num_classes=CLASSES)
    return vit


def _maxvit() -> nn.Module:
    """maxvit_t with fewer blocks, and windows that fit a small picture."""
    maxvit: nn.Module = models.MaxVit((64, 64), 32, 2, [32, 64], [1, 1], 16, 0.0, num_classes=CLASSES)
    return maxvit


FAMILIES: dict[str, Family] = {
    "alexnet": Family(_named("alexnet"), 80, "avgpool", "features.10"),
    "convnext_tiny": Family(_named("convnext_tiny"), 96, "features.7", "features.7.2.block.0", curved="GELU"),
    "densenet121": Family(
        _named("densenet121"),
        96,
        "features",
        "features.denseblock4.denselayer16.conv2",
        pooled="features",
        head="classifier",
        rectified=True,
    ),
    "efficientnet_b0": Family(
        _named("efficientnet_b0"), 96, "features", "features.8.0", pooled="features", head="classifier.1", curved="SiLU"
    ),
    "efficientnet_v2_s": Family(
        _named("efficientnet_v2_s"),
        96,
        "features",
        "features.7.0",
        pooled="features",
        head="classifier.1",
        curved="SiLU",
    ),
    "googlenet": Family(
        _named("googlenet", init_weights=False),
        96,
        "inception5b",
        "inception5b.branch4.1.conv",
        pooled="inception5b",
        head="fc",
    ),
    "inception_v3": Family(
        _named("inception_v3", init_weights=False),
        128,
        "Mixed_7c",
        "Mixed_7c.branch_pool.conv",
        pooled="Mixed_7c",
        head="fc",
    ),
    "maxvit": Family(
        _maxvit, 64, "blocks.1", "blocks.1.layers.0.layers.MBconv.layers.conv_c", curved="Tanh", attention=True
    ),
    "mnasnet0_5": Family(_named("mnasnet0_5"), 96, "layers", "layers.14", pooled="layers", head="classifier.1"),
    "mobilenet_v2": Family(
        _named("mobilenet_v2"), 96, "features", "features.18.0", pooled="features", head="classifier.1"
    ),
    "mobilenet_v3_small": Family(_named("mobilenet_v3_small"), 96, "features", "features.12.0", curved="Hardswish"),
    "regnet_x_400mf": Family(
        _named("regnet_x_400mf"),
        96,
        "trunk_output",
        "trunk_output.block4.block4-11.f.c.0",
        pooled="trunk_output",
        head="fc",
    ),
    "regnet_y_400mf": Family(
        _named("regnet_y_400mf"),
        96,
        "trunk_output",
        "trunk_output.block4.block4-5.f.c.0",
        pooled="trunk_output",
        head="fc",
    ),
    "resnet18": Family(_named("resnet18"), 96, "layer4", "layer4.1.conv2", pooled="layer4", head="fc"),
    "resnext50_32x4d": Family(_named("resnext50_32x4d"), 96, "layer4", "layer4.2.conv3", pooled="layer4", head="fc"),
    "wide_resnet50_2": Family(_named("wide_resnet50_2"), 96, "layer4", "layer4.2.conv3", pooled="layer4", head="fc"),
    "shufflenet_v2_x0_5": Family(_named("shufflenet_v2_x0_5"), 96, "conv5", "conv5.0", pooled="conv5", head="fc"),
    "squeezenet1_1": Family(_named("squeezenet1_1"), 96, "classifier.2", "classifier.1", pooled="classifier.2"),
    "swin_t": Family(
        _named("swin_t"), 96, "permute", "permute", pooled="permute", head="head", curved="GELU", attention=True
    ),
    "swin_v2_t": Family(
        _named("swin_v2_t"), 96, "permute", "permute", pooled="permute", head="head", curved="GELU", attention=True
    ),
    "vgg11": Family(_named("vgg11"), 96, "avgpool", "features.18"),
    "vgg11_bn": Family(_named("vgg11_bn"), 96, "avgpool", "features.25"),
    "vit": Family(
        _vit,
        48,
        "encoder.layers.encoder_layer_2.ln_1",
        "conv_proj",
        "tokens",
        curved="GELU",
        attention=True,
    ),
}


def built(family: Family, seed: int = 0) -> tuple[nn.Module, Tensor]:
    """(network in float64 and eval mode, picture (1, 3, H, W)): repeatable, the process's random state untouched."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        model = family.make().double()
        crowd = F.interpolate(torch.randn(16, 3, 9, 9).double(), (family.size, family.size), mode="bicubic")
        _fill(model)
        _settle(model, crowd)
    return model.eval(), crowd[:1].clone()


@torch.no_grad()
def _fill(model: nn.Module) -> None:
    """Heads that are left at zero have no gradients; biases and norms at their defaults would hide mistakes."""
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1 and not parameter.any():
            parameter.normal_(0, 0.02)
        elif parameter.dim() == 1 and name.endswith("bias"):
            parameter.normal_(0, 0.1)
        elif name.endswith("layer_scale"):
            parameter.fill_(0.3)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
            module.weight.uniform_(0.5, 1.5)


@torch.no_grad()
def _settle(model: nn.Module, crowd: Tensor) -> None:
    """Running statistics as they are on pictures of this kind, so that signals neither die nor explode."""
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    if not norms:
        return
    model.eval()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
        norm.momentum = None
        norm.reset_running_stats()
    model(crowd)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
