"""Is a rectifier rule defined on the whole way from a target to the input? Read off the recorded autograd graph.

Deconvnet and guided backprop are defined at rectifiers. Another activation on the way, or a custom function whose
inside nobody sees, would make them the plain gradient under another name, so the way is checked node by node.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

# Autograd nodes of activations that are not rectifiers, and of rectifiers that slipped past the interception.
ACTIVATIONS = {
    "SiluBackward0": "SiLU",
    "GeluBackward0": "GELU",
    "HardswishBackward0": "Hardswish",
    "MishBackward0": "Mish",
    "EluBackward0": "ELU",
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
    "ReluBackward0": "a ReLU inside of compiled code",
}


def first_unruled(target: Tensor) -> tuple[str, str] | None:
    """(layer, activation) nearest to `target` where rectifier rules are undefined; None where all is well.

    The layer is the one whose output lies at or after the activation, "" where the target itself is inside of it.
    """
    seen: set[Any] = set()
    level: list[tuple[Any, str]] = [(target.grad_fn, "")]
    while level:
        deeper: list[tuple[Any, str]] = []
        for node, layer in level:
            if node is None or node in seen:
                continue
            seen.add(node)
            layer = node.metadata.get("layer", layer)
            activation = _unruled(node)
            if activation:
                return layer, activation
            deeper += [(parent, layer) for parent, _ in node.next_functions]
        level = deeper
    return None


def _unruled(node: Any) -> str | None:
    name: str = node.name()
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    if name.startswith("Mul"):
        return "SiLU (x·sigmoid(x))" if _is_swish(node) else None
    # Python-defined functions are the only nodes with a `saved_tensors` of their own.
    if hasattr(node, "saved_tensors") and name != "RectifyBackward":
        return f"the custom function {name.removesuffix('Backward')}"
    return None


def _is_swish(node: Any) -> bool:
    parents = [parent for parent, _ in node.next_functions]
    return any(
        gate is not None
        and gate.name().startswith(("Sigmoid", "Hardsigmoid"))
        and any(source is not None and source == gate.next_functions[0][0] for source in parents if source != gate)
        for gate in parents
    )
