"""The unit pane as a person uses it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import opened
from tests.browser.lab import ANSWER_MS, repainted
from tests.browser.pixels import changed, differs, picture


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
