"""One forward pass written down call by call, so that relevance can be carried back along it.

Autograd would carry gradients; relevance needs at each call the values that went in and came out, and must never pass a
call whose rule nobody wrote. So every call of a torch function on a value that comes from the picture is noted with its
values, wherever it was made: modules, `F`, tensor methods, operators, in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ...errors import NotDefined
from ...receptive_field.call import tensors
from ...receptive_field.rules import plain_name

# Spelled like calls that write into their argument, but do not change its numbers.
_NOT_WRITING = {"requires_grad_", "retain_grad", "share_memory_", "rename_"}

# What these return does not depend on the values that they are given.
_CONSTANT = {
    "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "new_zeros", "new_ones",
    "new_full", "new_empty", "new_tensor",
}  # fmt: skip

# These take only a type or a shape from the tensor that they are given second.
_BY_FIRST = {"to", "type_as", "expand_as", "view_as", "reshape_as"}

# By these, numbers leave torch; what comes back of them would look like a constant.
_LEAVING = {"numpy", "array", "dlpack"}

# Where `inplace` stands when it is given by position.
_INPLACE_AT = {
    "relu": 1, "relu6": 1, "silu": 1, "mish": 1, "hardswish": 1, "hardsigmoid": 1, "selu": 1,
    "leaky_relu": 2, "elu": 2, "celu": 2, "hardtanh": 3, "threshold": 3, "dropout": 3, "rrelu": 4,
}  # fmt: skip


class NoRule(NotDefined):
    """Something without a rule lies between target and picture; the message says what and where, as a clause."""


@dataclass(eq=False)
class Value:
    """A tensor as it was when `call` computed it (None: the picture); what the network does to it later is not seen."""

    tensor: Tensor
    call: Call | None = None


@dataclass(eq=False)
class Call:
    """One call. In `args` and `kwargs`, tensors that come from the picture are replaced by their `Value`.

    `leaves` and `graph` are an autograd graph of this call alone, from its inputs to its outputs.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    writes: bool = False
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    leaves: dict[Value, Tensor] = field(default_factory=dict)
    graph: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inputs = list(dict.fromkeys(_values([self.args, self.kwargs])))

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by position or name; tensors from the picture as `Value`."""
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[position] if position < len(self.args) else default

    def run(self, tensor_of: Callable[[Value], Tensor]) -> Any:
        """Call the function on other tensors; a call that writes into its first argument works on a copy."""
        args = _mapped(self.args, Value, tensor_of)
        if self.writes:
            args = (args[0].clone(), *args[1:])
        result = self.function(*args, **_mapped(self.kwargs, Value, tensor_of))
        return args[0] if result is None and self.writes else result

    def pulled(self, signals: list[Tensor | None], to: Value) -> Tensor | None:
        """Σ_j ∂y_j/∂x_i·signal_j for this call's outputs y and its input x = `to`; None where they do not depend."""
        pairs = [(y, s) for y, s in zip(self.graph, signals, strict=True) if s is not None and y.requires_grad]
        if not pairs:
            return None
        outputs, given = zip(*pairs, strict=True)
        found = torch.autograd.grad(outputs, self.leaves[to], given, retain_graph=True, allow_unused=True)
        return found[0]


class Tape(TorchFunctionMode):
    """While active on this thread, notes what is computed from the tensor `x`.

    Tensors given back to the network require gradients, though none are taken: what a function that is invisible here
    (compiled code, foreign extensions) makes of them then carries a graph, by which it is recognised.
    """

    def __init__(self, x: Tensor) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self._values: dict[int, Value] = {}
        self._owners: list[Tensor] = []  # keeps the ids of `_values` from being given to other tensors
        self._overwritten: dict[int, Tensor] = {}
        self.picture = self._know(x, Value(x.detach()))

    def value(self, tensor: object) -> Value | None:
        """The value that a tensor of the network holds now; None where it does not come from the picture."""
        return self._values.get(id(tensor))

    def needed(self, tensor: Tensor) -> Value:
        """`value` of a tensor that depends on the picture; `NoRule` where it was made by something invisible."""
        value = self.value(tensor)
        if value is None:
            raise _unseen(tensor)
        return value

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the call on values, note it, and hand the network tensors of its own."""
        kwargs = dict(kwargs or {})
        given = tensors([args, kwargs])
        if not any(id(t) in self._values for t in given):
            return func(*args, **kwargs)
        self._require_current(given)
        name = plain_name(func)
        if name in _CONSTANT or (name in _BY_FIRST and self.value(args[0]) is None):
            return func(*args, **kwargs)
        if name in _LEAVING:
            raise NoRule("the network leaves torch and goes on in another library, where nobody can follow")
        call = Call(name, func, self._noted(args), self._noted(kwargs), writes=_writes(func, args, kwargs))
        call.leaves = {v: v.tensor.detach().requires_grad_() for v in call.inputs}
        owner_of = {id(call.leaves[v]): t for t in given if (v := self.value(t)) is not None}
        with torch.enable_grad():
            result = call.run(call.leaves.__getitem__)
        if call.writes:
            return self._write(call, args[0], result)
        made: list[Tensor] = []

        def hand_out(y: Tensor) -> Tensor:
            if id(y) in owner_of:
                return owner_of[id(y)]  # nothing happened, as in dropout
            if not y.is_floating_point():
                return y.detach()
            made.append(y)
            return self._own(call, y)

        result = _mapped(result, Tensor, hand_out)
        if made:
            self._note(call, made)
        return result

    def _noted(self, container: Any) -> Any:
        return _mapped(container, Tensor, lambda tensor: self._values.get(id(tensor), tensor))

    def _own(self, call: Call, y: Tensor) -> Tensor:
        own = y.detach().requires_grad_()
        call.outputs.append(self._know(own, Value(y.detach(), call)))
        return own

    def _write(self, call: Call, owner: Tensor, result: Tensor) -> Any:
        """Give the tensor that was written into new numbers in new memory, so that noted values stay what they were."""
        memory = owner.untyped_storage().data_ptr()
        for other in self._owners:
            if other is not owner and other.untyped_storage().data_ptr() == memory:
                self._overwritten[id(other)] = other
        owner.data = result.detach()
        torch.autograd.graph.increment_version(owner)
        call.outputs.append(self._know(owner, Value(result.detach(), call)))
        self._note(call, [result])
        return owner

    def _note(self, call: Call, made: list[Tensor]) -> None:
        call.graph = made
        self.calls.append(call)

    def _know(self, owner: Tensor, value: Value) -> Value:
        self._values[id(owner)] = value
        self._owners.append(owner)
        self._overwritten.pop(id(owner), None)
        return value

    def _require_current(self, given: list[Tensor]) -> None:
        for tensor in given:
            if id(tensor) in self._overwritten:
                raise NoRule("the network goes on using one view of a tensor after writing into another")
            if id(tensor) not in self._values and tensor.grad_fn is not None:
                raise _unseen(tensor)


def _unseen(tensor: Tensor) -> NoRule:
    maker = "nothing" if tensor.grad_fn is None else tensor.grad_fn.name().partition("Backward")[0]
    return NoRule(f"nobody can see what {maker} does on the way, as inside of compiled or foreign code")


def _writes(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    name = getattr(func, "__name__", "")
    if name.startswith("__"):
        return name == "__setitem__" or (name.startswith("__i") and plain_name(func) == name[3:-2])
    if name.endswith("_"):
        return name not in _NOT_WRITING
    at = _INPLACE_AT.get(name, len(args))
    return bool(kwargs.get("inplace", args[at] if at < len(args) else False))


def _values(container: Any) -> Iterator[Value]:
    if isinstance(container, Value):
        yield container
    elif isinstance(container, dict):
        yield from _values(list(container.values()))
    elif isinstance(container, (tuple, list)):
        for part in container:
            yield from _values(part)


def _mapped(container: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Nested tuples, lists and dictionaries with everything of a kind replaced."""
    if isinstance(container, kind):
        return change(container)
    if isinstance(container, dict):
        return {key: _mapped(part, kind, change) for key, part in container.items()}
    if isinstance(container, (tuple, list)):
        parts = [_mapped(part, kind, change) for part in container]
        return container._make(parts) if hasattr(container, "_make") else type(container)(parts)
    return container
