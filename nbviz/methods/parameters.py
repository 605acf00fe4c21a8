"""Parameters declared once, in a method's signature: they check what is given and make the page's menu.

    def smooth_grad(net, image, target=None, *, samples: Annotated[int, Range(1, 1000, label="samples")] = 50, …)

`Annotated[int, Range(…)]` is a whole number, `Annotated[float, Range(…)]` a number, `Annotated[str, Choice(…)]` one of
several words, `Annotated[bool, Flag(…)]` yes or no. With `| None` and the default None, None means 'chosen for you';
other types joined by `|` (a tensor, a composite) are taken as they are, from Python only.
"""

from __future__ import annotations

import inspect
import math
import numbers
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadRequest, close_matches


@dataclass(frozen=True)
class Range:
    """Bounds, both allowed, of a number."""

    lower: float
    upper: float
    label: str = ""


class Choice:
    """One of several words."""

    def __init__(self, *options: str, label: str = "") -> None:
        self.options, self.label = options, label


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    label: str = ""


@dataclass(frozen=True)
class Parameter:
    """One declared parameter; `facts` is what the page's menu needs.

    `kind` is "integer", "number", "choice" or "flag"; `lower` and `upper` are None where there are no bounds;
    `others` are the Python types that are taken unseen.
    """

    name: str
    label: str
    kind: str
    default: Any
    lower: float | None = None
    upper: float | None = None
    choices: tuple[str, ...] = ()
    others: tuple[type, ...] = field(default=(), repr=False)

    @property
    def facts(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "default": self.default,
            "lower": self.lower,
            "upper": self.upper,
            "choices": list(self.choices),
        }

    def check(self, value: Any) -> Any:
        """`value` as a plain Python value of this kind; `BadRequest` says in a sentence what would fit."""
        if isinstance(value, self.others) or (value is None and self.default is None):
            return value
        if self.kind == "choice":
            return self._word(value)
        if self.kind == "flag":
            return self._yes_or_no(value)
        return self._number(value)

    def _word(self, value: Any) -> str:
        if isinstance(value, str) and value in self.choices:
            return value
        hint = close_matches(value, self.choices) if isinstance(value, str) else ""
        raise BadRequest(f"{self.name} is one of {', '.join(map(repr, self.choices))}, not {value!r}.{hint}")

    def _yes_or_no(self, value: Any) -> bool:
        if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
            return bool(value)
        raise BadRequest(f"{self.name} is True or False, not {value!r}.")

    def _number(self, value: Any) -> int | float:
        whole = self.kind == "integer"
        assert self.lower is not None
        assert self.upper is not None
        fits = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
        if not fits or not self.lower <= value <= self.upper or (whole and int(value) != value):
            what = "a whole number" if whole else "a number"
            raise BadRequest(f"{self.name} is {what} from {self.lower:g} to {self.upper:g}, not {value!r}.")
        return int(value) if whole else float(value)


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The annotated parameters of a signature, in its order."""
    hints = typing.get_type_hints(function, include_extras=True)
    return tuple(
        _parameter(name, hints[name], default)
        for name, default in ((p.name, p.default) for p in inspect.signature(function).parameters.values())
        if any(isinstance(mark, (Range, Choice, Flag)) for mark in getattr(hints.get(name), "__metadata__", ()))
    )


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    mark = next(mark for mark in hint.__metadata__ if isinstance(mark, (Range, Choice, Flag)))
    types = [t for t in typing.get_args(hint.__origin__) or (hint.__origin__,) if t is not type(None)]
    label = mark.label or name.replace("_", " ")
    if isinstance(mark, Choice):
        others = tuple(typing.get_origin(t) or t for t in types if t is not str)
        return Parameter(name, label, "choice", default, choices=mark.options, others=others)
    if isinstance(mark, Flag):
        return Parameter(name, label, "flag", default)
    return Parameter(name, label, "integer" if types == [int] else "number", default, mark.lower, mark.upper)


def checked(parameters: tuple[Parameter, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, each value under a declared name checked; other arguments pass as they are."""
    by_name = {p.name: p for p in parameters}
    return {name: by_name[name].check(value) if name in by_name else value for name, value in given.items()}
