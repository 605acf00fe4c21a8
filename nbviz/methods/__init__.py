"""Methods: one file each, registered in the table that makes the widgets' menus."""

from .activations import activations
from .attribution import Attribution
from .cam import cam
from .contributions import contributions
from .deconvnet import deconvnet
from .extremes import Extremes, extremes
from .filters import filters
from .grad_cam import grad_cam, grad_cams
from .grad_cam_pp import grad_cam_pp
from .groups import Groups, groups
from .guided_backprop import guided_backprop
from .guided_grad_cam import guided_grad_cam
from .integrated_gradients import integrated_gradients
from .layer_cam import layer_cam
from .lrp import lrp
from .neighbours import Neighbour, Neighbours, Side, neighbours
from .neuron_gradient import neuron_gradient
from .occlusion import occlusion
from .recording import Recording, record
from .registry import METHODS, Method
from .saliency import saliency
from .smooth_grad import smooth_grad

__all__ = [
    "METHODS",
    "Attribution",
    "Extremes",
    "Groups",
    "Method",
    "Neighbour",
    "Neighbours",
    "Recording",
    "Side",
    "activations",
    "cam",
    "contributions",
    "deconvnet",
    "extremes",
    "filters",
    "grad_cam",
    "grad_cam_pp",
    "grad_cams",
    "groups",
    "guided_backprop",
    "guided_grad_cam",
    "integrated_gradients",
    "layer_cam",
    "lrp",
    "neighbours",
    "neuron_gradient",
    "occlusion",
    "record",
    "saliency",
    "smooth_grad",
]
