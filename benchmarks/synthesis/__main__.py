"""`python -m benchmarks.synthesis ask PARTY | report | times | sheets`: activation maximisation beside lucent.

`ask` runs one party over the questions and appends an answer a line to answers/PARTY.jsonl, beside this file; it goes
on where it was stopped, so delete the file where the party has changed. lucent's answers take hours and are kept for
whoever changes ours; the pictures are left in --folder. Networks and depths are interleaved, so a prefix of the
questions is a fair sample. `report` prints the tables of docs/synthesis.md from what `ask nbviz`, `ask nbviz --param
maco --name maco --depths late` and `ask lucent` have answered; `--write` puts them there.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

import torch

from . import sheets, steps
from .looks import looks
from .parties import PARTIES, STEPS
from .questions import DEPTHS, JUDGES, NETWORKS, Subject, in_turn
from .report import Answers, Comparison, other_parametrisation, transfer

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "synthesis.md"
ANSWERS = Path(__file__).parent / "answers"
DATA = Path(os.environ.get("NBVIZ_TEST_DATA", ROOT.parent / "shared" / "data"))


def ask(options: argparse.Namespace) -> None:
    """Run one party over the questions that it has not answered."""
    subjects = {name: Subject(name, options.data) for name in options.networks}
    length = options.steps or STEPS[options.party]
    pictures = options.folder / options.name
    pictures.mkdir(parents=True, exist_ok=True)
    ANSWERS.mkdir(exist_ok=True)
    log = ANSWERS / f"{options.name}.jsonl"
    done = Answers(log).rows
    depths = options.depths or (*DEPTHS, "class")
    questions = in_turn(subjects, lambda question: question.key not in done and question.depth in depths)
    for question in questions[: options.most]:
        extra = {"param": options.param} if options.param else {}
        answer = PARTIES[options.party](subjects[question.network], question, length, options.seed, **extra)
        for step, picture in answer.pictures.items():
            picture.save(sheets.file_of(pictures, question.key, step))
        row = {"key": question.key, **asdict(question), "seed": options.seed, "steps": length}
        row |= {"curve": answer.curve, "seconds_per_step": answer.seconds_per_step}
        row["looks"] = {n: looks(subjects[question.network], question, p) for n, p in answer.pictures.items()}
        with log.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{question.key:60s} {answer.curve[length] / question.natural:6.2f} × natural", flush=True)


def report(options: argparse.Namespace) -> None:
    """What was reached, from the answers."""
    own, lucent, maco = (Answers(ANSWERS / f"{name}.jsonl") for name in ("nbviz", "lucent", "maco"))
    found = Comparison(own, lucent)
    parts = [found.reached(), found.distribution(), found.arrivals(), found.spectra()]
    parts += [transfer(own, lucent, name, judge) for name, judge in JUDGES.items()]
    if maco.rows:
        parts.append(other_parametrisation(own, maco))
    _publish("reached", parts, options.write)


def times(options: argparse.Namespace) -> None:
    """What a step takes."""
    parts = [steps.table()]
    if options.lucent:
        parts.append(steps.beside_lucent([Subject(name, options.data) for name in NETWORKS]))
    _publish("times", parts, options.write)


def _publish(name: str, tables: list[str], write: bool) -> None:
    """Print tables, and put them into the page between the two marks of this name."""
    text = "\n\n".join(tables)
    print(text)
    if write:
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, rest = PAGE.read_text(encoding="utf-8").split(begin)
        PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}", encoding="utf-8")


def draw_sheets(options: argparse.Namespace) -> None:
    """Write docs/synthesis-*.webp from nbviz' answers."""
    for network in NETWORKS:
        path = sheets.write(Answers(ANSWERS / "nbviz.jsonl"), options.folder / "nbviz", network, PAGE.parent)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthesis", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with real weights and photographs")
    parser.add_argument("--folder", type=Path, default=ROOT / ".artifacts" / "synthesis", help="where pictures go")
    commands = parser.add_subparsers(required=True)
    asking = commands.add_parser("ask", help="run one party over the questions")
    asking.add_argument("party", choices=PARTIES)
    asking.add_argument("--name", help="of the answers, by default the party's")
    asking.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    asking.add_argument("--steps", type=int)
    asking.add_argument("--seed", type=int, default=0)
    asking.add_argument("--param", help="of nbviz, such as maco")
    asking.add_argument("--depths", nargs="+", choices=(*DEPTHS, "class"))
    asking.add_argument("--most", type=int, help="questions to answer at most")
    asking.set_defaults(run=ask)
    reporting = commands.add_parser("report", help="print the tables of what was reached")
    timing = commands.add_parser("times", help="print the tables of what a step takes")
    timing.add_argument("--lucent", action="store_true", help="beside lucent, too")
    for command, run in ((reporting, report), (timing, times)):
        command.add_argument("--write", action="store_true", help=f"put them into {PAGE.relative_to(ROOT)}")
        command.set_defaults(run=run)
    drawing = commands.add_parser("sheets", help="write the contact sheets of nbviz' answers into docs/")
    drawing.set_defaults(run=draw_sheets)
    options = parser.parse_args()
    if not getattr(options, "name", "-"):
        options.name = options.party
    torch.set_num_threads(1)
    options.run(options)


if __name__ == "__main__":
    main()
