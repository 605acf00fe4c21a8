"""torchvision's classification networks: weights, labels and preprocessing from the weights' own meta data."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..errors import Offline, UnknownName, close_matches


def torchvision_parts(name: str, weights: str | None) -> tuple[nn.Module, Any, list[str] | None]:
    """Model, transform and labels of `torchvision.models.<name>`; `weights` None keeps random weights."""
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise UnknownName(f"torchvision has no classification network {name!r}.{close_matches(name, known)}")
    available = models.get_model_weights(name)
    if weights is None:
        meta = available.DEFAULT
        return models.get_model(name, weights=None), meta.transforms(), list(meta.meta["categories"])
    if weights not in ("DEFAULT", *available.__members__):
        raise UnknownName(
            f"{name} has no weights {weights!r}; there are {', '.join(w.name for w in available)} and DEFAULT."
        )
    chosen = available[weights] if weights in available.__members__ else available.DEFAULT
    try:
        model = models.get_model(name, weights=chosen)
    except OSError as error:  # urllib's errors derive from it
        raise Offline(
            f"The weights of {name} ({chosen}) are not on this machine and could not be downloaded ({error}); "
            "nbviz.Network.demo() needs no download, and a model with your own weights is given as Network(model)."
        ) from error
    return model, chosen.transforms(), list(chosen.meta["categories"])


def is_torchvision(model: nn.Module) -> bool:
    """Whether the model's class is one of torchvision's, trained by convention on ImageNet-normalised input."""
    return type(model).__module__.startswith("torchvision.models.")


def imagenet_labels() -> list[str]:
    """The 1,000 class names in torchvision's order."""
    from torchvision.models import ResNet18_Weights

    return list(ResNet18_Weights.DEFAULT.meta["categories"])


def imagenet_transform(size: tuple[int, int]) -> Any:
    """torchvision's evaluation preprocessing: short side to 8/7 of the input, centre crop, ImageNet mean and std."""
    from torchvision import transforms

    return transforms.Compose(
        [
            transforms.Resize(round(min(size) * 256 / 224)),
            transforms.CenterCrop(size),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
