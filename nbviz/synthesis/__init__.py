"""Pictures made by the network itself: what excites a unit or a class in general."""

from .dream import Dream, deep_dream
from .invert import Inversion, invert
from .optimise import Step
from .parametrisations import PARAMETRISATIONS, Fourier, Parametrisation, Pixel
from .result import Synthesis
from .transforms import Jitter, Rotate, Scale, Transform, standard
from .visualize import visualize

__all__ = [
    "PARAMETRISATIONS",
    "Dream",
    "Fourier",
    "Inversion",
    "Jitter",
    "Parametrisation",
    "Pixel",
    "Rotate",
    "Scale",
    "Step",
    "Synthesis",
    "Transform",
    "deep_dream",
    "invert",
    "standard",
    "visualize",
]
