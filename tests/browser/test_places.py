"""Pins, bookmarks and links: what a person does to come back to a place, in the page, in Python, in Markdown."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import OPEN, channel, opened, others, ready, value_of
from tests.browser.lab import ANSWER_MS, MARKDOWN, Lab, Notebook, repainted


def press_in_grid(notebook: Notebook, number: int, key: str) -> None:
    channel(notebook, number).focus()
    notebook.page.keyboard.press(key)


def test_a_unit_is_pinned_by_key_named_and_walked_to(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, "w.pin('layer1.0.conv2:7', 'edges')")
    first = value_of(notebook, "w.unit")[1:-1]
    other = others(notebook)[0]
    press_in_grid(notebook, other, "p")
    expect(channel(notebook, other)).to_contain_text("★")
    notebook.run(1)
    opener = notebook.page.get_by_role("button", name="Pins and bookmarks")
    expect(opener).to_contain_text("2")
    opener.click()
    dialog = notebook.page.get_by_role("dialog", name="Pins and bookmarks")
    layer = first.rpartition(":")[0]
    name = dialog.get_by_label(f"Name of {layer}:{other}")
    name.fill("floppy ear")
    name.press("Enter")
    notebook.screenshot("pins")
    repainted(notebook.panel("projection"), dialog.get_by_role("button", name="Go to layer1.0.conv2:7").click)
    expect(dialog).to_have_count(0)
    assert value_of(notebook, "w.unit") == "'layer1.0.conv2:7'"
    assert value_of(notebook, "[(p.unit, p.name) for p in w.pins]") == repr(
        [(f"{layer}:{other}", "floppy ear"), ("layer1.0.conv2:7", "edges")]
    )


def test_what_python_bookmarks_is_the_whole_view(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, "print(w.bookmark('Floppy ear'))", "w.visit('floppy-ear')")
    grid = notebook.panel("maps")
    repainted(grid, lambda: grid.get_by_label("sort").select_option("activation"))
    repainted(notebook.panel("projection"), channel(notebook, others(notebook)[2]).click)
    kept = value_of(notebook, "w.unit")
    notebook.page.locator(".jp-Cell").nth(1).hover()
    notebook.run(1)
    assert notebook.printed(1) == "[Floppy ear](#nbviz:floppy-ear)\n"
    repainted(grid, lambda: grid.get_by_label("sort").select_option("index"))
    repainted(notebook.panel("projection"), channel(notebook, others(notebook)[0]).click)
    notebook.page.locator(".jp-Cell").nth(1).hover()
    repainted(grid, lambda: notebook.run(2))
    ready(notebook)
    assert value_of(notebook, "w.unit") == kept
    expect(grid.get_by_label("sort")).to_have_value("activation")


LINKS = "See [the ear](#nbviz:floppy-ear), [edges](#nbviz:layer1.0.conv2:7), [right](#nbviz:right/layer2.0.conv1:3)."
TWO = (
    OPEN,
    "w.bookmark('Floppy ear')\nv = nbviz.explore(net, scenes.pictures[0], name='right', height=500)\nv",
)


def test_links_in_markdown_lead_into_the_view_above_them(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([TWO[0], MARKDOWN + LINKS, TWO[1]])
    notebook.run_all()
    ready(notebook, cell=0)
    ready(notebook, cell=2)
    link = notebook.page.locator(".jp-MarkdownCell").get_by_role("link")
    address, kept = notebook.page.url, value_of(notebook, "w.unit")
    before = value_of(notebook, "v.unit")
    repainted(notebook.panel("projection", 0), link.filter(has_text="edges").click)
    assert value_of(notebook, "w.unit") == "'layer1.0.conv2:7'"
    repainted(notebook.panel("projection", 0), link.filter(has_text="the ear").click)
    assert value_of(notebook, "w.unit") == kept
    assert value_of(notebook, "v.unit") == before
    repainted(notebook.panel("projection", 2), link.filter(has_text="right").click)
    assert value_of(notebook, "(w.unit, v.unit)") == f"({kept}, 'layer2.0.conv1:3')"
    assert notebook.page.url == address
    notebook.screenshot("links")


COMPOSED = """
import ipywidgets
other = nbviz.explore(net, scenes.pictures[0], height=500)
for name in ("unit", "layer", "pins"):
    ipywidgets.link((w, name), (other, name))
slider = ipywidgets.interactive(lambda picture: setattr(w, "image_index", picture), picture=(0, 2))
ipywidgets.VBox([slider, ipywidgets.Tab([ipywidgets.HBox([other])], titles=["other"])])
"""


def test_linked_explorers_go_together_in_boxes_and_tabs(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, COMPOSED)
    notebook.run(1)
    ready(notebook, cell=1)
    number = others(notebook, cell=0)[0]
    repainted(notebook.panel("projection", 1), channel(notebook, number, cell=0).click)
    expect(channel(notebook, number, cell=1)).to_have_attribute("aria-selected", "true")
    channel(notebook, number, cell=1).focus()
    notebook.page.keyboard.press("p")
    expect(channel(notebook, number, cell=0)).to_contain_text("★")
    handle = notebook.output(1).locator(".widget-slider [role=slider], .widget-slider .noUi-handle").first
    handle.focus()
    repainted(notebook.panel("picture", 0), lambda: notebook.page.keyboard.press("ArrowRight"))
    assert value_of(notebook, "w.image_index, other.image_index") == "(2, 0)"


def test_anything_is_found_by_a_part_of_its_name(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    keys = notebook.page.keyboard
    channel(notebook, others(notebook)[0]).focus()
    keys.press("/")
    finder = notebook.page.get_by_role("combobox", name=re.compile("^Find a unit"))
    expect(finder).to_be_focused()
    keys.type("2.0.conv1:11")
    expect(notebook.page.get_by_role("option", name="layer2.0.conv1:11 unit")).to_be_visible()
    notebook.screenshot("find")
    repainted(notebook.panel("projection"), lambda: keys.press("Enter"))
    assert value_of(notebook, "w.unit") == "'layer2.0.conv1:11'"
    label = eval(value_of(notebook, "net.labels[5]"))
    keys.type(label)
    repainted(notebook.panel("overlay"), lambda: keys.press("Enter"))
    expect(notebook.panel("overlay")).to_contain_text(label, timeout=ANSWER_MS)
    assert value_of(notebook, "w.target") == "5"


WRITTEN = """
w.unit = 'layer1.0.conv2:7'
w.image_index = 1
w.bookmark('Floppy ear')
w.image_index, w.unit = 0, opening
print(w.to_html('page.html'))
"""


def test_a_page_opens_at_the_bookmark_its_address_names(open_notebook: OpenNotebook, lab: Lab) -> None:
    notebook = opened(open_notebook, "opening = w.unit", WRITTEN)
    notebook.run(1)
    notebook.run(2)
    address = (lab.server.root / "page.html").as_uri()
    page = notebook.page.context.new_page()
    try:
        page.goto(f"{address}#floppy-ear")
        grid = page.locator('[data-panel="maps"]')
        expect(grid).to_contain_text("layer1.0.conv2")
        expect(page.get_by_role("option", name="picture 2")).to_have_attribute("aria-selected", "true")
        expect(grid).to_have_attribute("data-state", "ready")
        page.get_by_role("button", name="Share", exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text(f"{address}#layer1.0.conv2:7")
        page.goto(f"{address}#layer4.0.conv2:{value_of(notebook, 'opening')[1:-1].rpartition(':')[2]}")
        expect(grid).to_contain_text("layer4.0.conv2")
    finally:
        page.close()
