"""Pictures made by the network itself: what excites a unit or a class in general."""

from .dream import Dream, deep_dream
from .goals import Caricature, Direction, Diverse, Goal, Inside, Whole, diversity, interpolate
from .invert import Inversion, invert
from .optimise import Step
from .parametrisations import PARAMETRISATIONS, Fourier, Maco, Parametrisation, Pixel
from .result import Synthesis
from .statistics import Statistics, statistics
from .transforms import Jitter, Rotate, Scale, Transform, standard
from .visualize import visualize

__all__ = [
    "PARAMETRISATIONS",
    "Caricature",
    "Direction",
    "Diverse",
    "Dream",
    "Fourier",
    "Goal",
    "Inside",
    "Inversion",
    "Jitter",
    "Maco",
    "Parametrisation",
    "Pixel",
    "Rotate",
    "Scale",
    "Statistics",
    "Step",
    "Synthesis",
    "Transform",
    "Whole",
    "deep_dream",
    "diversity",
    "interpolate",
    "invert",
    "standard",
    "statistics",
    "visualize",
]
