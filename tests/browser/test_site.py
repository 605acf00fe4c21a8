"""An atlas as a static site, in a real browser: with a server that knows byte ranges, and with one that does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

import nbviz
from nbviz.cli import main
from nbviz.cli.serve import server
from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import channel, opened
from tests.browser.lab import ARTIFACTS, Lab, repainted
from tests.browser.pixels import held, is_blank, picture

if TYPE_CHECKING:
    from tests.browser.pixels import Picture

LAYER = "layer4.0.conv2"


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> nbviz.Atlas:
    folder = tmp_path_factory.mktemp("scenes")
    scenes = nbviz.demo.scenes(24, 3)
    for number, (pixels, names) in enumerate(zip(scenes.pictures, scenes.names, strict=True)):
        (folder / names[0]).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / names[0] / f"{number:02d}.png")
    made = nbviz.scan(
        nbviz.Network.demo(device="cpu"), folder, folder.parent / "atlas", layers=[LAYER, "fc"], k=4, progress=False
    )
    made.add("deconvnet", progress=False)
    return made


@pytest.fixture(scope="module")
def site(atlas: nbviz.Atlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exported by the command line."""
    folder = tmp_path_factory.mktemp("published") / "site"
    assert main(["serve", str(atlas.path), "--export", str(folder)]) == 0
    return folder


class Plain(SimpleHTTPRequestHandler):
    """Python's own server of files, which knows no ranges."""

    def log_message(self, *_: object) -> None:
        """Requests are not news."""


@contextmanager
def at_work(running: HTTPServer) -> Iterator[str]:
    """The server's address while it serves."""
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def ranges(site: Path) -> Iterator[str]:
    with at_work(server(site)) as address:
        yield address


@pytest.fixture
def plain(site: Path) -> Iterator[str]:
    with at_work(ThreadingHTTPServer(("127.0.0.1", 0), partial(Plain, directory=str(site)))) as address:
        yield address


@pytest.fixture(params=["ranges", "plain"])
def served(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture
def open_site(lab: Lab) -> Iterator[Callable[[str], Page]]:
    browser = lab.context.browser
    assert browser is not None
    context = browser.new_context(viewport={"width": 1300, "height": 900}, color_scheme="dark")
    errors: list[str] = []
    asked: list[str] = []

    def open_(url: str) -> Page:
        page = context.new_page()
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        return page

    yield open_
    context.close()
    assert errors == []
    assert not [url for url in asked if not url.startswith(("http://127.0.0.1:", "blob:"))]


def test_a_site_shows_each_units_patches(
    served: str, open_site: Callable[[str], Page], atlas: nbviz.Atlas, request: pytest.FixtureRequest
) -> None:
    page = open_site(f"{served}/#{LAYER}:5")
    panel = page.locator('[data-panel="unit"]')
    expect(panel).to_have_attribute("data-state", "ready")
    expect(panel.get_by_role("heading", name=f"{LAYER}:5")).to_be_visible()
    for patch, figure in zip(atlas.top(f"{LAYER}:5"), panel.locator(".patches figure").all(), strict=True):
        assert patch.image is not None
        expect(figure.locator("figcaption small")).to_have_text(patch.label or "")
        shown = picture(figure.locator("img").first)
        expected = patch.image.convert("RGB").resize((shown.shape[1], shown.shape[0]), Image.Resampling.BOX)
        assert np.abs(shown.astype(float) - np.asarray(expected)).mean() < 25
        expect(figure.locator("img")).to_have_count(2)  # its projection, too
    # Another unit, by click and by keyboard, another layer, another order; the address follows.
    page.locator('[role="gridcell"][data-channel="17"]').click()
    expect(panel.get_by_role("heading", name=f"{LAYER}:17")).to_be_visible()
    assert page.url.endswith(f"#{LAYER}:17")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(panel.get_by_role("heading", name=f"{LAYER}:18")).to_be_visible()
    page.get_by_role("combobox", name="layer").select_option("fc")
    expect(panel.get_by_role("heading", name="fc:0")).to_be_visible()
    page.get_by_role("combobox", name="sort").select_option("high")
    strongest = int(np.argmax(atlas.statistics("fc").high))
    expect(page.locator('[role="gridcell"]').first).to_have_attribute("data-channel", str(strongest))
    page.screenshot(path=ARTIFACTS / f"site-{'plain' if 'plain' in request.node.name else 'ranges'}.png")


def test_a_unit_is_read_by_one_range(ranges: str, site: Path, open_site: Callable[[str], Page]) -> None:
    page = open_site(f"{ranges}/#{LAYER}:5")
    expect(page.locator('[data-panel="unit"]')).to_have_attribute("data-state", "ready")
    with page.expect_response(lambda answer: answer.url.endswith(".bin")) as waited:
        page.locator('[role="gridcell"][data-channel="9"]').click()
    assert waited.value.status == 206
    assert len(waited.value.body()) < (site / "0.bin").stat().st_size / 20


def live_view(atlas: nbviz.Atlas) -> str:
    return f"""
import nbviz
w = nbviz.explore(
    nbviz.Network.demo(device="cpu"), atlas={str(atlas.path)!r}, layer={LAYER!r}, method="deconvnet", height=1000
)
w
"""


def pictures_of(figures: Locator) -> list[Picture]:
    """Of each patch its pixels and those of its projection."""
    return [held(image) for image in figures.locator("img").all()]


def test_a_click_shows_the_pictures_that_the_live_widget_shows(
    plain: str, open_site: Callable[[str], Page], atlas: nbviz.Atlas, open_notebook: OpenNotebook
) -> None:
    notebook = opened(open_notebook, source=live_view(atlas))
    page = open_site(f"{plain}/#{LAYER}:5")
    panel = page.locator('[data-panel="unit"]')
    expect(panel).to_have_attribute("data-state", "ready")
    before = pictures_of(panel.locator(".patches"))
    # Units that fire: a patch that does not has a projection of nothing but grey.
    for unit in [int(number) for number in np.argsort(atlas.statistics(LAYER).fired)[-2:]]:
        repainted(notebook.panel("patches"), channel(notebook, unit).click)
        live = pictures_of(notebook.panel("patches").locator(".mosaic"))
        page.locator(f'[role="gridcell"][data-channel="{unit}"]').click()
        expect(panel.get_by_role("heading", name=f"{LAYER}:{unit}")).to_be_visible()
        shown = pictures_of(panel.locator(".patches"))
        assert len(shown) == len(live) == 2 * len(atlas.top(f"{LAYER}:{unit}"))
        for one, other in zip(shown, live, strict=True):
            assert not is_blank(one)
            assert np.array_equal(one, other)
        assert not all(np.array_equal(one, other) for one, other in zip(shown, before, strict=True))
        before = shown
