"""The parts alone and linked, bad input in the panels, both themes, narrow cells, and the notebooks as they are."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import channel, opened, others, ready, value_of
from tests.browser.lab import ANSWER_MS, Lab, Notebook, repainted
from tests.browser.pixels import differs, is_blank, picture, seen

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

PARTS = """
import ipywidgets, nbviz
net = nbviz.Network.demo()
scene = nbviz.demo.scenes(1, seed=7, objects=2).pictures[0]
grid = nbviz.LayerGrid(net, scene, layer="layer2.0.conv1", height=300)
inspector = nbviz.UnitInspector(net, scene, unit=grid.unit)
ipywidgets.link((grid, "unit"), (inspector, "unit"))
ipywidgets.VBox([grid, inspector, nbviz.HeatmapOverlay(net, scene, target=3), nbviz.FilterGrid(net, height=220)])
"""


def test_the_parts_work_alone_and_linked(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([PARTS])
    notebook.run(0)
    ready(notebook, "maps", "projection", "overlay", "filters")
    for name in ("maps", "overlay", "filters"):
        assert not is_blank(picture(notebook.panel(name).locator("canvas").first)), name
    other = others(notebook)[0]
    repainted(notebook.panel("projection"), channel(notebook, other).click)
    expect(notebook.panel("projection")).to_contain_text(f"layer2.0.conv1:{other} at ")
    assert value_of(notebook, "inspector.unit") == f"'layer2.0.conv1:{other}'"
    notebook.screenshot("parts")


LOW = """
import nbviz
net = nbviz.Network.demo()
scenes = list(nbviz.demo.scenes(3, seed=7, objects=2).pictures)
"""
HEIGHTS = (220, 300, 420)
ROW = 60
"""Pixels of a row of tiles, about."""


def overlapping(notebook: Notebook, panel: str, cell: int) -> list[str]:
    """Which parts of a grid's panel lie over one another, or over the status line."""
    lines = notebook.panel(panel, cell).locator(":scope > *").all()
    boxes = [(line.get_attribute("class"), seen(line)) for line in lines]
    boxes.append(("foot", seen(notebook.output(cell).locator(".foot"))))
    pairs = itertools.combinations(boxes, 2)
    return [f"{a} over {b}" for (a, one), (b, other) in pairs if one.overlaps(other)]


@pytest.mark.parametrize("width", [1400, 620])
def test_in_a_low_grid_nothing_lies_over_another(open_notebook: OpenNotebook, width: int) -> None:
    cells = [f"nbviz.LayerGrid(net, scenes, height={height})" for height in HEIGHTS]
    notebook = open_notebook([LOW, *cells, "nbviz.FilterGrid(net, height=200)"])
    notebook.page.set_viewport_size({"width": width, "height": 1000})
    notebook.run_all()
    for cell, height in enumerate(HEIGHTS, 1):
        output = notebook.output(cell)
        output.scroll_into_view_if_needed()
        ready(notebook, "maps", cell=cell)
        legend, foot = notebook.panel("maps", cell).locator("> .legend"), output.locator(".foot")
        assert seen(output.locator(".single")).height == height
        assert not overlapping(notebook, "maps", cell), height
        # What does not fit is a turn of the wheel away, and the status stays where it is.
        for part, least in ((legend, 10), (notebook.panel("maps", cell).locator("> .stage"), ROW)):
            part.scroll_into_view_if_needed()
            assert seen(part).height >= least, height
            assert not seen(part).overlaps(seen(foot)), height
            assert not overlapping(notebook, "maps", cell), height
        notebook.screenshot(f"grid-{height}-{width}", output)
    notebook.output(len(HEIGHTS) + 1).scroll_into_view_if_needed()
    ready(notebook, "filters", cell=len(HEIGHTS) + 1)
    assert not overlapping(notebook, "filters", len(HEIGHTS) + 1)
    notebook.page.set_viewport_size({"width": 1400, "height": 1000})


SMOOTH = """
import torch, nbviz
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(3, 8, 3, padding=1), nn.SiLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1), nn.SiLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
hostile = "<img src=x onerror='window.attacked = true'>"
net = nbviz.Network(model, labels=[hostile, "</script><b>bold"], input_size=64)
w = nbviz.explore(net)
w
"""


def test_what_is_not_defined_is_said_in_the_panel(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, source=SMOOTH)
    panel = notebook.panel("projection")
    panel.get_by_role("radio", name="Deconvnet").click()
    expect(panel).to_have_attribute("data-state", "failed", timeout=ANSWER_MS)
    expect(panel.locator(".notice")).to_contain_text("Deconvnet is not defined here")
    expect(panel.locator(".notice")).to_contain_text("SiLU")
    assert "SiLU" in value_of(notebook, "w.last_error")
    notebook.screenshot("not-defined")
    # What is defined is one click away.
    panel.get_by_role("radio", name="Gradient").click()
    ready(notebook, "projection")


def test_hostile_labels_are_text(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, source=SMOOTH)
    expect(notebook.page.locator(".class-bar").first).to_be_visible()
    assert "<img src=x" in " ".join(notebook.page.locator(".class-bar .name").all_inner_texts())
    assert notebook.page.evaluate("window.attacked") is None


BLOWN = """
import torch, nbviz
from torch import nn
class Log(nn.Module):
    def forward(self, x):
        return torch.log(x)
model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), Log(), nn.Conv2d(4, 4, 3))
torch.manual_seed(0)
net = nbviz.Network(model, input_size=32)
"""


def test_a_model_that_computes_nan_is_named(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        [
            BLOWN,
            "try:\n    nbviz.explore(net)\nexcept nbviz.NbvizError as error:\n    print(type(error).__name__, error)",
        ]
    )
    notebook.run(0)
    notebook.run(1)
    assert notebook.printed(1).startswith("NotFinite Layer '2' computes NaN or infinity")


def test_weights_that_change_make_the_view_stale(open_notebook: OpenNotebook) -> None:
    notebook = opened(
        open_notebook, "import torch\nwith torch.no_grad():\n    net.model.layer4[0].conv2.weight.mul_(-1)"
    )
    before = picture(notebook.panel("maps").locator("canvas").first)
    notebook.run(1)
    repainted(notebook.panel("projection"), channel(notebook, others(notebook)[0]).click)
    expect(notebook.page.get_by_role("alert")).to_contain_text("weights changed", timeout=ANSWER_MS)
    notebook.page.get_by_role("button", name="Compute again").first.click()
    ready(notebook)
    assert differs(before, picture(notebook.panel("maps").locator("canvas").first))


@pytest.mark.parametrize("width", [1400, 620])
def test_dark_theme_and_narrow_cells(open_notebook: OpenNotebook, width: int) -> None:
    notebook = open_notebook(["pass"])
    notebook.page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    notebook.page.set_viewport_size({"width": width, "height": 1000})
    notebook.close()
    try:
        notebook = opened(open_notebook)
        notebook.page.set_viewport_size({"width": width, "height": 1000})
        if width < 800:
            notebook.page.get_by_role("tab", name="Unit").click()
            expect(notebook.panel("projection")).to_be_visible()
            notebook.page.get_by_role("tab", name="Grid").click()
        expect(notebook.panel("maps")).to_be_visible()
        assert not is_blank(picture(notebook.panel("maps").locator("canvas").first))
        notebook.screenshot(f"explorer-dark-{width}")
    finally:
        notebook.page.evaluate(
            "window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })"
        )
        notebook.page.set_viewport_size({"width": 1400, "height": 1000})


def test_the_quickstart_runs_and_its_views_are_there(lab: Lab) -> None:
    path = lab.server.root / "quickstart.ipynb"
    shutil.copy(NOTEBOOKS / "quickstart.ipynb", path)
    notebook = lab.open_file(path)
    try:
        notebook.run_all()
        first = notebook.page.locator('[data-panel="maps"]').first
        # What was never in sight has no size, and is painted when it has one.
        first.scroll_into_view_if_needed()
        expect(first).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
        assert not is_blank(picture(first.locator("canvas").first))
        expect(notebook.page.locator('[data-panel="filters"]')).to_have_count(1)
        notebook.screenshot("quickstart")
    finally:
        notebook.close()
