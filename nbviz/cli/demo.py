"""`nbviz demo`: a notebook with the demo network, opened in JupyterLab."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..errors import BrokenInstallation
from .command import Command

NOTEBOOK = "nbviz-demo.ipynb"

CELLS = (
    ("markdown", "# What does a network look at?\n\nRun the cells; then click a channel, a place, a class."),
    ("code", "import nbviz\n\nnet = nbviz.Network.demo()  # a small trained network, shipped with nbviz"),
    ("code", "nbviz.explore(net, list(nbviz.demo.scenes(8, seed=1).pictures))"),
)


def notebook() -> str:
    """The demo as the text of a notebook file."""
    cells = []
    for number, (kind, source) in enumerate(CELLS):
        cell = {"cell_type": kind, "id": f"demo-{number}", "metadata": {}, "source": source}
        cells.append(cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}, indent=1)


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "lab", nargs="*", metavar="-- OPTION", help="what follows -- goes to JupyterLab, such as -- --no-browser"
    )


def _run(options: Namespace) -> None:
    if importlib.util.find_spec("jupyterlab") is None:
        raise BrokenInstallation("The demo opens in JupyterLab, which is not installed. Run: pip install jupyterlab")
    with tempfile.TemporaryDirectory(prefix="nbviz-demo-") as folder:
        (Path(folder) / NOTEBOOK).write_text(notebook(), "utf-8")
        print("The notebook lies in a temporary folder; save it elsewhere to keep what you change. Ctrl-C ends.")
        command = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{NOTEBOOK}", *options.lab]
        subprocess.run(command, cwd=folder, check=False)  # noqa: S603 - the person's own options to their own program


DEMO = Command(
    "demo",
    "open a small trained network in JupyterLab; nothing is downloaded",
    """
nbviz demo
nbviz demo -- --no-browser --port 9999    # options of JupyterLab follow --
""",
    _arguments,
    _run,
)
