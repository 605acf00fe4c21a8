"""Looking at the picture: what is HERE, from which strength on, why a unit fired, what a covered part costs."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import opened, ready, value_of
from tests.browser.lab import ANSWER_MS, Notebook, repainted
from tests.browser.pixels import changed, differs, picture

COUNT_MESSAGES = """() => {
    window.told = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) { window.told += 1; return send.call(this, data); };
}"""


def at(shown: Locator, y: float, x: float) -> tuple[float, float]:
    """A place of an element, from shares of its height and width."""
    box = shown.bounding_box()
    assert box
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def slide(notebook: Notebook, label: str, share: float) -> None:
    notebook.panel("picture").get_by_label(label).fill(str(share))


def strongest(notebook: Notebook, y: int, x: int, count: int) -> list[int]:
    """The strongest units at a position, as Python knows them."""
    maps = f"w.session.recording(w.image_index).maps(w.layer)[:, {y}, {x}].detach()"
    return [int(n) for n in re.findall(r"\d+", value_of(notebook, f"{maps}.topk({count}).indices.tolist()"))]


def test_a_place_shows_its_strongest_units_without_a_message_and_a_click_keeps_it(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    page, stage = notebook.page, notebook.panel("overlay").locator(".picture")
    here = notebook.panel("overlay").locator(".here")
    expect(here).to_contain_text("point at the picture")
    stage.scroll_into_view_if_needed()
    page.evaluate(COUNT_MESSAGES)
    for step in range(12):
        page.mouse.move(*at(stage, 0.23 + step / 20, 0.38))
    expect(here).to_contain_text(re.compile(r"HERE 9,4"))
    units = here.locator(".chip")
    shown = [int(text.split()[0]) for text in units.all_inner_texts()]
    assert page.evaluate("window.told") == 0, "hover is the page's own affair"
    assert set(shown[:3]) <= set(strongest(notebook, 9, 4, 6))

    page.mouse.click(*at(stage, 0.54, 0.54))
    expect(here).to_contain_text("HERE 6,6")
    page.mouse.move(*at(stage, 0.1, 0.1))
    expect(here).to_contain_text("HERE 6,6")
    stage.focus()
    page.keyboard.press("ArrowRight")
    expect(here).to_contain_text("HERE 6,7")
    chosen = units.nth(1).inner_text().split()[0]
    repainted(notebook.panel("projection"), units.nth(1).click)
    assert value_of(notebook, "w.unit") == f"'layer4.0.conv2:{chosen}@6,7'"
    notebook.screenshot("here")
    stage.focus()
    page.keyboard.press("Escape")
    expect(here).to_contain_text("point at the picture")


def test_a_threshold_uncovers_and_what_made_the_unit_fire_lies_over_the_picture(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("overlay")
    canvas = panel.locator("canvas")
    slide(notebook, "opacity", 0)
    bare = picture(canvas)
    slide(notebook, "opacity", 1)
    everything = changed(bare, picture(canvas))
    slide(notebook, "threshold", 0.6)
    expect(panel).to_contain_text(re.compile(r"shown from [\d.e−]+"))
    strong = changed(bare, picture(canvas))
    assert 0 < strong < 0.7 * everything
    slide(notebook, "threshold", 0)
    before = picture(canvas)
    repainted(panel, notebook.page.get_by_role("radio", name="why").click)
    expect(panel).to_contain_text(re.compile(r"Deconvnet of layer4.0.conv2:\d+ · value"))
    expect(panel).to_contain_text("grey is 0")
    assert differs(before, picture(canvas))
    assert 0.01 < changed(bare, picture(canvas)) < 0.9
    notebook.screenshot("projection-overlay")


def test_a_window_moved_by_hand_changes_the_scores(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    page, stage = notebook.page, notebook.panel("overlay").locator(".picture")
    notebook.page.get_by_role("button", name="Cover a part of the picture by hand").click()
    scores = notebook.panel("occlude")
    expect(scores).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    stage.scroll_into_view_if_needed()
    page.mouse.move(*at(stage, 0.1, 0.1))
    page.mouse.down()
    for step in range(40):
        page.mouse.move(*at(stage, 0.1 + 0.02 * step, 0.1 + 0.01 * step))
    page.mouse.up()
    expect(scores).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    page.wait_for_timeout(300)
    ready(notebook, "occlude")
    first = scores.locator("li").first
    shown = first.locator("b").inner_text()
    # The window of a quarter of 96 pixels around (0.88, 0.49).
    box = value_of(notebook, "[int(round(0.88 * 96 - 12)), int(round(0.49 * 96 - 12))]")
    top, left = (int(n) for n in re.findall(r"\d+", box))
    top = min(top, 96 - 24)
    asked = f"{{'image': 0, 'box': [{top}, {left}, {top + 24}, {left + 24}], 'fill': 'grey', 'target': None}}"
    expected = float(value_of(notebook, f"w.session.answer('occlude', {asked}).meta['classes'][0]['probability']"))
    assert abs(float(shown.split()[0]) - 100 * expected) < 2
    notebook.screenshot("occlusion-by-hand")
    before = picture(stage.locator("canvas"))
    stage.focus()
    repainted(scores, lambda: page.keyboard.press("ArrowUp"))
    ready(notebook, "occlude")
    assert differs(before, picture(stage.locator("canvas")), share=0.005)
    page.keyboard.press("Escape")
    expect(scores).to_have_count(0)


def test_one_class_minus_another(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("overlay")
    second = notebook.page.locator(".class-bar .name").nth(1).inner_text()
    before = picture(panel.locator("canvas"))
    repainted(panel, notebook.page.get_by_role("button", name=f"Minus {second}", exact=True).click)
    ready(notebook)
    expect(panel).to_contain_text(f"minus {second}: logits")
    assert differs(before, picture(panel.locator("canvas")))
    notebook.screenshot("class-minus-class")
    repainted(panel, notebook.page.get_by_role("button", name="Subtract no class").click)
    expect(panel).not_to_contain_text("minus")
