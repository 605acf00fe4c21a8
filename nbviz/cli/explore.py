"""`nbviz explore`: the Explorer as one page, without a notebook and without a kernel."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

from ..errors import BadRequest
from .command import Command
from .networks import network_arguments, network_of
from .recording import recording_arguments, recording_of

SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"}


def _arguments(parser: ArgumentParser) -> None:
    network_arguments(parser)
    parser.add_argument("images", nargs="*", type=Path, help="pictures, or folders of them; default scenes of the demo")
    parser.add_argument("--html", type=Path, required=True, metavar="PAGE", help="the page to write")
    parser.add_argument("--unit", help="the unit to open with, such as layer4.1.conv2:17")
    recording_arguments(parser)


def _run(options: Namespace) -> None:
    from ..widgets import Explorer

    pictures = list(_pictures(options.images))
    widget = Explorer(network_of(options), pictures or None, unit=options.unit)
    widget.precompute(**recording_of(options))
    written = widget.to_html(options.html)
    print(f"{written}: {written.stat().st_size / 1e6:.1f} MB; open it in any browser.")


def _pictures(paths: list[Path]) -> Iterator[Path]:
    """The files named, and those of the folders in the order of their names."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        if not inside:
            raise BadRequest(f"There is no picture in {path}.")
        yield from inside


EXPLORE = Command(
    "explore",
    "write the Explorer as one page that needs neither a kernel nor a network",
    """
nbviz explore demo --html page.html
nbviz explore resnet50 dog.jpg cat.jpg --html page.html --layers layer3,layer4 --top-k 64
nbviz explore mymodels:net photos/ --html page.html --methods deconvnet,grad_cam,visualize
page.html#layer4:17 opens at that unit
""",
    _arguments,
    _run,
)
