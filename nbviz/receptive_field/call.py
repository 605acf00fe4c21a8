"""One call of a torch function as the rules see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from .reach import Reach
from .spans import Shape

Rule = Callable[["Call"], "Reach | list[Reach] | None"]
"""From a call to the reach of its outputs: one for all, one each, or None where they do not show the picture."""


@dataclass(frozen=True)
class Call:
    """One call of a torch function, after it has run."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[torch.Tensor]
    reach_of: Callable[[object], Reach | None]

    @property
    def shape(self) -> Shape:
        """Of the first output."""
        return tuple(self.outputs[0].shape)

    @property
    def reach(self) -> Reach:
        """Of the first argument, the one that most rules are about."""
        return self.need(self.argument(0, "input"))

    def need(self, tensor: object) -> Reach:
        """The reach of a tensor that must depend on the picture; otherwise the rule does not apply."""
        reach = self.reach_of(tensor)
        if reach is None:
            raise LookupError(f"{self.name} of a tensor that does not come from the picture")
        return reach

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[position] if position < len(self.args) else default

    def operands(self) -> list[tuple[torch.Tensor, Reach]]:
        """All tensors among the arguments that depend on the picture, in order."""
        found = [(t, self.reach_of(t)) for t in tensors([*self.args, *self.kwargs.values()])]
        return [(t, reach) for t, reach in found if reach is not None]


def tensors(value: object) -> list[torch.Tensor]:
    """The tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [t for part in value for t in tensors(part)] if isinstance(value, (tuple, list)) else []


def many(value: Any, n: int) -> tuple[int, ...]:
    return tuple(int(v) for v in value) if isinstance(value, (tuple, list)) and len(value) == n else (one(value),) * n


def one(value: Any) -> int:
    return int(value[0] if isinstance(value, (tuple, list)) else value)


def negative(dims: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the end; None means all."""
    if dims is None or dims == () or dims == []:
        return tuple(range(-ndim, 0))
    return tuple(int(d) - ndim if d >= 0 else int(d) for d in (dims if isinstance(dims, (tuple, list)) else (dims,)))
