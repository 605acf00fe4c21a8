"""Is a rectifier rule defined on the whole way from a target to the input? Read off the recorded autograd graph.

Deconvnet and guided backprop are defined at rectifiers. Another activation on the way, or a custom function whose
inside nobody sees, would make them the plain gradient under another name, so the way is checked node by node.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .intercept import Rectify

# Autograd nodes of activations that are not rectifiers, and of rectifiers that slipped past the interception.
ACTIVATIONS = {
    "SiluBackward0": "SiLU",
    "GeluBackward0": "GELU",
    "HardswishBackward0": "Hardswish",
    "MishBackward0": "Mish",
    "EluBackward0": "ELU",
    "CeluBackward0": "CELU",
    "LeakyReluBackward0": "LeakyReLU",
    "LeakyReluBackward1": "LeakyReLU",
    "RreluWithNoiseBackward0": "RReLU",
    "PreluKernelBackward0": "PReLU",
    "SoftplusBackward0": "Softplus",
    "LogSigmoidBackward0": "LogSigmoid",
    "TanhBackward0": "Tanh",
    "HardtanhBackward0": "Hardtanh",
    "HardshrinkBackward0": "Hardshrink",
    "SoftshrinkBackward0": "Softshrink",
    "GluBackward0": "GLU",
    "ThresholdBackward0": "Threshold",
    "ClampBackward1": "a clamp between other bounds than 0 and a maximum",
    "ReluBackward0": "a ReLU inside of compiled code",
}

# Functions of one number each, by the beginning of their nodes' names: what a gate f(x) in x·f(x) is made of.
_CURVED = ("Sigmoid", "Hardsigmoid", "Tanh", "Erf", "Softplus", "Exp", "Abs", "Clamp", "Rectify")
_ELEMENTWISE = (*_CURVED, "Add", "Sub", "Mul", "Div", "Neg", "Log", "Clone", "Alias", "Reciprocal")

# Nodes that hand numbers on as they are.
_PASSING = ("View", "Reshape", "UnsafeView", "Select", "Slice", "Squeeze", "Unsqueeze", "Expand", "Permute", "Clone")


_SWITCHES = ("MaxPool", "AdaptiveMaxPool", "FractionalMaxPool", "Max", "Amax")


def first_unruled(target: Tensor) -> tuple[str, str] | None:
    """(layer, activation) nearest to `target` where rectifier rules are undefined; None where all is well.

    The layer is the one whose output lies at or after the activation, "" where the target itself is inside of it.
    """
    seen: set[Any] = set()
    level: list[tuple[Any, str, str]] = [(target.grad_fn, "", "")]
    while level:
        deeper: list[tuple[Any, str, str]] = []
        for node, layer, user in level:
            if node is None or node in seen:
                continue
            seen.add(node)
            layer = node.metadata.get("layer", layer)
            activation = _unruled(node, user)
            if activation:
                return layer, activation
            user = user if node.name().startswith(_PASSING) else node.name()
            deeper += [(parent, layer, user) for parent, _ in node.next_functions]
        level = deeper
    return None


def remembers_picture(target: Tensor) -> bool:
    """Whether a deconvnet projection of `target` depends on the picture beyond its start: by switches or gates.

    Without max-pools the backward pass is the same for every picture; strided convolutions keep no switches.
    """
    seen: set[Any] = set()
    waiting = [target.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        parents = [parent for parent, _ in node.next_functions if parent is not None]
        if node.name().startswith(_SWITCHES) or (node.name().startswith("Mul") and len(parents) > 1):
            return True
        waiting += parents
    return False


def _unruled(node: Any, user: str) -> str | None:
    """The activation a node stands for, if rectifier rules are undefined there; `user` is what takes its result."""
    name: str = node.name()
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    if name.startswith(("Sigmoid", "Hardsigmoid")):
        # As a gate it only scales, and at the very end only the one number that is started from.
        return None if user == "" or user.startswith("Mul") else name.partition("Backward")[0]
    if name == "ClampMinBackward0":
        return "a clamp at another bound than 0" if node._saved_min <= 0 else None  # above 0: a guarded division
    if name.startswith(("Mul", "Div", "Maximum", "Minimum", "Where")):
        return _hand_written(node)
    custom = getattr(node, "_forward_cls", None)
    return None if custom in (None, Rectify) else f"the custom function {custom.__name__}"


def _hand_written(node: Any) -> str | None:
    """An activation put together from arithmetic: x·f(x), x/f(x), the larger of x and f(x) or a constant, a choice."""
    operands = [operand for operand in node.next_functions if operand[0] is not None]
    kind = node.name().partition("Backward")[0]
    product = kind in ("Mul", "Div")
    if len(operands) == 1 and not product:
        return f"a choice between values and constants ({kind.lower()})"
    if len(operands) != 2:
        return None
    a, b = (_chain(operand) for operand in operands)
    if not a & b:
        return None
    passed = {function.name().partition("Backward")[0] for function, _ in a ^ b}
    curved = {name for name in passed if name.startswith(_CURVED)}
    if not product:
        return f"a choice between values and functions of themselves ({kind.lower()})"
    if not curved:
        return None
    return "SiLU (x·sigmoid(x))" if curved == {"Sigmoid"} and kind == "Mul" else "an activation of the form x·f(x)"


def _chain(operand: tuple[Any, int]) -> set[tuple[Any, int]]:
    """An operand and what it is an elementwise function of, up to the first node that is none."""
    found = {operand}
    while operand[0].name().startswith(_ELEMENTWISE):
        sources = [source for source in operand[0].next_functions if source[0] is not None]
        if len(sources) != 1:
            break
        operand = sources[0]
        found.add(operand)
    return found
