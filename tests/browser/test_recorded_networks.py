"""A page of two networks, without a kernel: what excites the units of the second one is there, and its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from playwright.sync_api import Locator, Page, expect

from nbviz.sharing.packing import pack, unpack
from tests.browser.conftest import OpenFile, OpenNotebook
from tests.browser.explorer import opened
from tests.browser.frozen import Live, as_wide, width_of
from tests.browser.lab import ANSWER_MS, ARTIFACTS, repainted
from tests.browser.pixels import changed, differs, held, is_blank

if TYPE_CHECKING:
    from tests.browser.pixels import Picture

TWO_NETWORKS = """
import torch, nbviz
from torch import nn

def made(seed, name):
    torch.manual_seed(seed)
    model = nn.Sequential()
    for number, (inputs, units) in enumerate([(3, 8), (8, 5)], 1):
        model.add_module(f"conv{number}", nn.Conv2d(inputs, units, 5, padding=2))
        model.add_module(f"relu{number}", nn.ReLU())
    model.add_module("head", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 4)))
    net = nbviz.Network(model, input_size=48)
    net.name = name
    return net

scenes = list(nbviz.demo.scenes(2, seed=7).pictures)
w = nbviz.compare(made(1, "early"), made(2, "late"), scenes, layer="conv2", height=760)
w
"""
# Before anything of it is looked at: what is on the page is what was recorded ahead.
RECORD = 'w.precompute(methods=["visualize", "gallery"], top_k=None, images=[0], progress=False); w.to_html("{}")'
UNIT = 4


@dataclass(frozen=True)
class Seen:
    """What excites a network's units: the grid of all of them, one unit's picture, and the last but one of its film."""

    grid: Picture
    end: Picture
    before: Picture


class View:
    """The widget in a notebook, where what excites is drawn when asked for; or its page, where it is there at once."""

    def __init__(self, area: Page | Locator, live: bool) -> None:
        self.live = live
        self.grid = area.locator('[data-panel="maps"]')
        self.pane = area.locator('[data-panel="excites"]')

    def looked_at(self) -> list[Seen]:
        """What it shows of the first network and of the second one, once a unit was clicked."""
        expect(self.grid).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
        self.grid.locator(f'[role="gridcell"][data-channel="{UNIT}"]').click()
        if self.live:
            self.pane.get_by_role("button", name="Start").click()
        grids = [self._drawn(shown_by) for shown_by in ("excites", "late")]
        return [Seen(grid, *self._film(number)) for number, grid in enumerate(grids)]

    def _drawn(self, shown_by: str) -> Picture:
        choose = self.grid.get_by_role("radio", name=shown_by).click
        if self.live:
            choose()
            choose = self.grid.get_by_role("button", name="Draw what excites each unit").click
        repainted(self.grid, choose)
        expect(self.grid).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
        sheet = held(self.grid.locator("canvas"))
        # Below the tiles the canvas is empty, as far as the panel reaches.
        return sheet[: np.flatnonzero(sheet.any(axis=(1, 2))).max() + 1]

    def _film(self, number: int) -> tuple[Picture, Picture]:
        panel = self.pane.locator('[data-panel="excites_b"]') if number else self.pane
        expect(panel.locator(".caption").first).to_contain_text(f"conv2:{UNIT} · 128 steps", timeout=ANSWER_MS)
        expect(panel).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
        canvas = panel.locator("figure canvas").first
        end = held(canvas)
        repainted(panel, lambda: panel.get_by_role("slider", name="film").first.press("ArrowLeft"))
        return end, held(canvas)


def as_recorded(picture: Picture) -> Picture:
    """A synthesised picture as a page keeps it: as a photograph."""
    kept = unpack(pack("synthesis", picture))
    return np.frombuffer(kept, np.uint8).reshape(picture.shape)


def test_what_excites_the_units_of_both_networks_is_on_the_page(
    open_notebook: OpenNotebook, open_file: OpenFile, tmp_path: Path
) -> None:
    file = tmp_path / "two.html"
    notebook = opened(open_notebook, RECORD.format(file), source=TWO_NETWORKS)
    notebook.run(1)
    live = View(notebook.output(0), live=True).looked_at()
    width = width_of(notebook.output(0))
    page = open_file(file)
    expect(page.locator(".status")).to_have_text("recording")
    as_wide(page, page, Live({}, width))
    recorded = View(page, live=False).looked_at()
    page.screenshot(path=ARTIFACTS / "page-two-networks.png")
    for shown, wanted in zip(recorded, live, strict=True):
        assert not any(is_blank(one) for one in (shown.grid, shown.end, shown.before))
        assert np.array_equal(shown.grid, wanted.grid)
        assert np.array_equal(shown.before, wanted.before)
        assert changed(as_recorded(wanted.end), shown.end) == 0
    first, second = recorded
    for one, other in ((first.grid, second.grid), (first.end, second.end), (first.before, second.before)):
        assert differs(one, other)
