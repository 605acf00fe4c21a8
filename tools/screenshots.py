"""Make the pictures of the documentation: `python -m tools.screenshots`, or only those that are named.

Each is taken of a real JupyterLab in a real browser, on the demo network and its scenes.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGS
from tests.browser.explorer import ready
from tests.browser.lab import Lab, Notebook
from tests.browser.server import serve
from tools.browser import find

DOCS = Path(__file__).resolve().parent.parent / "docs"

EXPLORER = """
import nbviz
net = nbviz.Network.demo()
scenes = list(nbviz.demo.scenes(4, seed=7, objects=2).pictures)
w = nbviz.explore(net, scenes, unit="layer3:14", height=900, pins=["layer3:14", "layer1.0.conv2:7"])
w
"""


DREAMER = """
import nbviz
net = nbviz.Network.demo()
nbviz.Dreamer(net, list(nbviz.demo.scenes(4, seed=7, objects=2).pictures), layer="layer3", strength=3)
"""

WIDE = ViewportSize(width=1400, height=1100)
NARROW = ViewportSize(width=640, height=1100)


def main(names: list[str]) -> None:
    """Take the pictures of these names anew; all of them where none is named."""
    with serve(Path(tempfile.mkdtemp())) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=CHROMIUM_ARGS)
        window = browser.new_context(viewport=WIDE, device_scale_factor=1.5)
        for name in names or PICTURES:
            source, take = PICTURES[name]
            notebook = Lab(server, window).open([source])
            notebook.run(0)
            take(notebook)
            notebook.close()
        browser.close()


def _excited(notebook: Notebook) -> None:
    """The Explorer with a finished synthesis."""
    ready(notebook)
    excites = notebook.panel("excites")
    excites.get_by_role("button", name="Start").click()
    expect(excites).to_have_attribute("data-state", "ready", timeout=120_000)


def _shot(notebook: Notebook) -> Image.Image:
    widget = notebook.page.locator(".explorer")
    widget.scroll_into_view_if_needed()
    return Image.open(io.BytesIO(widget.screenshot(animations="disabled"))).convert("RGB")


def _theme(notebook: Notebook, name: str) -> None:
    notebook.page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", f"JupyterLab {name}"
    )
    light = str(name == "Light").lower()
    notebook.page.wait_for_function("(light) => document.body.dataset.jpThemeLight === light", arg=light)
    notebook.page.wait_for_timeout(500)  # the style sheet arrives after the attribute that announces it


def _explorer(notebook: Notebook) -> None:
    """In a wide cell, light."""
    _excited(notebook)
    _shot(notebook).save(DOCS / "explorer.png", optimize=True)


def _elsewhere(notebook: Notebook) -> None:
    """In a narrow cell, where the panes are tabs: light and dark beside each other."""
    _excited(notebook)
    notebook.page.set_viewport_size(NARROW)
    tab = notebook.page.get_by_role("tablist", name="Panes").get_by_role("tab")
    shots = []
    try:
        for theme, pane in (("Light", "Grid"), ("Dark", "Unit")):
            _theme(notebook, theme)
            tab.filter(has_text=pane).click()
            shots.append(_shot(notebook))
    finally:
        _theme(notebook, "Light")
        notebook.page.set_viewport_size(WIDE)
    beside = Image.new("RGB", (sum(s.width for s in shots) + 24, max(s.height for s in shots)), "white")
    beside.paste(shots[0], (0, 0))
    beside.paste(shots[1], (shots[0].width + 24, 0))
    beside.save(DOCS / "explorer-narrow.png", optimize=True)


def _dreamer(notebook: Notebook) -> None:
    """The Dreamer with what each layer remembers."""
    page, inversion = notebook.page, notebook.panel("inversion")
    page.set_viewport_size({"width": 1100, "height": 1400})
    page.get_by_role("radio", name="inversion").click()
    page.get_by_role("button", name="Invert", exact=True).click()
    expect(inversion).to_have_attribute("data-state", "ready", timeout=240_000)
    page.get_by_role("listbox", name="Layers").get_by_role("option").nth(3).click()
    expect(inversion).to_contain_text("layer2 · relative error")
    widget = page.locator(".dreamer")
    widget.scroll_into_view_if_needed()
    widget.screenshot(path=DOCS / "dreamer.png")


PICTURES = {
    "explorer": (EXPLORER, _explorer),
    "explorer-narrow": (EXPLORER, _elsewhere),
    "dreamer": (DREAMER, _dreamer),
}


if __name__ == "__main__":
    main(sys.argv[1:])
