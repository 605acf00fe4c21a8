"""Readers without a kernel, in real browsers, with the network blocked: what was recorded can be clicked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenNotebook
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
    projection,
)
from tests.browser.lab import ANSWER_MS, Lab, Notebook

OpenFile = Callable[[Path | str], Page]


@pytest.fixture
def open_file(lab: Lab) -> Iterator[OpenFile]:
    """Open a page from disk in a browser that has no network; anything asked of one fails the test."""
    browser = lab.context.browser
    assert browser is not None
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True)
    asked: list[str] = []
    errors: list[str] = []

    def open_(url: Path | str) -> Page:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.goto(url if isinstance(url, str) else url.as_uri())
        return page

    yield open_
    context.close()
    assert not [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))]
    assert errors == []


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


def test_a_frozen_notebook_as_a_page(places: Places, open_file: OpenFile, live: Live) -> None:
    page = open_file(places.page)
    explorer, linked = page.frame_locator("iframe").first, page.frame_locator("iframe").nth(1)
    expect(page.get_by_text("the end", exact=True)).to_be_visible()
    assert_shows(page, explorer, live)
    # The second output has no pictures of its own: it borrows them, and its two widgets stay linked.
    choose(linked, UNIT)
    expect(linked.locator("body")).to_contain_text("IntSlider: needs a kernel")
    for still in page.locator("figure[data-nbviz]").all():
        expect(still).to_be_hidden()
    assert not any(frame.evaluate("window.attacked") for frame in page.frames)


@pytest.fixture
def without_kernel(lab: Lab, places: Places) -> Iterator[Callable[[bool], Notebook]]:
    """The frozen notebook in JupyterLab with no kernel behind it, trusted or as it was received."""
    opened: list[Notebook] = []

    def open_(trusted: bool) -> Notebook:
        # A signature is one of content: a copy of a trusted notebook is trusted, so each differs.
        sheet = nbformat.read(places.notebook, as_version=4)
        sheet.metadata["reader"] = "trusting" if trusted else "careful"
        path = lab.server.root / f"frozen-{sheet.metadata['reader']}.ipynb"
        nbformat.write(sheet, path)
        if trusted:
            environment = os.environ | {"JUPYTER_DATA_DIR": str(lab.server.root.parent / "data")}
            subprocess.run([sys.executable, "-m", "nbformat.sign", str(path)], env=environment, check=True)
        opened.append(lab.open_file(path))
        opened[-1].page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.close()


def test_a_trusted_notebook_is_alive(without_kernel: Callable[[bool], Notebook], live: Live) -> None:
    notebook = without_kernel(True)
    explorer = notebook.output(1).frame_locator("iframe")
    assert_shows(notebook.page, explorer, live)
    choose(notebook.output(2).frame_locator("iframe"), UNIT)
    notebook.screenshot("frozen-trusted")


def test_a_notebook_that_was_received_shows_its_pictures(without_kernel: Callable[[bool], Notebook]) -> None:
    notebook = without_kernel(False)
    for cell, names in ((1, ["Picture", "Heat map", "Maps of", "Why the unit fires"]), (2, ["Maps of", "Picture"])):
        for name in names:
            shown = notebook.output(cell).get_by_alt_text(name).first
            expect(shown).to_be_visible()
            assert shown.evaluate("image => image.complete && image.naturalWidth > 30")
    expect(notebook.output(1).locator("iframe")).to_have_count(0)
    assert notebook.page.evaluate("window.attacked") is None
    notebook.screenshot("frozen-untrusted")


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
        snapshot = notebook.output(2).frame_locator("iframe")
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
