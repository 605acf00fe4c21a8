"""nbviz: look inside PyTorch vision networks without leaving the notebook cell.

Importing nbviz is light: torch comes in with the first name that needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .errors import NbvizError

if TYPE_CHECKING:
    from . import demo
    from .address import Unit
    from .atlas.atlas import Atlas
    from .atlas.patch import Patch
    from .atlas.scan import scan
    from .evaluation.evaluate import evaluate
    from .evaluation.result import Evaluation
    from .methods.activations import activations
    from .methods.attribution import Attribution
    from .methods.cam import cam
    from .methods.deconvnet import deconvnet
    from .methods.filters import filters
    from .methods.grad_cam import grad_cam, grad_cams
    from .methods.grad_cam_pp import grad_cam_pp
    from .methods.guided_backprop import guided_backprop
    from .methods.guided_grad_cam import guided_grad_cam
    from .methods.integrated_gradients import integrated_gradients
    from .methods.layer_cam import layer_cam
    from .methods.lrp import lrp
    from .methods.neighbours import Neighbours, neighbours
    from .methods.neuron_gradient import neuron_gradient
    from .methods.occlusion import occlusion
    from .methods.saliency import saliency
    from .methods.smooth_grad import smooth_grad
    from .network import Layer, Network, Prediction
    from .synthesis.dream import Dream, deep_dream
    from .synthesis.goals import diversity, interpolate
    from .synthesis.invert import Inversion, invert
    from .synthesis.result import Synthesis
    from .synthesis.visualize import visualize
    from .widgets import (
        Dreamer,
        Explorer,
        FilterGrid,
        HeatmapOverlay,
        LayerGrid,
        Pin,
        UnitInspector,
        View,
        compare,
        explore,
    )

_HOMES = {
    "address": ["Unit"],
    "atlas": ["Atlas", "Patch", "scan"],
    "evaluation": ["Evaluation", "evaluate"],
    "methods": [
        "Attribution",
        "Neighbours",
        "activations",
        "cam",
        "deconvnet",
        "filters",
        "grad_cam",
        "grad_cam_pp",
        "grad_cams",
        "guided_backprop",
        "guided_grad_cam",
        "integrated_gradients",
        "layer_cam",
        "lrp",
        "neighbours",
        "neuron_gradient",
        "occlusion",
        "saliency",
        "smooth_grad",
    ],
    "network": ["Layer", "Network", "Prediction"],
    "synthesis": [
        "Dream",
        "Inversion",
        "Synthesis",
        "deep_dream",
        "diversity",
        "interpolate",
        "invert",
        "visualize",
    ],
    "widgets": [
        "Dreamer",
        "Explorer",
        "FilterGrid",
        "HeatmapOverlay",
        "LayerGrid",
        "Pin",
        "UnitInspector",
        "View",
        "compare",
        "explore",
    ],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Atlas",
    "Attribution",
    "Dream",
    "Dreamer",
    "Evaluation",
    "Explorer",
    "FilterGrid",
    "HeatmapOverlay",
    "Inversion",
    "Layer",
    "LayerGrid",
    "NbvizError",
    "Neighbours",
    "Network",
    "Patch",
    "Pin",
    "Prediction",
    "Synthesis",
    "Unit",
    "UnitInspector",
    "View",
    "__version__",
    "activations",
    "cam",
    "compare",
    "deconvnet",
    "deep_dream",
    "demo",
    "diversity",
    "evaluate",
    "explore",
    "filters",
    "grad_cam",
    "grad_cam_pp",
    "grad_cams",
    "guided_backprop",
    "guided_grad_cam",
    "integrated_gradients",
    "interpolate",
    "invert",
    "layer_cam",
    "lrp",
    "neighbours",
    "neuron_gradient",
    "occlusion",
    "saliency",
    "scan",
    "smooth_grad",
    "visualize",
]


def __getattr__(name: str) -> Any:
    if name == "demo":
        return importlib.import_module(".demo", __name__)
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._torch import require_torch

    require_torch()
    value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
