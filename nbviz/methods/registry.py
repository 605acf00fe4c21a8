"""The table of methods: what each asks for and shows. A method registers itself; menus and docs read the table."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from ..errors import BadRequest, close_matches
from .parameters import Choice, Flag, Parameter, Range, checked, parameters_of

__all__ = ["METHODS", "Choice", "Flag", "Method", "Parameter", "Range", "defined_anywhere", "method"]

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Method:
    """A row of the menu.

    `asks` is what a person points at ("unit", "class", "layer", "network"); `signed` whether zero lies in the middle
    of the scale; `colour` whether the result is a picture in the input's channels rather than a map;
    `rectifiers` whether the method is defined through rectifiers only; `note` what to keep in mind when reading it;
    `cheap` whether it goes back to a layer only, so that several classes may be asked for at once;
    `anywhere` whether it is defined for every network that has classes and positions.
    `parameters` are those a person can turn; `accepts` holds the names of all arguments, such as "layer" or "on_step".
    """

    name: str
    label: str
    asks: str
    signed: bool
    colour: bool
    rectifiers: bool
    note: str
    function: Callable[..., Any]
    cheap: bool = False
    anywhere: bool = True
    parameters: tuple[Parameter, ...] = ()
    accepts: frozenset[str] = frozenset()

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters that came from outside, checked by name and value; `BadRequest` in one sentence."""
        known = [p.name for p in self.parameters]
        for name in given:
            if name not in known:
                hint = f" It has {', '.join(known)}." if known else " It has none."
                raise BadRequest(f"{self.label} has no parameter {name!r}.{close_matches(name, known) or hint}")
        return checked(self.parameters, given)


METHODS: dict[str, Method] = {}


def method(
    label: str,
    asks: str,
    signed: bool = False,
    colour: bool = False,
    rectifiers: bool = False,
    note: str = "",
    cheap: bool = False,
    anywhere: bool = True,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function `(net, image, …)` under its own name, check its parameters, let it take a list of images."""

    def register(function: Callable[P, R]) -> Callable[P, R]:
        parameters, signature = parameters_of(function), inspect.signature(function)

        @functools.wraps(function)
        def one_or_many(*args: Any, **kwargs: Any) -> Any:
            call = signature.bind(*args, **kwargs)
            call.arguments.update(checked(parameters, call.arguments))
            net, image, *rest = call.args
            if isinstance(image, (list, tuple)):
                return [function(net, one, *rest, **call.kwargs) for one in image]
            return function(*call.args, **call.kwargs)

        row = Method(
            function.__name__, label, asks, signed, colour, rectifiers, note, one_or_many,
            cheap, anywhere and not rectifiers, parameters, frozenset(signature.parameters),
        )  # fmt: skip
        METHODS[row.name] = row
        return one_or_many

    return register


def defined_anywhere() -> str:
    """The methods that every network has, for the error of one that it has not."""
    return ", ".join(m.name for m in METHODS.values() if m.anywhere)
