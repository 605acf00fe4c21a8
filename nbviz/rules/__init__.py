"""Backward rules as data, applied at the level of function calls."""

from .audit import first_unruled, remembers_picture
from .intercept import Dial, Rectifiers
from .signals import Signal, deconvnet, gradient, guided

__all__ = ["Dial", "Rectifiers", "Signal", "deconvnet", "first_unruled", "gradient", "guided", "remembers_picture"]
