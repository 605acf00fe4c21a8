"""Every widget, filled, in light and dark, wide and narrow: no violation that an automated audit can find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.browser.audit import violations
from tests.browser.conftest import WINDOW, OpenNotebook
from tests.browser.explorer import opened, ready
from tests.browser.lab import ANSWER_MS, Notebook

PARTS = """
import ipywidgets
scene = scenes.pictures[0]
ipywidgets.VBox([
    nbviz.LayerGrid(net, scene, height=300), nbviz.UnitInspector(net, scene),
    nbviz.HeatmapOverlay(net, scene, target=3), nbviz.FilterGrid(net, height=220)])
"""
TABS = ("Image", "Grid", "Unit")
DIALOGS = ("Pins and bookmarks", "Share", "Keys (?)")
# Of the window: the margins of a cell take about 140 of it.
NARROW = 620


@contextmanager
def dressed(notebook: Notebook, theme: str, width: int) -> Iterator[None]:
    """The notebook in one of JupyterLab's themes, in a window of this width."""
    _change_theme(notebook, theme)
    notebook.page.set_viewport_size({"width": width, "height": WINDOW["height"]})
    try:
        yield
    finally:
        _change_theme(notebook, "Light")
        notebook.page.set_viewport_size(WINDOW)


def _change_theme(notebook: Notebook, theme: str) -> None:
    notebook.page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", f"JupyterLab {theme}"
    )
    notebook.page.wait_for_function(
        "(light) => document.body.dataset.jpThemeLight === light", arg=str(theme == "Light").lower()
    )


def _fill(notebook: Notebook) -> None:
    """Everything that waits for a person is asked for."""
    excites = notebook.panel("excites", 0)
    excites.get_by_label("steps").fill("8")
    excites.get_by_role("button", name="Start").click()
    expect(excites).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    ready(notebook, cell=0)
    ready(notebook, "maps", "projection", "overlay", "filters", cell=1)
    w = "w.pin(); w.pin('layer1.0.conv2:7', 'edges', 'of any colour'); w.bookmark('Here')"
    notebook.page.evaluate(RUN_CODE, w)


RUN_CODE = """
code => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.requestExecute({ code }).done
"""


def _audit(notebook: Notebook, when: str) -> list[str]:
    found = [f"{when}, {place}: {text}" for place, text in _views(notebook)]
    notebook.screenshot(f"audit-{when}".replace(" ", "-"))
    return found


def _views(notebook: Notebook) -> Iterator[tuple[str, str]]:
    explorer, parts = notebook.output(0), notebook.output(1)
    tabs = explorer.get_by_role("tab")
    for tab in TABS if tabs.count() else [""]:
        if tab:
            tabs.filter(has_text=tab).click()
        yield from ((f"Explorer {tab}", text) for text in violations(explorer))
    for opener in DIALOGS:
        explorer.get_by_role("button", name=opener, exact=True).click()
        yield from ((f"{opener} open", text) for text in violations(explorer))
        notebook.page.keyboard.press("Escape")
    yield from (("parts", text) for text in violations(parts))


def test_an_audit_finds_no_violation(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, PARTS)
    notebook.run(1)
    _fill(notebook)
    found = []
    for theme in ("Light", "Dark"):
        for width in (WINDOW["width"], NARROW):
            with dressed(notebook, theme, width):
                found += _audit(notebook, f"{theme} {width}")
    assert not found, "\n".join(found)
