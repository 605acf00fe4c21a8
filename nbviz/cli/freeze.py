"""`nbviz freeze`: a notebook that stays alive without a kernel."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from .command import Command
from .recording import recording_arguments, recording_of


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("notebook", type=Path, help="the notebook; it is never damaged")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="where to; default the notebook itself")
    parser.add_argument(
        "--html", type=Path, metavar="PAGE", help="the whole notebook as a page; alone, no OUT is written"
    )
    parser.add_argument(
        "--as-is", action="store_true", help="run nothing: keep what snapshot() recorded, and pictures of the rest"
    )
    recording_arguments(parser)


def _run(options: Namespace) -> None:
    from ..sharing.freeze import freeze

    recording = {} if options.as_is else recording_of(options)
    print(freeze(options.notebook, options.output, options.html, execute=not options.as_is, **recording))


FREEZE = Command(
    "freeze",
    "make a notebook readable and clickable without a kernel; it is run from top to bottom for that",
    """
nbviz freeze notebook.ipynb                        # in place
nbviz freeze notebook.ipynb -o shared.ipynb        # beside it
nbviz freeze notebook.ipynb --html page.html       # as a page for any browser
nbviz freeze notebook.ipynb --as-is                # as it stands: what snapshot() has left in it
nbviz freeze notebook.ipynb --layers layer3 --top-k all --methods deconvnet,grad_cam --max-mb 20
""",
    _arguments,
    _run,
)
