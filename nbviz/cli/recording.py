"""What is to be recorded for readers without a kernel, named on the command line."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import Any


def recording_arguments(parser: ArgumentParser) -> None:
    """Add what `recording_of` reads: layers, methods, units, pictures, size."""
    parser.add_argument("--layers", type=names, help="whose units can be chosen, such as 'layer3,layer4'")
    parser.add_argument(
        "--methods",
        type=names,
        help="of units and classes, 'visualize' for what excites a unit, 'gallery' for what excites every unit of a "
        "layer: 'deconvnet,grad_cam'",
    )
    parser.add_argument(
        "--top-k",
        type=_units,
        default=16,
        metavar="N",
        help="units of each layer, the strongest first, or 'all'; default 16",
    )
    parser.add_argument("--pictures", type=_numbers, help="by number, such as '0,1'; default all of them")
    parser.add_argument("--max-mb", type=float, default=8.0, metavar="MB", help="size to stop at; default 8")


def recording_of(options: Namespace) -> dict[str, Any]:
    """The arguments of `precompute`."""
    return {
        "layers": options.layers,
        "methods": options.methods,
        "top_k": options.top_k,
        "images": options.pictures,
        "max_mb": options.max_mb,
    }


def names(text: str) -> list[str]:
    """'layer3,layer4' as a list."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _numbers(text: str) -> list[int]:
    try:
        return [int(name) for name in names(text)]
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} are no numbers of pictures, such as 0,1") from error


def _units(text: str) -> int | None:
    if text == "all":
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no number of units; give one, or 'all'") from error
