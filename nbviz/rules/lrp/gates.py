"""Products of two values: which side is the signal, and which the gate that only scales it."""

from __future__ import annotations

from .tape import Call, Value

_SQUASHING = {"sigmoid", "hardsigmoid", "softmax", "tanh"}
_ELEMENTWISE = {
    *_SQUASHING, "relu", "relu6", "clamp", "clamp_min", "hardtanh", "softplus", "erf", "exp", "abs", "neg", "add",
    "sub", "rsub", "mul", "div", "truediv", "clone", "pow", "square", "sqrt", "rsqrt", "reciprocal", "rdiv", "rtruediv",
}  # fmt: skip


def signal(call: Call) -> list[Value] | None:
    """The one value that takes the relevance of a product; None where neither side is a gate.

    A constant scales, and so does a denominator. Of two values the gate is, in this order: the function of the other
    (as in x·sigmoid(x)), what came out of a squashing function, what is one number for many places.
    """
    first, second = call.argument(0, "input"), call.argument(1, "other")
    if not isinstance(second, Value):
        return [first] if isinstance(first, Value) else None
    if not isinstance(first, Value):
        return [second] if call.name in ("mul", "multiply") else None
    if call.name not in ("mul", "multiply") or first is second:
        return [first]
    return _of_two(first, second)


def _of_two(first: Value, second: Value) -> list[Value] | None:
    sides = {first: _chain(first), second: _chain(second)}
    common = [v for v in sides[first] if v in sides[second]]
    if common:
        # Both are functions of one value; the relevance reaches it by the plainer side.
        return [min(sides, key=lambda side: sides[side].index(common[0]))]
    squashed = [_squashed(chain) for chain in sides.values()]
    if squashed[0] != squashed[1]:
        return [second if squashed[0] else first]
    if first.tensor.numel() != second.tensor.numel():
        return [max(sides, key=lambda side: side.tensor.numel())]
    return None


def _chain(value: Value) -> list[Value]:
    """A value and what it is an elementwise function of, nearest first."""
    chain = [value]
    while (call := chain[-1].call) is not None and call.name in _ELEMENTWISE and len(call.inputs) == 1:
        chain.append(call.inputs[0])
    return chain


def _squashed(chain: list[Value]) -> bool:
    return any(value.call is not None and value.call.name in _SQUASHING for value in chain)
