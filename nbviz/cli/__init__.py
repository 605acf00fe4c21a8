"""The command line. To add a command, write one file with its `Command` and name it in `COMMANDS`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .._version import __version__
from ..errors import NbvizError
from .command import Command
from .demo import DEMO
from .explore import EXPLORE
from .freeze import FREEZE
from .scan import SCAN
from .serve import SERVE

__all__ = ["COMMANDS", "Command", "main"]

COMMANDS: tuple[Command, ...] = (DEMO, EXPLORE, SCAN, FREEZE, SERVE)

INTERRUPTED = 130
"""The exit status that shells give to what Ctrl-C has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 2 for an error that is told in one sentence, 130 after Ctrl-C."""
    options = parser().parse_args(arguments)
    try:
        options.command.run(options)
    except NbvizError as error:
        print(f"nbviz {options.command.name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"nbviz {options.command.name}: interrupted.", file=sys.stderr)
        return INTERRUPTED
    return 0


def parser() -> argparse.ArgumentParser:
    """The parser of all commands, each with its examples below its options."""
    top = argparse.ArgumentParser(
        prog="nbviz",
        description="Look inside PyTorch vision networks.",
        epilog="'nbviz <command> --help' shows the command's options with examples.",
    )
    top.add_argument("--version", action="version", version=f"nbviz {__version__}")
    commands = top.add_subparsers(title="commands", metavar="<command>", required=True)
    for command in COMMANDS:
        own = commands.add_parser(
            command.name,
            help=command.help,
            description=command.help[:1].upper() + command.help[1:] + ".",
            epilog=f"examples:\n{_indented(command.examples)}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.arguments(own)
        own.set_defaults(command=command)
    return top


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.strip().splitlines())
