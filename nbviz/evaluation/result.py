"""The result of an evaluation: a table of values that shows itself."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import UnknownName, close_matches


@dataclass(frozen=True)
class Row:
    """What was measured of one method; means over the cases in which it is defined, all in [0, 1] but ρ in [−1, 1].

    Attributes:
        pointing, mass, rank: pointing game, relevance mass, relevance rank accuracy. More is better.
        insertion, deletion: areas under the class's probability. More, and less, is better.
        correlations: ρ with the map of the trained weights at each stage of randomisation, from the top alone to all;
            None where every map was empty.
        changes: whether the map depends on the weights, None where that was not measured.
        cases: in how many cases the method is defined. empty: in how many of them it found no evidence at all.
        seconds: for one map. reason: why it is not defined, where it is not.
    """

    name: str
    label: str
    cases: int = 0
    pointing: float | None = None
    mass: float | None = None
    rank: float | None = None
    insertion: float | None = None
    deletion: float | None = None
    correlations: tuple[float | None, ...] = ()
    changes: bool | None = None
    empty: int = 0
    seconds: float | None = None
    reason: str = ""


Cell = Callable[[Row], str]


def _score(name: str) -> Cell:
    def cell(row: Row) -> str:
        value = getattr(row, name)
        return "" if value is None else f"{value:.3f}"

    return cell


def _correlation(stage: int) -> Cell:
    def cell(row: Row) -> str:
        value = row.correlations[stage] if row.correlations else None
        return "" if value is None else f"{value:+.2f}"

    return cell


@dataclass(frozen=True)
class Evaluation:
    """A row a method, and how it was measured.

    `cases` is the number of objects asked about, `stages` the shares of layers randomised, `settings` everything that
    is needed to repeat the numbers, in words.
    """

    rows: tuple[Row, ...]
    cases: int
    stages: tuple[float, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Row:
        """The row of a method; `UnknownName` with close matches."""
        by_name = {row.name: row for row in self.rows}
        if name not in by_name:
            raise UnknownName(f"No method {name!r} was evaluated.{close_matches(name, by_name)}")
        return by_name[name]

    @property
    def columns(self) -> dict[str, Cell]:
        """Headings, each with what it shows of a row."""
        randomised = {f"ρ {_stage(share)}": _correlation(i) for i, share in enumerate(self.stages)}
        return {
            "method": lambda row: row.label,
            "pointing ↑": _score("pointing"),
            "mass ↑": _score("mass"),
            "rank ↑": _score("rank"),
            "insertion ↑": _score("insertion"),
            "deletion ↓": _score("deletion"),
            **randomised,
            **({"changes": _changes} if randomised else {}),
            "ms": lambda row: "" if row.seconds is None else f"{1000 * row.seconds:.0f}",
            "": self._remark,
        }

    def to_markdown(self) -> str:
        """The table and its settings in Markdown."""
        heads, *body = self._table()
        lines = [heads, ["---"] + ["---:"] * (len(heads) - 2) + ["---"], *body]
        table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
        return f"{table}\n\n{self._legend}\n"

    def _repr_html_(self) -> str:
        heads, *body = self._table()
        rows = [_line("th", heads), *(_line("td", line) for line in body)]
        return f"<table>{''.join(rows)}</table><p>{html.escape(self._legend)}</p>"

    def __repr__(self) -> str:
        lines = list(self._table())
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([*(line.rstrip() for line in text), self._legend])

    def _table(self) -> Iterator[list[str]]:
        yield list(self.columns)
        for row in self.rows:
            yield [cell(row) for cell in self.columns.values()]

    def _remark(self, row: Row) -> str:
        parts = [f"no evidence in {row.empty} of {row.cases}"] if row.empty else []
        if row.reason:
            where = f" in {self.cases - row.cases} of {self.cases}" if row.cases else ""
            parts.append(f"not defined{where}: {row.reason}")
        return "; ".join(parts)

    @property
    def _legend(self) -> str:
        return " · ".join([f"{self.cases} cases", *(f"{name}: {value}" for name, value in self.settings.items())])


def _stage(share: float) -> str:
    return f"{share:.0%}" if share else "top"


def _changes(row: Row) -> str:
    return "" if row.changes is None else "yes" if row.changes else "**no**"


def _line(tag: str, cells: list[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell.strip('*'))}</{tag}>" for cell in cells) + "</tr>"
