"""From the answers to tables: what both parties reached, how soon, and how natural it looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from .questions import DEPTHS, NETWORKS

Row = dict[str, Any]


@dataclass
class Answers:
    """What one party answered, by question."""

    log: Path

    @property
    def name(self) -> str:
        return self.log.stem

    @cached_property
    def rows(self) -> dict[str, Row]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return {row["key"]: row for row in lines}

    def ratio(self, key: str, step: int) -> float:
        """Activation ÷ natural maximum after so many steps."""
        row = self.rows[key]
        return float(row["curve"][str(step)] / row["natural"])

    def last(self, key: str) -> float:
        """The same at the end of the run, which may have come early."""
        curve = self.rows[key]["curve"]
        return float(curve[max(curve, key=int)] / self.rows[key]["natural"])

    def arrival(self, key: str) -> int | None:
        """The first checkpoint beyond nature."""
        row = self.rows[key]
        return next((int(s) for s in sorted(row["curve"], key=int) if row["curve"][s] > row["natural"]), None)

    def seconds(self, key: str) -> float | None:
        """Seconds of the processor until then."""
        steps = self.arrival(key)
        return steps and steps * float(self.rows[key]["seconds_per_step"])

    def look(self, figure: str, key: str, step: int) -> float:
        """A figure of the picture kept after so many steps, or, where the run came to its end before, of the last."""
        kept = self.rows[key]["looks"]
        return float(kept[str(step) if str(step) in kept else max(kept, key=int)][figure])


@dataclass
class Comparison:
    """Both parties on the questions that both have answered."""

    own: Answers
    lucent: Answers

    def keys(self, network: str, depth: str | None = None) -> list[str]:
        """Channels of a network that both have answered, by depth if given."""
        rows = [row for key, row in self.own.rows.items() if key in self.lucent.rows]
        return [r["key"] for r in rows if r["network"] == network and r["depth"] in ([depth] if depth else DEPTHS)]

    def reached(self) -> str:
        """How far both come."""
        lines = [
            "| | channels | beyond nature within 64 steps | nbviz, 64 of 128 | **nbviz, 128** | lucent, 128 | "
            "lucent, 512 | nbviz at 128 ahead of lucent at 512 |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for network in NETWORKS:
            for depth in (*DEPTHS, None):
                keys = self.keys(network, depth)
                if keys:
                    lines.append(self._reached(f"**{network}**" if depth is None else f"{network}, {depth}", keys))
        return "\n".join(lines)

    def _reached(self, title: str, keys: list[str]) -> str:
        beyond = _share((self.own.arrival(key) or 1000) <= 64 for key in keys)
        ahead = _share(self.own.last(key) > self.lucent.ratio(key, 512) for key in keys)
        medians = [
            median(self.own.ratio(key, 64) for key in keys),
            median(self.own.last(key) for key in keys),
            median(self.lucent.ratio(key, 128) for key in keys),
            median(self.lucent.ratio(key, 512) for key in keys),
        ]
        return f"| {title} | {len(keys)} | {beyond:.0%} | {' | '.join(f'{m:.2f}' for m in medians)} | {ahead:.0%} |"

    def distribution(self) -> str:
        """Quantiles of activation ÷ natural maximum."""
        shares = (0.05, 0.25, 0.5, 0.75, 0.95)
        lines = ["| activation ÷ natural maximum | " + " | ".join(f"{s:.0%}" for s in shares) + " |"]
        lines.append("|---" * (len(shares) + 1) + "|")
        parties: dict[str, Callable[[str], float]] = {
            "nbviz, 128 steps": self.own.last,
            "lucent, 128 steps": lambda key: self.lucent.ratio(key, 128),
            "lucent, 512 steps": lambda key: self.lucent.ratio(key, 512),
        }
        for network in NETWORKS:
            keys = self.keys(network)
            for party, of in parties.items():
                if keys:
                    found = np.quantile([of(key) for key in keys], shares)
                    lines.append(f"| {network}: {party} | " + " | ".join(f"{q:.2f}" for q in found) + " |")
        return "\n".join(lines)

    def arrivals(self) -> str:
        """How soon both come beyond nature, in steps and in seconds of one thread."""
        lines = [
            "| median way to nature | steps, nbviz | lucent | seconds, nbviz | lucent | never there, nbviz | lucent |"
        ]
        lines.append("|---" * 7 + "|")
        for network in NETWORKS:
            keys = self.keys(network)
            if not keys:
                continue
            parties = (self.own, self.lucent)
            steps = [f"{median(filter(None, map(party.arrival, keys))):.0f}" for party in parties]
            seconds = [f"{median(filter(None, map(party.seconds, keys))):.2f}" for party in parties]
            never = [str(sum(party.arrival(key) is None for key in keys)) for party in parties]
            lines.append(f"| {network} | {' | '.join((*steps, *seconds, *never))} |")
        return "\n".join(lines)

    def spectra(self) -> str:
        """How natural the pictures' spectra are."""
        lines = ["| octaves of amplitude | nbviz, 128 | lucent, 128 | lucent, 512 |", "|---|---|---|---|"]
        for network in NETWORKS:
            keys = self.keys(network)
            if not keys:
                continue
            for title, figure in (("outside of the natural range", "outside"), ("from nature's mean", "distance")):
                sets = ((self.own, 128), (self.lucent, 128), (self.lucent, 512))
                cells = " | ".join(f"{_median_look(party, figure, keys, step):.2f}" for party, step in sets)
                lines.append(f"| {network}: {title} | {cells} |")
        return "\n".join(lines)


def other_parametrisation(own: Answers, other: Answers) -> str:
    """The same late channels with another parametrisation: how far, and how natural."""
    lines = ["| late channels, medians | | × natural | octaves outside | octaves from the mean |", "|---" * 5 + "|"]
    for network in NETWORKS:
        keys = [key for key, row in other.rows.items() if row["network"] == network and key in own.rows]
        for party in (own, other) if keys else ():
            outside, off = (_median_look(party, figure, keys, 128) for figure in ("outside", "distance"))
            name, reached = "fourier" if party is own else party.name, median(map(party.last, keys))
            lines.append(f"| {network}, {len(keys)} channels | {name} | {reached:.2f} | {outside:.2f} | {off:.2f} |")
    return "\n".join(lines)


def transfer(own: Answers, lucent: Answers, network: str, judge: str) -> str:
    """How often another network takes class pictures for their class."""
    asked = [key for key, row in own.rows.items() if row["depth"] == "class" and row["network"] == network]
    keys = [key for key in asked if key in lucent.rows]
    lines = [f"| {len(keys)} class pictures of {network}, to {judge} | top 1 | top 5 | mean probability |"]
    lines.append("|---" * 4 + "|")
    for party, step in ((own, 128), (lucent, 128), (lucent, 512)):
        ranks = [party.look("rank", key, step) for key in keys]
        first, five = _share(rank == 0 for rank in ranks), _share(rank < 5 for rank in ranks)
        probability = np.mean([party.look("probability", key, step) for key in keys])
        lines.append(f"| {party.name}, {step} steps | {first:.0%} | {five:.0%} | {probability:.3f} |")
    return "\n".join(lines)


def _median_look(party: Answers, figure: str, keys: Sequence[str], step: int) -> float:
    return median(party.look(figure, key, step) for key in keys)


def _share(truths: Iterable[bool]) -> float:
    return float(np.mean(list(truths)))
