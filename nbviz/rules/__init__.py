"""Backward rules as data, applied at the level of function calls."""

from .audit import first_unruled, remembers_picture
from .intercept import Dial, Rectifiers, clipped, passing
from .rectifiers import Bounds
from .signals import Signal, deconvnet, gradient, guided

__all__ = [
    "Bounds",
    "Dial",
    "Rectifiers",
    "Signal",
    "clipped",
    "deconvnet",
    "first_unruled",
    "gradient",
    "guided",
    "passing",
    "remembers_picture",
]
