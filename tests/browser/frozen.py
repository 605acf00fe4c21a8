"""A notebook and a page for readers without a kernel, as a person makes them, and what the live widget shows."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image
from playwright.sync_api import FrameLocator, Locator, Page, expect

from nbviz import demo
from tests.browser.explorer import ready
from tests.browser.lab import ANSWER_MS, Lab
from tests.browser.pixels import changed, held

LAYER, UNIT, OTHER, UNRECORDED = "layer3.0.conv2", 7, 12, 3

SETUP = """
import ipywidgets, nbviz
net = nbviz.Network.demo()
net.labels[0] = "</script><img src=x onerror='window.attacked = true'>"
scenes = list(nbviz.demo.scenes(2, seed=7, objects=2).pictures)
"""
EXPLORER = f"""
w = nbviz.explore(net, scenes, unit="{LAYER}:{OTHER}", height=760)
w
"""
LINKED = f"""
grid = nbviz.LayerGrid(net, scenes[0], layer="{LAYER}", height=300)
inspector = nbviz.UnitInspector(net, scenes[0], unit=grid.unit)
ipywidgets.link((grid, "unit"), (inspector, "unit"))
ipywidgets.VBox([grid, inspector, ipywidgets.IntSlider()])
"""
LAST = "from IPython.display import Markdown; Markdown('the end')"
# Enough units that those which the tests click are among them, not so many that none is left out.
RECORD = ("--layers", LAYER, "--methods", "deconvnet,grad_cam", "--top-k", "40")


@dataclass(frozen=True)
class Live:
    """What the live widget shows of the two units, and its width."""

    shown: dict[int, Any]
    width: float


class Places:
    """Where the frozen notebook and its page lie."""

    def __init__(self, folder: Path) -> None:
        self.source, self.notebook = folder / "source.ipynb", folder / "frozen.ipynb"
        self.page, self.alone = folder / "frozen.html", folder / "alone.html"


def freeze(folder: Path) -> Places:
    """A notebook, run and frozen by the command line, and a page of one widget."""
    places = Places(folder)
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, EXPLORER, LINKED, LAST)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, places.source)
    pictures = [folder / f"scene{i}.png" for i in range(2)]
    for file, scene in zip(pictures, demo.scenes(2, seed=7, objects=2).pictures, strict=True):
        Image.fromarray(scene).save(file)
    started = [
        _nbviz("freeze", places.source, "-o", places.notebook, "--html", places.page, *RECORD),
        _nbviz("explore", "demo", *pictures, "--html", places.alone, "--unit", f"{LAYER}:{OTHER}", *RECORD),
    ]
    for process in started:
        _, said = process.communicate()
        assert process.returncode == 0, said
    return places


def _nbviz(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "nbviz.cli", *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def projection(area: Page | FrameLocator | Locator) -> Locator:
    return area.locator('[data-panel="projection"]')


def painted(area: Page | FrameLocator | Locator) -> Any:
    """The pixels of the projection's canvas, as they are before the browser lays them on the screen."""
    return held(projection(area).locator("canvas").first)


def choose(area: Page | FrameLocator | Locator, unit: int) -> None:
    """Click a channel and wait for its projection."""
    area.locator(f'[data-panel="maps"] [role="gridcell"][data-channel="{unit}"]').click()
    expect(projection(area)).to_contain_text(f"{LAYER}:{unit} at ", timeout=ANSWER_MS)
    expect(projection(area)).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)


def framed(area: Page | Locator, number: int = 0) -> FrameLocator:
    """The page in a frozen output, scrolled to as a reader does: those far from the window wait."""
    frame = area.locator("iframe").nth(number)
    frame.scroll_into_view_if_needed()
    return frame.content_frame


def look(lab: Lab) -> Live:
    """What the live widget shows of the two units."""
    notebook = lab.open([SETUP, EXPLORER], "live")
    notebook.run(0)
    notebook.run(1)
    ready(notebook)
    shown = {}
    for unit in (UNIT, OTHER):
        choose(notebook.output(1), unit)
        shown[unit] = painted(notebook.page)
    width = width_of(notebook.output(1))
    notebook.close()
    return Live(shown, width)


def width_of(area: Page | FrameLocator | Locator) -> float:
    width: float = area.locator(".nbviz").first.evaluate("element => element.getBoundingClientRect().width")
    return width


def as_wide(page: Page, area: Page | FrameLocator | Locator, live: Live) -> None:
    """Give the window the width at which the widget is as wide as the live one: then pixels compare."""
    size = page.viewport_size
    assert size is not None
    size["width"] += round(live.width - width_of(area))
    page.set_viewport_size(size)
    assert abs(width_of(area) - live.width) < 1


def assert_shows(page: Page, area: Page | FrameLocator | Locator, live: Live) -> None:
    """A click shows the recorded picture of that unit, as the live widget does, and of no other."""
    as_wide(page, area, live)
    for unit, other in ((UNIT, OTHER), (OTHER, UNIT)):
        choose(area, unit)
        shown = painted(area)
        assert changed(live.shown[unit], shown) < 0.01, f"unit {unit} looks otherwise than live"
        assert changed(live.shown[other], shown) > 0.1, f"unit {unit} looks like {other}"
