"""What a sub-command is: a name, one line of help, examples, its arguments, and what it does."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One sub-command.

    `help` is its line in `nbviz --help` and the first of its own page, `examples` lines of shell with comments;
    `arguments` adds to its parser, `run` does the work: it prints results, raises `NbvizError` for what a person can
    mend, and imports torch only there, so that `--help` answers at once.
    """

    name: str
    help: str
    examples: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], None]
