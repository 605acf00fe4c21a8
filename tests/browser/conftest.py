"""One JupyterLab and one Chromium for all browser tests; a page of its own for every notebook."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, sync_playwright

from tests.browser import frozen
from tests.browser.lab import ARTIFACTS, Lab, Notebook
from tests.browser.server import serve
from tools.browser import find

CHROMIUM_ARGS = [
    "--no-sandbox",  # Chromium refuses root otherwise; it only ever shows the tests' own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no page of a test reaches beyond this machine
    "--use-fake-device-for-media-stream",  # a camera that shows a test pattern
]
WINDOW = ViewportSize(width=1400, height=1000)

FAILED = pytest.StashKey[bool]()

OpenNotebook = Callable[[Sequence[str]], Notebook]
OpenFile = Callable[[Path | str], Page]


# `package`, not `session`: Playwright keeps an event loop running, which must be gone before other tests start theirs.
@pytest.fixture(scope="package")
def window() -> Iterator[BrowserContext]:
    """The browser in which all pages are opened."""
    browser_path = find()
    if browser_path is None:
        pytest.fail("The browser tests need a Chromium: run `python -m tools.browser`, or set NBVIZ_BROWSER.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=CHROMIUM_ARGS)
        yield browser.new_context(viewport=WINDOW)
        browser.close()


@pytest.fixture(scope="package")
def lab(window: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab in the browser."""
    with serve(tmp_path_factory.mktemp("lab")) as server:
        yield Lab(server, window)


@pytest.fixture(scope="package")
def places(tmp_path_factory: pytest.TempPathFactory) -> frozen.Places:
    """A frozen notebook and its pages."""
    return frozen.freeze(tmp_path_factory.mktemp("frozen"))


@pytest.fixture(scope="package")
def live(lab: Lab) -> frozen.Live:
    """What the live widget shows."""
    return frozen.look(lab)


@pytest.fixture
def open_notebook(lab: Lab, request: pytest.FixtureRequest) -> Iterator[OpenNotebook]:
    """Open a notebook of the given code cells; what is still open at the end is pictured where the test failed."""
    opened: list[Notebook] = []
    name = re.sub(r"\W+", "-", request.node.name).strip("-")

    def open_(cells: Sequence[str]) -> Notebook:
        opened.append(lab.open(cells, name))
        return opened[-1]

    yield open_
    for number, notebook in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            notebook.screenshot(f"failed/{name}-{number}")
            print(f"picture: {ARTIFACTS / 'failed' / name}-{number}.png")
            print("console:", *notebook.console_errors, sep="\n  ")
        notebook.close()


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report
