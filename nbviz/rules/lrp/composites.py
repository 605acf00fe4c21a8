"""Which rule holds where: a composite is a list of rows (where, rule), and the first row that fits counts.

`where` is a pattern over layer names such as "layer1*", or one of the words

    pixels   layers with weights that see the picture itself
    top      those without positions, as at the end of a network, and the last one
    lower    the first half of all, in the order they are computed
    *        everything
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ...errors import BadRequest, UnknownName, close_matches
from .rules import AlphaBeta, Epsilon, Flat, Gamma, Rule, WSquare, ZBox

Rows = tuple[tuple[str, Rule], ...]

WORDS = ("pixels", "top", "lower", "*")

RULES: dict[str, Rule] = {
    "lrp0": Epsilon(0),
    "epsilon": Epsilon(),
    "gamma": Gamma(),
    "alphabeta": AlphaBeta(2, 1),
    "zplus": AlphaBeta(1, 0),
    "wsquare": WSquare(),
    "flat": Flat(),
    "zbox": ZBox(),
}

PRESETS: dict[str, Rows] = {
    # Montavon et al., 2019, section 10.3: one rule for what a network does at each height.
    "composite": (("pixels", ZBox()), ("top", Epsilon(0)), ("lower", Gamma(0.25)), ("*", Epsilon(0.25))),
    **{name: (("*", rule),) for name, rule in RULES.items() if name != "zbox"},
}


@dataclass(frozen=True)
class Height:
    """Where a call with weights stands in the network."""

    layer: str
    pixels: bool
    top: bool
    lower: bool

    def fits(self, where: str) -> bool:
        """Whether a row's `where` means this place."""
        return getattr(self, where) if where in WORDS[:-1] else fnmatchcase(self.layer, where)


def composite(given: str | Sequence[Any], layers: Collection[str]) -> Rows:
    """The rows of a preset's name or of a list of (where, rule or its name), checked against the network's layers."""
    if isinstance(given, str):
        if given not in PRESETS:
            raise BadRequest(
                f"rules is one of {', '.join(map(repr, PRESETS))}, or a list of (where, rule); "
                f"not {given!r}.{close_matches(given, PRESETS)}"
            )
        return PRESETS[given]
    return tuple(_row(row, layers) for row in given)


def _row(row: Any, layers: Collection[str]) -> tuple[str, Rule]:
    if not isinstance(row, (tuple, list)) or len(row) != 2 or not isinstance(row[0], str):
        raise BadRequest(f"A composite is a list of (where, rule), such as ('layer1*', 'gamma'); not {row!r}.")
    where, rule = row
    if where not in WORDS and not any(fnmatchcase(name, where) for name in layers):
        raise UnknownName(f"No layer matches {where!r}; nor is it one of {WORDS}.{close_matches(where, layers)}")
    if isinstance(rule, str) and rule in RULES:
        return where, RULES[rule]
    if isinstance(rule, Rule):
        return where, rule
    hint = close_matches(rule, RULES) if isinstance(rule, str) else ""
    raise BadRequest(f"{rule!r} is no rule; there are {', '.join(map(repr, RULES))} and nbviz.rules.lrp.Rule.{hint}")


def rule_at(rows: Rows, height: Height) -> Rule:
    """The rule of the first row that fits; `BadRequest` where none does."""
    for where, rule in rows:
        if height.fits(where):
            return rule
    raise BadRequest(f"No row of the composite fits layer {height.layer!r}; end the list with ('*', rule).")
