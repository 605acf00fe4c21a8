"""The table of methods: what each asks for and shows. A method registers itself; menus and docs read the table."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Method:
    """A row of the menu.

    `asks` is what a person points at ("unit", "class", "layer", "network"); `signed` whether zero lies in the middle
    of the scale; `colour` whether the result is a picture in the input's channels rather than a map;
    `rectifiers` whether the method is defined through rectifiers only; `note` what to keep in mind when reading it.
    """

    name: str
    label: str
    asks: str
    signed: bool
    colour: bool
    rectifiers: bool
    note: str
    function: Callable[..., Any]


METHODS: dict[str, Method] = {}


def method(
    label: str, asks: str, signed: bool = False, colour: bool = False, rectifiers: bool = False, note: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function `(net, image, …)` under its own name, and let it take a list of images."""

    def register(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def one_or_many(*args: Any, **kwargs: Any) -> Any:
            if len(args) > 1 and isinstance(args[1], (list, tuple)):
                return [function(args[0], image, *args[2:], **kwargs) for image in args[1]]
            return function(*args, **kwargs)

        row = Method(function.__name__, label, asks, signed, colour, rectifiers, note, one_or_many)
        METHODS[row.name] = row
        return one_or_many

    return register


def without_rectifier_rules() -> str:
    """The methods that are defined through any activation, for the error of one that is not."""
    return ", ".join(m.name for m in METHODS.values() if not m.rectifiers)
