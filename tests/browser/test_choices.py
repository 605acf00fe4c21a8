"""What a person can turn: the part of the picture that is shown, a method's parameters and layer, what is excited."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import opened, ready, value_of
from tests.browser.lab import ANSWER_MS, Notebook, repainted
from tests.browser.pixels import differs, is_blank, picture


def control(notebook: Notebook, label: str) -> Locator:
    """A labelled field of the picture's panel."""
    name = notebook.page.locator(f"span:text-is('{label}')")
    return notebook.panel("picture").locator("label.field").filter(has=name).locator("select, input")


def test_a_small_receptive_field_is_enlarged_beside_what_it_explains(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, "w.unit = 'layer1.0.conv2:7'")
    panel = notebook.panel("projection")
    repainted(panel, lambda: notebook.run(1))
    ready(notebook)
    expect(panel.locator("canvas")).to_have_count(2)
    expect(panel).to_contain_text(re.compile(r"rows \d+–\d+, columns \d+–\d+"))
    projected, patch = (picture(canvas) for canvas in panel.locator("canvas").all())
    assert differs(projected, patch)
    assert not is_blank(projected, share=0.1)
    assert not is_blank(patch, share=0.1)
    notebook.screenshot("receptive-field")
    panel.get_by_role("radio", name="receptive field").focus()
    repainted(panel, lambda: notebook.page.keyboard.press("ArrowRight"))
    expect(panel.locator("canvas")).to_have_count(1)


def test_a_slow_map_grows_and_a_typed_parameter_makes_another(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("overlay")
    repainted(panel, lambda: control(notebook, "method").select_option(label="SmoothGrad"))
    ready(notebook, "overlay")
    control(notebook, "samples").fill("500")
    control(notebook, "samples").press("Enter")
    expect(panel).to_contain_text(re.compile(r"samples 500.* step \d+ of 500"), timeout=ANSWER_MS)
    assert panel.get_attribute("data-state") == "computing"
    assert not is_blank(picture(panel.locator("canvas")))
    notebook.page.keyboard.press("Escape")
    expect(panel).to_contain_text(re.compile(r"stopped at step \d+ of 500"))
    assert value_of(notebook, "w.wait(5)") == "True"
    control(notebook, "samples").fill("8")
    repainted(panel, lambda: control(notebook, "samples").press("Enter"))
    expect(panel).to_contain_text("SmoothGrad (samples 8)", timeout=ANSWER_MS)
    ready(notebook, "overlay")


def test_grad_cam_follows_the_chosen_layer(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("overlay")
    last = picture(panel.locator("canvas"))
    repainted(panel, lambda: control(notebook, "at").select_option("chosen"))
    layer = notebook.page.get_by_role("treeitem", name=re.compile("^layer2"))
    repainted(panel, layer.first.click)
    ready(notebook)
    expect(panel).to_contain_text("Grad-CAM at layer2")
    assert differs(last, picture(panel.locator("canvas")))


def test_a_picture_is_chosen_by_its_thumbnail_and_a_class_is_drawn(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    small = notebook.panel("thumbnails").locator("img")
    expect(small).to_have_count(3)
    assert not any(is_blank(picture(one)) for one in small.all())
    repainted(notebook.panel("projection"), small.nth(2).click)
    ready(notebook)
    assert value_of(notebook, "w.image_index") == "2"
    label = notebook.page.locator(".class-bar .name").first.inner_text()
    panel = notebook.panel("excites")
    panel.get_by_label("steps").fill("8")
    notebook.page.get_by_role("button", name=f"What excites {label}", exact=True).click()
    expect(panel).to_contain_text(f"logit of {label} · 8 steps", timeout=ANSWER_MS)
    assert not is_blank(picture(panel.locator("canvas")))
