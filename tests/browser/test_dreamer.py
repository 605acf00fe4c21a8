"""The Dreamer as a person uses it: dream, compare, go back in the film, take it along, ask what layers remember."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.audit import violations
from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import value_of
from tests.browser.lab import ANSWER_MS, Notebook, repainted
from tests.browser.pixels import changed, differs, is_blank, picture
from tests.browser.test_accessibility import NARROW, dressed

OPEN = """
import nbviz
import numpy as np
from PIL import Image
net = nbviz.Network.demo()
scenes = nbviz.demo.scenes(3, seed=7, objects=2)
images = [Image.fromarray(p).resize((150, 100)) for p in scenes.pictures]
w = nbviz.Dreamer(net, images, layer="layer3", octaves=2, steps=3, strength=4)
w
"""


def opened(open_notebook: OpenNotebook) -> Notebook:
    notebook = open_notebook([OPEN])
    notebook.run(0)
    _ready(notebook, "original")
    return notebook


def _ready(notebook: Notebook, panel: str) -> None:
    expect(notebook.panel(panel)).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)


def _stage(notebook: Notebook, panel: str) -> Locator:
    return notebook.panel(panel).locator(".stage .picture")


def _dream(notebook: Notebook) -> None:
    notebook.page.get_by_role("button", name="Dream", exact=True).click()
    expect(notebook.panel("dream")).to_contain_text("objective", timeout=ANSWER_MS)
    expect(notebook.panel("dream")).to_contain_text("→", timeout=ANSWER_MS)
    _ready(notebook, "dream")


def test_a_person_dreams_compares_and_takes_the_picture_along(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook = opened(open_notebook)
    page, dream = notebook.page, notebook.panel("dream")
    original = picture(_stage(notebook, "dream"))
    assert not is_blank(original)
    # The picture's own proportions, not the network's square.
    assert abs(original.shape[1] / original.shape[0] - 1.5) < 0.02

    _dream(notebook)
    slider = page.get_by_role("slider", name="Before and after")
    expect(slider).to_have_attribute("aria-valuenow", "50")
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "100 percent before, 0 percent after")
    _hide_names(notebook)
    assert changed(original, picture(_stage(notebook, "dream"))) < 0.03
    slider.press("Home")
    dreamt = picture(_stage(notebook, "dream"))
    assert differs(original, dreamt, share=0.2)
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "2")

    # By the pointer, also beyond the picture's edge.
    box = _stage(notebook, "dream").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 20)
    page.mouse.down()
    expect(slider).to_have_attribute("aria-valuenow", "25")
    page.mouse.move(box["x"] + 2 * box["width"], box["y"] + 20)
    page.mouse.up()
    expect(slider).to_have_attribute("aria-valuenow", "100")
    slider.press("Home")

    # Back in the film, and forward again.
    film = dream.get_by_label("film")
    repainted(dream, lambda: film.press("Home"))
    assert differs(dreamt, picture(_stage(notebook, "dream")))
    expect(dream).to_contain_text("step 1 of 6")
    repainted(dream, lambda: film.press("End"))

    # The line makes the same picture, and so does the file.
    line = dream.locator("code").inner_text()
    with page.expect_download() as download:
        dream.get_by_role("button", name="Save the picture").click()
    saved = tmp_path / "saved.png"
    download.value.save_as(saved)
    assert download.value.suggested_filename.startswith("picture-1-dream-of-layer3")
    again = value_of(notebook, f"(lambda image: {line})(images[0])._repr_png_()")
    made = Image.open(io.BytesIO(eval(again)))
    assert made.size == (150, 100)
    assert np.array_equal(np.asarray(Image.open(saved).convert("RGB")), np.asarray(made.convert("RGB")))


def _hide_names(notebook: Notebook) -> None:
    """The names over the picture and the divider are no part of it."""
    notebook.page.locator(".before-after").evaluate(
        "stage => stage.querySelectorAll('.side-name, .divider').forEach(part => { part.style.opacity = 0; })"
    )


def test_a_dream_is_stopped_guided_and_of_another_picture(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    page, dream = notebook.page, notebook.panel("dream")
    steps = page.get_by_label("steps")
    steps.fill("500")
    steps.press("Enter")
    page.get_by_role("button", name="Dream", exact=True).click()
    expect(dream).to_have_attribute("data-partial", "true", timeout=ANSWER_MS)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(dream).to_contain_text(re.compile(r"stopped at step \d+ of 1000"))
    expect(page.get_by_role("button", name="Dream", exact=True)).to_be_visible()

    # A guide, then a unit: each says what it was made of.
    steps.fill("2")
    steps.press("Enter")
    page.get_by_label("guided by").select_option(label="picture 3")
    _dream(notebook)
    expect(dream).to_contain_text("dream of layer3 guided by picture 3")
    page.get_by_role("radio", name="unit", exact=True).click()
    field = page.get_by_label("Unit", exact=True)
    field.fill("layer2:5")
    field.press("Enter")
    page.get_by_role("button", name="Dream", exact=True).click()
    expect(dream).to_contain_text("dream of layer2:5 ·", timeout=ANSWER_MS)
    _ready(notebook, "dream")

    # Another picture begins without a dream; the first one's is found again.
    strip = page.get_by_role("listbox", name="Pictures")
    strip.get_by_role("option").nth(1).click()
    expect(page.get_by_role("slider", name="Before and after")).to_have_count(0)
    _ready(notebook, "original")
    strip.get_by_role("option").nth(0).click()
    expect(dream).to_contain_text("dream of layer2:5", timeout=ANSWER_MS)
    assert value_of(notebook, "w.image_index, w.unit, w.method") == "(0, 'layer2:5', 'dream')"


def test_layers_show_what_they_remember_and_an_audit_finds_no_violation(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    page, inversion = notebook.page, notebook.panel("inversion")
    page.get_by_role("radio", name="inversion").click()
    expect(notebook.panel("picture")).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    steps = page.get_by_label("steps")
    steps.fill("12")
    steps.press("Enter")
    page.get_by_role("button", name="Invert", exact=True).click()
    expect(inversion).to_contain_text("12 steps", timeout=ANSWER_MS)
    _ready(notebook, "inversion")
    row = page.get_by_role("listbox", name="Layers").get_by_role("option")
    expect(row).to_have_count(6)
    assert not any(is_blank(picture(one)) for one in row.locator("img").all())

    first = picture(_stage(notebook, "inversion"))
    repainted(inversion, row.nth(4).click)
    assert differs(first, picture(_stage(notebook, "inversion")))
    expect(row.nth(4)).to_have_attribute("aria-selected", "true")
    layer = row.nth(4).locator("b").inner_text()
    error = float(re.search(r"error ([\d.e−]+)", row.nth(4).inner_text()).group(1).replace("−", "-"))  # type: ignore[union-attr]
    expect(inversion.locator("code")).to_have_text(re.compile(rf"nbviz\.invert\(net, image, '{re.escape(layer)}'"))
    line = inversion.locator("code").inner_text()
    again = float(value_of(notebook, f"(lambda image: {line})(images[0]).error"))
    assert abs(again - error) <= 0.005 * again + 1e-3
    row.nth(4).press("ArrowRight")
    expect(row.nth(5)).to_be_focused()
    assert value_of(notebook, "w.method") == "'inversion'"
    _audit(notebook)


def _audit(notebook: Notebook) -> None:
    """Both ways, filled, in light and dark, wide and narrow: no violation that an automated audit can find."""
    page = notebook.page
    page.get_by_role("radio", name="deep dream").click()
    _dream(notebook)
    found = []
    for theme, width in (("Light", 1400), ("Dark", NARROW)):
        with dressed(notebook, theme, width):
            for way in ("deep dream", "inversion"):
                page.get_by_role("radio", name=way).click()
                _ready(notebook, "original" if way == "deep dream" else "picture")
                found += [f"{theme} {width} {way}: {text}" for text in violations(notebook.output(0))]
                notebook.screenshot(f"dreamer-{theme}-{way}".replace(" ", "-"), page.locator(".dreamer"))
    assert not found, "\n".join(found)
    assert not notebook.console_errors
