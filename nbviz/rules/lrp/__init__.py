"""Layer-wise relevance propagation: rules as data, composites, the tape of a forward pass and the way back along it."""

from .composites import PRESETS, Rows, composite
from .rules import AlphaBeta, Epsilon, Flat, Gamma, Rule, WSquare, ZBox
from .tape import NoRule, Tape, Value
from .walk import Walk

__all__ = [
    "PRESETS",
    "AlphaBeta",
    "Epsilon",
    "Flat",
    "Gamma",
    "NoRule",
    "Rows",
    "Rule",
    "Tape",
    "Value",
    "WSquare",
    "Walk",
    "ZBox",
    "composite",
]
