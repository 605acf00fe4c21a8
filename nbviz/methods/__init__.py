"""Methods: one file each, registered in the table that makes the widgets' menus."""

from .activations import activations
from .attribution import Attribution
from .deconvnet import deconvnet
from .filters import filters
from .grad_cam import grad_cam
from .guided_backprop import guided_backprop
from .neuron_gradient import neuron_gradient
from .recording import Recording, record
from .registry import METHODS, Method
from .saliency import saliency

__all__ = [
    "METHODS",
    "Attribution",
    "Method",
    "Recording",
    "activations",
    "deconvnet",
    "filters",
    "grad_cam",
    "guided_backprop",
    "neuron_gradient",
    "record",
    "saliency",
]
