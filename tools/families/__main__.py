"""`python -m tools.families [FAMILY …] [--methods NAME …] [--write]`: every method on every family.

`--write` writes docs/families.md. Ends with 1 where a cell is wrong or unchecked.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

import torch
import torchvision

from .checks import CHECKS, TOLERANCE, Cell, Subject, checked, methods
from .zoo import FAMILIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "families.md"

INTRODUCTION = """# Every method on every family

Written by `python -m tools.families --write`; nothing here is typed in by hand. One member of every classification
family of torchvision, in float64, with random weights, biases and batch-norm statistics measured on random pictures.

✓ with a number: the method agrees with a reference that shares no code with it, to this share of the reference's
largest value; {tolerance:g} is allowed. A number in the list below: it is not defined there, which was checked, too:
the layer that is named, or the block around it, does hold what is named. Nothing else can stand in this table: a method
that deviates, or has no reference, makes the command fail.

Σ is what integrated gradients of the default 128 steps, from grey, add up to as a share of the change that they
explain. Some networks with random weights are too rough on the way for this many steps; where a sum misses by more than
1 %, the result says so itself, which is what was checked.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.families", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"of {', '.join(FAMILIES)}; by default all")
    parser.add_argument("--methods", nargs="+", default=methods(), metavar="NAME", help="by default all")
    parser.add_argument("--write", action="store_true", help="write docs/families.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    began = time.perf_counter()
    table: dict[str, dict[str, Cell]] = {}
    for name in options.families or FAMILIES:
        subject, at = Subject(FAMILIES[name]), time.perf_counter()
        table[name] = {method: checked(subject, method) for method in options.methods}
        print(f"{name} ({time.perf_counter() - at:.0f} s)", flush=True)
        for method, cell in table[name].items():
            print(f"  {method:<22}{cell.kind:<13}{cell.error:<9.1e}{cell.text}", flush=True)
    bad = [cell for row in table.values() for cell in row.values() if cell.kind in ("wrong", "unchecked")]
    if options.write and not bad:
        PAGE.write_text(page(table, time.perf_counter() - began), encoding="utf-8")
    print(f"{len(bad)} cells wrong or unchecked" if bad else "all cells right, or not defined with a reason")
    return 1 if bad else 0


def page(table: dict[str, dict[str, Cell]], seconds: float) -> str:
    """The table in Markdown, the reasons below, and what each method was compared with."""
    names = list(next(iter(table.values())))
    lines = [["family", *names], ["---"] * (len(names) + 1)]
    reasons: dict[str, int] = {}
    for family, row in table.items():
        lines.append([family, *(_shown(cell, reasons) for cell in row.values())])
    return "\n".join([
        INTRODUCTION.format(tolerance=TOLERANCE),
        *("| " + " | ".join(line) + " |" for line in lines),
        "\nNot defined, because of\n",
        *(f"{number}. {reason}" for reason, number in reasons.items()),
        "\n## What each is compared with\n",
        *(f"* **{name}** – {(CHECKS[name].__doc__ or '').strip()}" for name in names),
        f"\ntorch {torch.__version__}, torchvision {torchvision.__version__}; made in {seconds / 60:.0f} minutes.\n",
    ])  # fmt: skip


def _shown(cell: Cell, reasons: dict[str, int]) -> str:
    if cell.kind == "right":
        exponent = f"{cell.error:.0e}".replace("e-0", "e-")
        return f"✓ {exponent}" + (f", {cell.text}" if cell.text else "")
    return f"– {reasons.setdefault(cell.text, len(reasons) + 1)}"


if __name__ == "__main__":
    sys.exit(main())
