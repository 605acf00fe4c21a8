"""Methods against ground truth: do their maps point at what is known to be there, and do they depend on the weights?"""

from .evaluate import evaluate
from .result import Evaluation, Row

__all__ = ["Evaluation", "Row", "evaluate"]
