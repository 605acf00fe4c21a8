"""Make the pictures of the documentation: `python -m tools.screenshots`.

Each is taken of a real JupyterLab in a real browser, on the demo network and its scenes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGS
from tests.browser.explorer import ready
from tests.browser.lab import Lab, Notebook
from tests.browser.server import serve
from tools.browser import find

DOCS = Path(__file__).resolve().parent.parent / "docs"

EXPLORER = """
import nbviz
net = nbviz.Network.demo()
nbviz.explore(net, list(nbviz.demo.scenes(4, seed=7, objects=2).pictures), unit="layer3:14", height=900)
"""


DREAMER = """
import nbviz
net = nbviz.Network.demo()
nbviz.Dreamer(net, list(nbviz.demo.scenes(4, seed=7, objects=2).pictures), layer="layer3", strength=3)
"""


def main() -> None:
    """Take every picture anew."""
    with serve(Path(tempfile.mkdtemp())) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=CHROMIUM_ARGS)
        window = browser.new_context(viewport={"width": 1400, "height": 1100}, device_scale_factor=1.5)
        notebook = Lab(server, window).open([EXPLORER])
        _explorer(notebook)
        notebook.close()
        notebook = Lab(server, window).open([DREAMER])
        _dreamer(notebook)
        notebook.close()
        browser.close()


def _explorer(notebook: Notebook) -> None:
    """The Explorer with a finished synthesis."""
    notebook.run(0)
    ready(notebook)
    excites = notebook.panel("excites")
    excites.get_by_role("button", name="Start").click()
    expect(excites).to_have_attribute("data-state", "ready", timeout=120_000)
    widget = notebook.page.locator(".explorer")
    widget.scroll_into_view_if_needed()
    DOCS.mkdir(exist_ok=True)
    widget.screenshot(path=DOCS / "explorer.png")


def _dreamer(notebook: Notebook) -> None:
    """The Dreamer with what each layer remembers."""
    notebook.run(0)
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


if __name__ == "__main__":
    main()
