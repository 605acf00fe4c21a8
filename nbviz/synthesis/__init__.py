"""Pictures made by the network itself: what excites a unit or a class in general."""

from .optimise import Step
from .parametrisations import PARAMETRISATIONS, Fourier, Parametrisation, Pixel
from .result import Synthesis
from .transforms import Jitter, Rotate, Scale, Transform, standard
from .visualize import visualize

__all__ = [
    "PARAMETRISATIONS",
    "Fourier",
    "Jitter",
    "Parametrisation",
    "Pixel",
    "Rotate",
    "Scale",
    "Step",
    "Synthesis",
    "Transform",
    "standard",
    "visualize",
]
