"""From the answers to tables: what both parties reached, how soon, and how natural it looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from PIL import Image

from .questions import DEPTHS, NETWORKS, Subject
from .spectrum import Range

Row = dict[str, Any]


@dataclass
class Answers:
    """What one party answered, by question."""

    folder: Path
    name: str

    @cached_property
    def rows(self) -> dict[str, Row]:
        log = self.folder / f"{self.name}.jsonl"
        lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
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

    def picture(self, key: str, step: int) -> torch.Tensor:
        """The picture kept after so many steps, (3, H, W) in [0, 1]."""
        name = f"{key.replace('/', '_')}_{step}.png"
        pixels = np.asarray(Image.open(self.folder / self.name / name).convert("RGB"))
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 255


@dataclass
class Comparison:
    """Both parties on the questions that both have answered."""

    own: Answers
    lucent: Answers
    natural: dict[str, Range]

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
        """How soon both come beyond nature."""
        lines = ["| | median steps to nature, nbviz | lucent | never there, nbviz | lucent |", "|---" * 5 + "|"]
        for network in NETWORKS:
            keys = self.keys(network)
            if not keys:
                continue
            arrivals = [[party.arrival(key) for key in keys] for party in (self.own, self.lucent)]
            steps = [f"{median(step for step in some if step):.0f}" for some in arrivals]
            never = [str(some.count(None)) for some in arrivals]
            lines.append(f"| {network} | {' | '.join((*steps, *never))} |")
        return "\n".join(lines)

    def spectra(self) -> str:
        """How natural the pictures' spectra are."""
        lines = ["| octaves of amplitude | nbviz, 128 | lucent, 128 | lucent, 512 |", "|---|---|---|---|"]
        for network in NETWORKS:
            keys = self.keys(network)
            if not keys:
                continue
            nature = self.natural[network]
            sets = [
                [self.own.picture(k, 128) for k in keys],
                *([self.lucent.picture(k, s) for k in keys] for s in (128, 512)),
            ]
            for title, measure in (
                ("outside of the natural range", nature.outside),
                ("from nature's mean", nature.distance),
            ):
                cells = " | ".join(f"{median(measure(picture) for picture in some):.2f}" for some in sets)
                lines.append(f"| {network}: {title} | {cells} |")
        return "\n".join(lines)


def other_parametrisation(own: Answers, other: Answers, nature: dict[str, Range]) -> str:
    """The same late channels with another parametrisation: how far, and how natural."""
    lines = ["| late channels, medians | | × natural | octaves outside | octaves from the mean |", "|---" * 5 + "|"]
    for network in NETWORKS:
        keys = [key for key, row in other.rows.items() if row["network"] == network and key in own.rows]
        for party in (own, other) if keys else ():
            pictures = [party.picture(key, 128) for key in keys]
            outside, off = (median(map(far, pictures)) for far in (nature[network].outside, nature[network].distance))
            name, reached = "fourier" if party is own else party.name, median(map(party.last, keys))
            lines.append(f"| {network}, {len(keys)} channels | {name} | {reached:.2f} | {outside:.2f} | {off:.2f} |")
    return "\n".join(lines)


def natural_range(subject: Subject) -> Range:
    """Of what counts as nature for a network."""
    net = subject.net
    return Range.of(net.denormalise(net.preprocess(picture))[0].clamp(0, 1) for picture in subject.pictures())


def transfer(judge: Subject, own: Answers, lucent: Answers) -> str:
    """How often another network takes class pictures for their class."""
    keys = [key for key, row in own.rows.items() if row["depth"] == "class" and key in lucent.rows]
    lines = [f"| {len(keys)} class pictures of mobilenet_v2, to {judge.name} | top 1 | top 5 | mean probability |"]
    lines.append("|---" * 4 + "|")
    for party, step in ((own, 128), (lucent, 128), (lucent, 512)):
        found = np.array([_judged(judge, party.picture(key, step), own.rows[key]["channel"]) for key in keys])
        first, five, probability = found.mean(0)
        lines.append(f"| {party.name}, {step} steps | {first:.0%} | {five:.0%} | {probability:.3f} |")
    return "\n".join(lines)


def _judged(judge: Subject, picture: torch.Tensor, wanted: int) -> tuple[bool, bool, float]:
    """(whether the class comes first, whether among the first five, its probability)."""
    with torch.no_grad():
        logits = judge.net.tap(judge.net.normalise(picture[None]), [], logits=True)[""][0]
    order = logits.argsort(descending=True)[:5].tolist()
    return order[0] == wanted, wanted in order, float(logits.softmax(0)[wanted])


def _share(truths: Iterable[bool]) -> float:
    return float(np.mean(list(truths)))
