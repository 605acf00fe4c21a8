"""More pictures: dropped, chosen from files, taken by the camera; and what is no picture."""

from __future__ import annotations

import io
import re

from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import opened, ready, value_of
from tests.browser.lab import ANSWER_MS, Notebook, repainted
from tests.browser.pixels import differs, is_blank, picture
from tests.doubles import noise

HOSTILE = "<img src=x onerror=alert(1)>"


def png(seed: int = 3, size: int = 300) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noise(1, seed, size)[0]).save(buffer, "png")
    return buffer.getvalue()


def files(notebook: Notebook) -> Locator:
    return notebook.panel("thumbnails").locator("input[type=file]")


def drop(notebook: Notebook, name: str, data: bytes, kind: str) -> None:
    """Let a file fall onto the widget, as a browser tells of it."""
    held = notebook.page.evaluate_handle(
        """([name, data, type]) => {
            const held = new DataTransfer();
            held.items.add(new File([new Uint8Array(data)], name, { type }));
            return held;
        }""",
        [name, list(data), kind],
    )
    stage = notebook.panel("overlay")
    stage.dispatch_event("dragover", {"dataTransfer": held})
    expect(notebook.page.locator(".nbviz[data-drop]")).to_have_count(1)
    stage.dispatch_event("drop", {"dataTransfer": held})


def test_pictures_are_added_by_drop_and_by_file_and_what_is_none_is_a_sentence(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, "w.add_image(scenes.pictures[0][::-1].copy(), 'upside down')")
    strip = notebook.panel("thumbnails")
    before = picture(notebook.panel("overlay").locator("canvas"))

    drop(notebook, f"{HOSTILE}.png", png(), "image/png")
    expect(strip.get_by_role("option", name=HOSTILE)).to_have_attribute("aria-selected", "true", timeout=ANSWER_MS)
    ready(notebook)
    assert differs(before, picture(notebook.panel("overlay").locator("canvas")))
    assert value_of(notebook, "[i.name for i in w.images][3:], w.image_index") == f"(['{HOSTILE}'], 3)"

    # A photograph of several parts, as a person chooses it.
    large = io.BytesIO()
    Image.fromarray(noise(1, 1, 1100)[0]).save(large, "png", compress_level=0)
    assert len(large.getvalue()) > 3 * 2**20
    files(notebook).set_input_files({"name": "large.png", "mimeType": "image/png", "buffer": large.getvalue()})
    expect(strip.get_by_role("option", name="large")).to_have_attribute("aria-selected", "true", timeout=ANSWER_MS)
    expect(strip.locator("img")).to_have_count(5)
    assert not any(is_blank(picture(one)) for one in strip.locator("img").all())

    files(notebook).set_input_files({"name": "virus.png", "mimeType": "image/png", "buffer": b"MZ not a picture"})
    alert = strip.get_by_role("alert")
    expect(alert).to_contain_text(re.compile("virus.png: .*not a picture that Pillow can read"), timeout=ANSWER_MS)
    drop(notebook, "film.mp4", b"", "video/mp4")
    expect(alert).to_have_text("film.mp4 is not a picture.")
    notebook.screenshot("pictures-added")

    notebook.run(1)
    ready(notebook)
    expect(strip.get_by_role("option", name="upside down")).to_have_attribute("aria-selected", "true")
    assert value_of(notebook, "len(w.images)") == "6"


def test_the_camera_is_refused_or_takes_a_picture(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    strip = notebook.panel("thumbnails")
    camera = strip.get_by_role("button", name="Take a picture with the camera")
    camera.click()
    expect(strip.get_by_role("alert")).to_contain_text("The camera was refused", timeout=ANSWER_MS)
    notebook.page.context.grant_permissions(["camera"])
    camera.click()
    take = strip.get_by_role("button", name="take the picture")
    expect(take).to_be_enabled(timeout=ANSWER_MS)
    notebook.screenshot("camera")
    repainted(notebook.panel("overlay"), take.click)
    ready(notebook)
    notebook.page.context.clear_permissions()
    expect(strip.get_by_role("option", name=re.compile("camera"))).to_have_attribute("aria-selected", "true")
    assert value_of(notebook, "w.image_index") == "3"
    expect(strip.locator("video")).to_have_count(0)


OTHER_SIZES = """
from PIL import Image
for size, name in (((300, 80), "wide"), ((20, 60), "small")):
    w.add_image(Image.fromarray(scenes.pictures[0]).resize(size), name)
"""


def test_pictures_may_be_very_large_or_of_other_sizes(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, OTHER_SIZES)
    strip, panel = notebook.panel("thumbnails"), notebook.panel("overlay")
    large = io.BytesIO()
    Image.new("RGB", (10_000, 10_000), (200, 30, 30)).save(large, "jpeg", quality=30)
    files(notebook).set_input_files({"name": "large.jpg", "mimeType": "image/jpeg", "buffer": large.getvalue()})
    expect(strip.get_by_role("option", name="large")).to_have_attribute("aria-selected", "true", timeout=2 * ANSWER_MS)
    ready(notebook)
    expect(panel).to_contain_text("large: scaled down from 10,000×10,000 pixels")

    # The network's own preprocessing makes them one size, in which all are shown and compared.
    repainted(panel, lambda: notebook.run(1))
    ready(notebook)
    expect(strip.get_by_role("option", name="small")).to_have_attribute("aria-selected", "true")
    notebook.panel("picture").get_by_label("compare with").select_option("picture")
    expect(notebook.panel("overlay_b")).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    ready(notebook)
    sides = [notebook.panel(name).locator("canvas").first for name in ("overlay", "overlay_b")]
    assert not any(is_blank(picture(side)) for side in sides)
    assert len({str(side.evaluate("canvas => [canvas.width, canvas.height]")) for side in sides}) == 1
    notebook.screenshot("pictures-of-other-sizes")
