"""The same view in the other programs that show notebooks: it fills, answers clicks, and Python hears of them."""

from __future__ import annotations

from pathlib import Path

import nbformat
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.explorer import OPEN, channel, others, value_of
from tests.browser.lab import ANSWER_MS, MARKDOWN, START_MS, Lab, repainted
from tests.browser.pixels import is_blank, picture
from tests.browser.server import NOTEBOOK, VOILA, serve

LINK = "[edges](#nbviz:layer1.0.conv2:7)"
PANELS = ("picture", "overlay", "maps", "projection")


def test_notebook_7_shows_it_answers_and_follows_links(window: BrowserContext, tmp_path: Path) -> None:
    with serve(tmp_path, NOTEBOOK) as server:
        lab = Lab(server, window)
        notebook = lab.open([OPEN, MARKDOWN + LINK])
        notebook.run_all()
        for name in PANELS:
            expect(notebook.panel(name)).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
        other = others(notebook)[0]
        repainted(notebook.panel("projection"), channel(notebook, other).click)
        assert value_of(notebook, "w.unit") == f"'{value_of(notebook, 'w.layer')[1:-1]}:{other}'"
        cells = notebook.page.locator(".jp-Cell").count()
        notebook.page.keyboard.press("b")
        assert notebook.page.locator(".jp-Cell").count() == cells
        repainted(notebook.panel("projection"), notebook.page.get_by_role("link", name="edges").click)
        assert value_of(notebook, "w.unit") == "'layer1.0.conv2:7'"
        notebook.screenshot("notebook-7")
        notebook.close()


TOLD = """
import ipywidgets
label = ipywidgets.Label()
w.observe(lambda change: setattr(label, "value", f"chosen: {change['new']}"), "unit")
label
"""


def test_voila_shows_it_and_python_hears_of_a_click(window: BrowserContext, tmp_path: Path) -> None:
    with serve(tmp_path, VOILA) as server:
        cells = [nbformat.v4.new_code_cell(source) for source in (OPEN, TOLD)]
        sheet = nbformat.v4.new_notebook(cells=[*cells, nbformat.v4.new_markdown_cell(LINK)])
        sheet.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = server.root / "view.ipynb"
        nbformat.write(sheet, path)
        page = window.new_page()
        page.goto(server.address(path), wait_until="domcontentloaded", timeout=START_MS)
        for name in PANELS:
            expect(_panel(page, name)).to_have_attribute("data-state", "ready", timeout=START_MS)
        projection = _panel(page, "projection")
        other = _panel(page, "maps").locator('[role="gridcell"][aria-selected="false"]').first
        number = other.get_attribute("data-channel")
        repainted(projection, other.click)
        expect(page.get_by_text("chosen: ")).to_contain_text(f":{number}", timeout=ANSWER_MS)
        assert not is_blank(picture(projection.locator("canvas").first))
        repainted(projection, page.get_by_role("link", name="edges").click)
        expect(page.get_by_text("chosen: ")).to_contain_text("layer1.0.conv2:7", timeout=ANSWER_MS)
        page.close()


def _panel(page: Page, name: str) -> Locator:
    return page.locator(f'[data-panel="{name}"]')
