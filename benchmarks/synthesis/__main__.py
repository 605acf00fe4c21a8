"""`python -m benchmarks.synthesis ask PARTY | report`: activation maximisation beside lucent.

`ask` runs one party over the questions and appends an answer a line to FOLDER/PARTY.jsonl; it goes on where it was
stopped. Networks and depths are interleaved, so a prefix of the questions is a fair sample.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

import torch

from .parties import PARTIES, STEPS
from .questions import NETWORKS, Subject, in_turn

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("NBVIZ_TEST_DATA", ROOT.parent / "shared" / "data"))


def ask(options: argparse.Namespace) -> None:
    """Run one party over the questions that it has not answered."""
    subjects = {name: Subject(name, options.data) for name in options.networks}
    steps = options.steps or STEPS[options.party]
    pictures = options.folder / options.name
    pictures.mkdir(parents=True, exist_ok=True)
    log = options.folder / f"{options.name}.jsonl"
    done = {json.loads(line)["key"] for line in log.read_text().splitlines()} if log.exists() else set()
    questions = in_turn(subjects, lambda question: question.key not in done)
    for question in questions[: options.most]:
        answer = PARTIES[options.party](subjects[question.network], question, steps, options.seed)
        for step, picture in answer.pictures.items():
            picture.save(pictures / f"{question.key.replace('/', '_')}_{step}.png")
        row = {"key": question.key, **asdict(question), "seed": options.seed, "steps": steps}
        row |= {"curve": answer.curve, "seconds_per_step": answer.seconds_per_step}
        with log.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print(f"{question.key:60s} {answer.curve[steps] / question.natural:6.2f} × natural", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthesis", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with real weights and photographs")
    parser.add_argument("--folder", type=Path, default=ROOT / ".artifacts" / "synthesis", help="where answers go")
    commands = parser.add_subparsers(required=True)
    asking = commands.add_parser("ask", help="run one party over the questions")
    asking.add_argument("party", choices=PARTIES)
    asking.add_argument("--name", help="of the answers, by default the party's")
    asking.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    asking.add_argument("--steps", type=int)
    asking.add_argument("--seed", type=int, default=0)
    asking.add_argument("--most", type=int, help="questions to answer at most")
    asking.set_defaults(run=ask)
    options = parser.parse_args()
    if not getattr(options, "name", "-"):
        options.name = options.party
    torch.set_num_threads(1)
    options.run(options)


if __name__ == "__main__":
    main()
