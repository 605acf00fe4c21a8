"""Every widget, filled, in light and dark, wide and narrow: no violation that an automated audit can find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.browser.audit import violations
from tests.browser.conftest import WINDOW, OpenNotebook
from tests.browser.explorer import opened, ready, value_of
from tests.browser.lab import ANSWER_MS, Notebook

OPEN = """
import copy, torch, nbviz
net = nbviz.Network.demo()
scenes = nbviz.demo.scenes(3, seed=7, objects=2)
later = copy.deepcopy(net.model)
with torch.no_grad():
    later.layer4[0].conv2.weight.mul_(3)
layer = "layer4.0.conv2"
atlas = nbviz.scan(net, list(nbviz.demo.scenes(12, seed=1).pictures), "atlas", [layer], progress=False)
w = nbviz.explore(net, list(scenes.pictures), atlas=atlas, beside=net.around(later), height=760)
w
"""
PARTS = """
import ipywidgets
scene = scenes.pictures[0]
ipywidgets.VBox([
    nbviz.LayerGrid(net, scene, height=300), nbviz.UnitInspector(net, scene, atlas=atlas),
    nbviz.HeatmapOverlay(net, scene, target=3), nbviz.FilterGrid(net, height=220), nbviz.Dreamer(net, scene)])
"""
KEPT = "w.pin(); w.pin('layer1.0.conv2:7', 'edges', 'of any colour'); w.bookmark('Here')"
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
    """Everything that waits for a person is asked for; it opens on both networks, and goes on with one."""
    notebook.panel("picture", 0).get_by_label("compare with").select_option("")
    excites = notebook.panel("excites", 0)
    excites.get_by_label("steps").fill("8")
    excites.get_by_role("button", name="Start").click()
    expect(excites).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    ready(notebook, cell=0)
    ready(notebook, "maps", "projection", "overlay", "filters", cell=1)
    notebook.run(2)


def _weigh(notebook: Notebook) -> None:
    """The grid shows weights and groups, the picture the unit's map and what is strongest at a place."""
    grid = notebook.panel("maps", 0)
    grid.get_by_role("checkbox", name="groups").check()
    grid.get_by_role("radio", name="weights").click()
    picture = notebook.panel("picture", 0)
    picture.get_by_role("radio", name="unit", exact=True).click()
    notebook.panel("overlay", 0).locator("canvas").first.click()
    expect(picture.get_by_role("group", name="Here")).to_be_visible()


def _gallery(notebook: Notebook) -> None:
    """The grid shows what excites each unit, the picture the projection."""
    notebook.panel("picture", 0).get_by_role("radio", name="why").click()
    notebook.panel("maps", 0).get_by_role("radio", name="excites").click()


def _top_patches(notebook: Notebook) -> None:
    """The grid shows patches, of which some are dead."""
    _tab(notebook, "Grid")
    notebook.panel("maps", 0).get_by_role("radio", name="top patch").click()
    ready(notebook, "maps", cell=0)


def _compared(notebook: Notebook, what: str, tab: str) -> None:
    _tab(notebook, "Image")
    notebook.panel("picture", 0).get_by_label("compare with").select_option(what)
    ready(notebook, "overlay_b", cell=0)
    _tab(notebook, tab)
    ready(notebook, {"Image": "overlay", "Grid": "maps", "Unit": "projection_b"}[tab], cell=0)


def _failed(notebook: Notebook) -> None:
    """What is not defined, and a unit that is not there, both told in their places."""
    _tab(notebook, "Image")
    notebook.panel("picture", 0).get_by_label("compare with").select_option("")
    _tab(notebook, "Grid")
    find = notebook.panel("maps", 0).get_by_label("Find a unit in the grid")
    find.fill("9999")
    find.press("Enter")
    notebook.page.locator('[role="treeitem"][data-node="maxpool"]').first.locator("b").first.click()
    notebook.panel("maps", 0).get_by_role("radio", name="weights").click()
    expect(notebook.panel("maps", 0).get_by_role("alert").first).to_be_visible(timeout=ANSWER_MS)


def _recovered(notebook: Notebook) -> None:
    notebook.panel("maps", 0).get_by_role("radio", name="activations").click()
    value_of(notebook, "setattr(w, 'layer', layer)")
    ready(notebook, "maps", cell=0)


FACES: dict[str, Callable[[Notebook], None]] = {
    "patches": _top_patches,
    "two pictures": lambda notebook: _compared(notebook, "picture", "Image"),
    "two networks": lambda notebook: _compared(notebook, "network", "Image"),
    "two networks, grid": lambda notebook: _compared(notebook, "network", "Grid"),
    "two networks, unit": lambda notebook: _compared(notebook, "network", "Unit"),
    "failed": _failed,
}


def _tab(notebook: Notebook, name: str) -> None:
    """Where the panes take turns, the one that is looked at."""
    tabs = notebook.output(0).get_by_role("tablist", name="Panes").get_by_role("tab")
    if tabs.count():
        tabs.filter(has_text=name).click()


def _faces(notebook: Notebook, narrow: bool) -> Iterator[tuple[str, str]]:
    """What a person brings about; of panes side by side, all are seen at once."""
    for name, face in FACES.items():
        if narrow or not name.startswith("two networks, "):
            face(notebook)
            yield from ((name, text) for text in violations(notebook.output(0)))
    _recovered(notebook)


def _in_turn(notebook: Notebook) -> Iterator[tuple[str, str]]:
    """Every pane and dialog of the Explorer, and its parts."""
    explorer = notebook.output(0)
    tabs = explorer.get_by_role("tablist", name="Panes").get_by_role("tab")
    for tab in TABS if tabs.count() else [""]:
        if tab:
            tabs.filter(has_text=tab).click()
        yield from ((f"Explorer {tab}", text) for text in violations(explorer))
    for opener in DIALOGS:
        explorer.get_by_role("button", name=opener, exact=True).click()
        yield from ((f"{opener} open", text) for text in violations(explorer.get_by_role("dialog")))
        notebook.page.keyboard.press("Escape")
    yield from (("parts", text) for text in violations(notebook.output(1)))


def _otherwise(notebook: Notebook) -> Iterator[tuple[str, str]]:
    """The Explorer's other faces."""
    for face in (_weigh, _gallery):
        face(notebook)
        yield from ((face.__name__, text) for text in violations(notebook.output(0)))


def test_an_audit_finds_no_violation(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, PARTS, KEPT, source=OPEN)
    notebook.run(1)
    _fill(notebook)
    found = []
    for theme in ("Light", "Dark"):
        for width in (WINDOW["width"], NARROW):
            with dressed(notebook, theme, width):
                found += [f"{theme} {width}, {where}: {text}" for where, text in _in_turn(notebook)]
                notebook.screenshot(f"audit-{theme}-{width}")
                faces = _faces(notebook, width == NARROW)
                found += [f"{theme} {width}, {face}: {text}" for face, text in faces]
        with dressed(notebook, theme, WINDOW["width"]):
            found += [f"{theme}, {where}: {text}" for where, text in _otherwise(notebook)]
            notebook.screenshot(f"audit-{theme}-otherwise")
    assert not found, "\n".join(found)
