"""The unit pane as a person uses it."""

from __future__ import annotations

import re
from itertools import pairwise

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import opened, others, ready, value_of
from tests.browser.lab import ANSWER_MS, repainted
from tests.browser.pixels import changed, differs, is_blank, picture


def synthesised(panel: Locator, steps: int) -> None:
    panel.get_by_label("steps").fill(str(steps))
    panel.get_by_role("button", name="Start").click()
    expect(panel).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    expect(panel.get_by_role("slider", name="film")).to_be_visible()


def test_a_finished_search_is_scrubbed_back_and_forth_by_keys_and_on_its_curve(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("excites")
    synthesised(panel, 40)
    canvas, slider = panel.locator(".picture canvas"), panel.get_by_role("slider", name="film")
    end = picture(canvas)
    assert slider.get_attribute("aria-valuetext") == panel.locator(".caption").inner_text()
    slider.focus()
    repainted(panel, lambda: slider.press("Home"))
    start = picture(canvas)
    assert differs(start, end, share=0.5), "it begins with noise"
    expect(panel.locator(".caption")).to_contain_text("step 0 of 40")
    repainted(panel, lambda: slider.press("ArrowRight"))
    assert changed(start, picture(canvas)) > 0
    curve = panel.locator(".curve svg")
    box = curve.bounding_box()
    assert box
    mark = curve.locator("circle").get_attribute("cx")
    repainted(panel, lambda: curve.click(position={"x": box["width"] * 0.6, "y": box["height"] / 2}))
    assert curve.locator("circle").get_attribute("cx") != mark
    repainted(panel, lambda: slider.press("End"))
    assert not differs(end, picture(canvas), share=0.02), "the edges may lie elsewhere between two pixels"
    expect(curve).to_have_attribute("aria-label", re.compile(r"times the natural maximum of \d+ pictures? seen"))


def test_one_walks_from_unit_to_unit_and_back(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("neighbours")
    start = value_of(notebook, "w.unit")
    first = panel.locator(".neighbour").first
    name = (first.get_attribute("aria-label") or "").partition(",")[0]
    assert not is_blank(picture(first.locator("img").first), share=0.001)
    repainted(panel, first.click)
    assert value_of(notebook, "w.unit") == repr(name)
    ready(notebook, "neighbours", "maps", "projection")
    assert value_of(notebook, "w.layer") == repr(name.rpartition(":")[0])
    # Nothing is focused anew: what was clicked has the focus, though it stands for another unit now.
    repainted(panel, lambda: notebook.page.keyboard.press("Backspace"))
    assert value_of(notebook, "w.unit") == start


def test_a_row_of_pictures_leads_from_one_unit_to_another(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("interaction")
    other = others(notebook)[0]
    layer = eval(value_of(notebook, "w.layer"))
    panel.get_by_label("Second unit").fill(f"{layer}:{other}")
    panel.get_by_label("Second unit").press("Enter")
    panel.get_by_role("button", name="Start the row").click()
    expect(panel).to_have_attribute("data-state", "ready", timeout=2 * ANSWER_MS)
    row = [picture(canvas) for canvas in panel.locator("canvas").all()]
    assert len(row) == 5
    assert all(differs(a, b, share=0.2) for a, b in pairwise(row))
    expect(panel).to_contain_text("nbviz.interpolate(")


def test_the_lines_of_python_compute_what_is_seen(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    for name, said in (("projection", r"value ([−\d.]+)"), ("overlay", r"logit ([−\d.]+)")):
        panel = notebook.panel(name)
        line = panel.locator("code.snippet").inner_text()
        shown = re.search(said, panel.locator(".caption").first.inner_text())
        assert shown
        score = float(value_of(notebook, f"({line}).score"))
        assert abs(score - float(shown[1].replace("−", "-"))) < 0.01 * max(1, abs(score))


SCAN = """
import nbviz, tempfile
net = nbviz.Network.demo()
made = nbviz.demo.scenes(40, seed=3)
labelled = [(picture, names[0]) for picture, names in zip(made.pictures, made.names)]
atlas = nbviz.scan(net, labelled, tempfile.mkdtemp() + "/scenes", layers=["layer3"], progress=False)
w = nbviz.explore(net, atlas=atlas, unit="layer3:14", height=1000)
w
"""


def test_the_atlas_is_looked_at_patch_by_patch_and_bin_by_bin(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, source=SCAN)
    panel = notebook.panel("patches")
    ready(notebook, "patches")
    expect(panel).to_contain_text("n = 40")
    tiles = panel.locator(".patch")
    assert tiles.count() == 9
    assert not is_blank(picture(tiles.first.locator("img").first))
    assert not is_blank(picture(tiles.first.locator("img").last)), "its projection"
    fullest = int(value_of(notebook, "int(atlas.histogram('layer3:14').counts.argmax())"))
    panel.locator(".bin").nth(fullest).click()
    ready(notebook, "examples")
    expect(notebook.panel("examples")).to_contain_text("some of them")
    assert value_of(notebook, "len(w.images)") == "4"
    wanted = value_of(notebook, "atlas.top('layer3:14')[0].picture")
    repainted(notebook.panel("picture"), tiles.first.click)
    expected = f"bool((w.images[w.image_index].x == atlas.input({wanted})).all())"
    assert value_of(notebook, expected) == "True"
    expect(notebook.panel("projection")).to_contain_text(re.compile("value"))
    notebook.screenshot("atlas")
