"""Readers without a kernel, in real browsers, with the network blocked: what was recorded can be clicked."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ipywidgets
import nbformat
import numpy as np
import pytest
from nbconvert import HTMLExporter
from PIL import Image
from playwright.sync_api import Locator, expect

import nbviz
from nbviz.sharing.freeze import freeze
from nbviz.sharing.outputs import WIDGET_STATE, WIDGET_VIEW, outputs_of
from tests.browser.conftest import OpenFile, OpenNotebook
from tests.browser.explorer import channel, ready
from tests.browser.frozen import (
    EXPLORER,
    LAYER,
    OTHER,
    SETUP,
    UNIT,
    UNRECORDED,
    Live,
    Places,
    assert_shows,
    choose,
    framed,
    projection,
)
from tests.browser.lab import ANSWER_MS, ARTIFACTS, PANEL, Lab, Notebook, asked_elsewhere
from tests.sharing.sanitisers import FORMER, GOGS, NBVIEWER_POLICY, Host

NBCONVERTS_OWN = {"cdnjs.cloudflare.com", "cdn.jsdelivr.net", "unpkg.com"}
"""Whom the page of nbconvert's template asks for scripts, whatever the notebook."""


def test_a_page_from_disk_is_clickable(places: Places, open_file: OpenFile, live: Live) -> None:
    page = open_file(places.alone.as_uri() + f"#{LAYER}:{UNIT}")
    expect(projection(page)).to_contain_text(f"{LAYER}:{UNIT} at ", timeout=ANSWER_MS)
    assert_shows(page, page, live)
    assert page.url.endswith(f"#{LAYER}:{OTHER}")
    expect(page.locator(".status")).to_have_text("recording")
    # What was not recorded says so, and the page lives on.
    lacking = page.locator('[role="gridcell"][data-lacking]').first
    lacking.click()
    expect(projection(page)).to_have_attribute("data-state", "unrecorded")
    expect(projection(page)).to_contain_text("needs a kernel")
    assert_shows(page, page, live)
    # Classes, keyboard, colour maps.
    page.locator('[data-panel="overlay"]').wait_for()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")


def test_a_page_is_fully_live_in_the_dark_and_says_what_needs_a_kernel(places: Places, open_file: OpenFile) -> None:
    page = open_file(places.alone.as_uri() + f"#{LAYER}:{UNIT}")
    page.emulate_media(color_scheme="dark")
    grid, overlay = page.locator('[data-panel="maps"]'), page.locator('[data-panel="overlay"]')
    expect(projection(page)).to_contain_text(f"{LAYER}:{UNIT} at ", timeout=ANSWER_MS)
    background = page.locator(".nbviz").first.evaluate("element => getComputedStyle(element).backgroundColor")
    assert max(int(level) for level in re.findall(r"\d+", background)[:3]) < 80
    # Order, hover, keyboard.
    cells = grid.locator('[role="gridcell"]')
    grid.get_by_label("sort").select_option("activation")
    expect(cells.first).not_to_have_attribute("data-channel", "0")
    overlay.locator(".picture").hover()
    expect(overlay.locator(".here")).to_contain_text(re.compile(r"HERE \d+,\d+"))
    chosen = grid.locator(f'[role="gridcell"][data-channel="{UNIT}"]')
    chosen.focus()
    page.keyboard.press("p")
    expect(chosen).to_contain_text("★")
    page.keyboard.press("ArrowRight")
    expect(grid.locator('[role="gridcell"]:focus')).not_to_have_attribute("data-channel", str(UNIT))
    # Six groups are recorded with a layer; another number, the gallery, a window held by hand are not.
    grid.get_by_label("groups").check()
    groups = page.locator('[data-panel="groups"]')
    expect(groups).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    grid.get_by_label("how many").fill("5")
    page.keyboard.press("Tab")
    grid.get_by_text("excites", exact=True).click()
    page.get_by_role("button", name="Cover a part of the picture").click()
    for panel in (groups, grid, page.locator('[data-panel="occlude"]')):
        expect(panel).to_have_attribute("data-state", "unrecorded", timeout=ANSWER_MS)
        expect(panel).to_contain_text("needs a kernel")
    page.screenshot(path=ARTIFACTS / "page-dark.png", full_page=True)


def test_a_frozen_notebook_as_a_page(places: Places, open_file: OpenFile, live: Live) -> None:
    page = open_file(places.page)
    expect(page.get_by_text("the end", exact=True)).to_be_visible()
    assert_shows(page, framed(page), live)
    # The second output has no pictures of its own: it borrows them, and its two widgets stay linked.
    linked = framed(page, 1)
    choose(linked, UNIT)
    expect(linked.locator("body")).to_contain_text("IntSlider: needs a kernel")
    for still in page.locator("figure[data-nbviz]").all():
        expect(still).to_be_hidden()
    assert not any(frame.evaluate("window.attacked") for frame in page.frames)


class Nbviewer(SimpleHTTPRequestHandler):
    """Sends pages as nbviewer does."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", NBVIEWER_POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Requests are not news."""


@pytest.fixture
def nbviewer(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which its files are served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Nbviewer, directory=str(tmp_path))) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield tmp_path, f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_nbconverts_own_page_is_alive_from_disk_and_on_nbviewer(
    places: Places, nbviewer: tuple[Path, str], lab: Lab, live: Live
) -> None:
    folder, address = nbviewer
    make: Callable[..., Any] = HTMLExporter
    html, _ = make(template_name="lab").from_filename(str(places.notebook))
    file = folder / "frozen.html"
    file.write_text(html, "utf-8")
    for url in (file.as_uri(), f"{address}/frozen.html"):
        page = lab.context.new_page()
        page.set_viewport_size({"width": 1400, "height": 300})
        asked = asked_elsewhere(page)
        page.goto(url, wait_until="domcontentloaded")
        assert_shows(page, framed(page), live)
        # A view far from the window costs nothing yet; its pictures stand there meanwhile.
        expect(page.locator("iframe").nth(1).content_frame.locator(".view")).to_have_count(0)
        expect(page.locator("figure[data-nbviz]").last).to_be_visible()
        choose(framed(page, 1), UNIT)
        # The template of nbconvert asks for its own scripts, in vain; the views ask for nothing.
        assert {urlsplit(one).hostname for one in asked} <= NBCONVERTS_OWN
        page.close()


@pytest.mark.parametrize("host", [FORMER, GOGS], ids=lambda host: host.name)
def test_what_a_host_that_sanitises_shows(places: Places, open_file: OpenFile, tmp_path: Path, host: Host) -> None:
    shown = [
        host.sanitise(data["text/html"])
        for data in outputs_of(nbformat.read(places.notebook, 4))
        if "text/html" in data
    ]
    file = tmp_path / "host.html"
    file.write_text(f"<!doctype html><meta charset='utf-8'><title>host</title>{'<hr>'.join(shown)}", "utf-8")
    page = open_file(file)
    expect(page.locator("iframe, script")).to_have_count(0)
    expect(page.locator("img")).to_have_count(7)
    for picture in page.locator("img").all():
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.naturalWidth > 30") == host.shows_pictures
    expect(page.locator("body")).to_contain_text(f"Deconvnet of unit {LAYER}:{OTHER} at ")
    page.screenshot(path=ARTIFACTS / f"host-{host.name.replace(' ', '-')}.png")


@pytest.fixture
def without_kernel(lab: Lab) -> Iterator[Callable[[Any, bool], Notebook]]:
    """A notebook in JupyterLab with no kernel, trusted or as it was received; it asks for nothing elsewhere."""
    opened: list[Notebook] = []

    def open_(sheet: Any, trusted: bool) -> Notebook:
        # A signature is one of content: a copy of a trusted notebook is trusted, so each differs.
        sheet.metadata["reader"] = f"{'trusting' if trusted else 'careful'} {len(opened)}"
        path = lab.server.root / f"received-{'trusted' if trusted else 'untrusted'}.ipynb"
        nbformat.write(sheet, path)
        if trusted:
            environment = os.environ | {"JUPYTER_DATA_DIR": str(lab.server.root.parent / "data")}
            subprocess.run([sys.executable, "-m", "nbformat.sign", str(path)], env=environment, check=True)
        opened.append(lab.open_file(path))
        opened[-1].page.evaluate(f"() => {PANEL}.sessionContext.shutdown()")
        opened[-1].page.wait_for_function(f"() => {PANEL}.sessionContext.session === null")
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.close()
        assert notebook.asked_elsewhere == []


def test_a_trusted_notebook_is_alive(
    places: Places, without_kernel: Callable[[Any, bool], Notebook], live: Live
) -> None:
    notebook = without_kernel(nbformat.read(places.notebook, as_version=4), True)
    assert_shows(notebook.page, framed(notebook.output(1)), live)
    choose(framed(notebook.output(2)), UNIT)
    notebook.screenshot("frozen-trusted")


def test_a_notebook_that_was_received_shows_its_pictures_until_it_is_trusted(
    places: Places, without_kernel: Callable[[Any, bool], Notebook], live: Live
) -> None:
    notebook = without_kernel(nbformat.read(places.notebook, as_version=4), False)
    for cell, names in ((1, ["Picture", "Heat map", "Maps of", "Why the unit fires"]), (2, ["Maps of", "Picture"])):
        for name in names:
            shown = notebook.output(cell).get_by_alt_text(name).first
            expect(shown).to_be_visible()
            assert shown.evaluate("image => image.complete && image.naturalWidth > 30")
    expect(notebook.output(1).locator("iframe")).to_have_count(0)
    assert notebook.page.evaluate("window.attacked") is None
    # The sheet shows the whole picture at twice its size, the widget the part that the unit sees.
    why = inside(notebook.output(1).get_by_alt_text("Why the unit fires").first)[::2, ::2]
    assert nearest(why, live.shown[OTHER]) == 0
    assert nearest(why, live.shown[UNIT]) > 5
    notebook.screenshot("frozen-untrusted")
    notebook.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:trust')")
    notebook.page.locator(".jp-Dialog .jp-mod-accept").click()
    assert_shows(notebook.page, framed(notebook.output(1)), live)


def nearest(whole: Any, part: Any) -> float:
    """By how many levels a part differs from a larger picture, in the mean, where it fits best."""
    windows = np.lib.stride_tricks.sliding_window_view(whole.astype(np.int16), part.shape)
    return float(np.abs(windows - part.astype(np.int16)).mean(axis=(-3, -2, -1)).min())


def inside(shown: Locator) -> Any:
    """The pixels that a picture holds in its address."""
    encoded = (shown.get_attribute("src") or "").partition(",")[2]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))


def test_saved_state_of_widgets_does_no_harm_and_freezing_takes_it_out(
    without_kernel: Callable[[Any, bool], Notebook], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    w = nbviz.explore(nbviz.Network.demo(), nbviz.demo.scenes(2, seed=7, objects=2).pictures, unit=f"{LAYER}:{OTHER}")
    w.precompute(LAYER, "deconvnet", top_k=None, images=[0], progress=False)
    w.snapshot()
    state = ipywidgets.Widget.get_manager_state(widgets=[w])
    sheet = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(f"w{i}", outputs=[nbformat.v4.new_output("display_data", data)])
            for i, data in enumerate((w._repr_mimebundle_()[0], *shown))
        ],
        metadata={"widgets": {WIDGET_STATE: state}, "kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    w.close()
    assert WIDGET_VIEW in sheet.cells[0].outputs[0].data
    path = tmp_path / "saved.ipynb"
    nbformat.write(sheet, path)
    notebook = without_kernel(sheet, True)
    choose(framed(notebook.output(1)), UNIT)
    notebook.screenshot("saved-state")
    freeze(path, tmp_path / "frozen.ipynb", execute=False, progress=False)
    frozen = nbformat.read(tmp_path / "frozen.ipynb", as_version=4)
    assert "widgets" not in frozen.metadata
    assert not [data for data in outputs_of(frozen) if WIDGET_VIEW in data]


def test_a_frozen_notebook_runs_again(places: Places, lab: Lab) -> None:
    path = lab.server.root / "again.ipynb"
    path.write_bytes(places.notebook.read_bytes())
    notebook = lab.open_file(path)
    try:
        notebook.run(0)
        notebook.run(1)
        expect(notebook.output(1).locator("iframe")).to_have_count(0)
        ready(notebook, cell=1)
        channel(notebook, UNRECORDED, 1).click()
        expect(notebook.panel("projection", 1)).to_contain_text(f"{LAYER}:{UNRECORDED} at ", timeout=ANSWER_MS)
    finally:
        notebook.close()


def test_a_snapshot_lives_beside_the_widget(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SETUP, EXPLORER, "w.snapshot()"])
    notebook.run(0)
    notebook.run(1)
    ready(notebook, cell=1)
    channel(notebook, UNIT, 1).click()
    expect(notebook.panel("projection", 1)).to_contain_text(f"{LAYER}:{UNIT} at ", timeout=ANSWER_MS)
    notebook.run(2)
    notebook.page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    try:
        snapshot = framed(notebook.output(2))
        expect(projection(snapshot)).to_contain_text(f"{LAYER}:{UNIT} at ", timeout=ANSWER_MS)
        # What was looked at is in it; the theme of the notebook reaches into it.
        choose(snapshot, OTHER)
        colour = "element => getComputedStyle(element).backgroundColor"
        wanted = notebook.output(1).locator(".nbviz").first.evaluate(colour)
        expect(snapshot.locator(".nbviz").first).to_have_css("background-color", wanted, timeout=ANSWER_MS)
        notebook.output(2).scroll_into_view_if_needed()
        notebook.screenshot("snapshot-dark")
    finally:
        notebook.page.evaluate(
            "window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })"
        )
