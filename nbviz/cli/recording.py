"""What is to be recorded for readers without a kernel, named on the command line."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any


def recording_arguments(parser: ArgumentParser) -> None:
    """Add what `recording_of` reads: layers, methods, number of units, size."""
    parser.add_argument("--layers", nargs="+", metavar="LAYER", help="whose units can be chosen; default the one shown")
    parser.add_argument(
        "--methods",
        nargs="+",
        metavar="METHOD",
        help="of units and classes, by name, and 'visualize' for what excites a unit; default the one shown, grad_cam",
    )
    parser.add_argument(
        "--top-k",
        type=_units,
        default=16,
        metavar="N",
        help="units of each layer, the strongest first, or 'all'; default 16",
    )
    parser.add_argument("--max-mb", type=float, default=8.0, metavar="MB", help="size to stop at; default 8")


def recording_of(options: Namespace) -> dict[str, Any]:
    """The arguments of `precompute`."""
    return {
        "layers": options.layers,
        "methods": options.methods,
        "top_k": options.top_k,
        "max_mb": options.max_mb,
    }


def _units(text: str) -> int | None:
    if text == "all":
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no number of units; give one, or 'all'") from error
