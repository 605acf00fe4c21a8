"""Pictures made by the network itself: what excites a unit or a class in general."""

from .aims import Guided
from .dream import Dream, bounded, deep_dream, resized
from .goals import Caricature, Direction, Diverse, Goal, Inside, Whole, diversity, interpolate
from .invert import Inversion, invert, remembering
from .optimise import Step, to_bytes
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
    "Guided",
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
    "bounded",
    "deep_dream",
    "diversity",
    "interpolate",
    "invert",
    "remembering",
    "resized",
    "standard",
    "statistics",
    "to_bytes",
    "visualize",
]
