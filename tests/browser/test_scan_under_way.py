"""An atlas that grows while a person looks at it: the scan runs in the same kernel."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import channel, opened, others, ready, value_of
from tests.browser.lab import ANSWER_MS, repainted
from tests.browser.pixels import is_blank, picture

SCAN = """
import tempfile, threading
import nbviz
net = nbviz.Network.demo()
made = nbviz.demo.scenes(60, seed=3)
go = threading.Event()

class Scenes:
    # Hands out the last ones, after the sample, only when told: the scan is under way for as long as a person looks.
    reads = 0
    def __len__(self):
        return 60
    def __getitem__(self, number):
        self.reads += 1
        if self.reads > 20 and number >= 40:
            go.wait()
        return made.pictures[number], made.names[number][0]

atlas = nbviz.scan(net, Scenes(), tempfile.mkdtemp() + "/scenes", layers=["layer3"], batch=10, background=True)
w = nbviz.explore(net, atlas=atlas, unit="layer3:14", height=1000)
w
"""


def test_patches_so_far_are_shown_while_a_scan_runs_and_clicks_are_answered(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, source=SCAN)
    panel = notebook.panel("patches")
    ready(notebook, "patches")
    expect(panel).to_contain_text(re.compile(r"so far, n = \d+ of 60"), timeout=ANSWER_MS)
    repainted(notebook.panel("projection"), channel(notebook, others(notebook)[0]).click)
    grid = notebook.panel("maps")
    repainted(grid, grid.get_by_role("radio", name="top patch").click)
    expect(grid.locator(".legend")).to_contain_text(re.compile(r"n = \d+ of 60 so far"), timeout=ANSWER_MS)
    assert not is_blank(picture(channel(notebook, others(notebook)[0])))
    value_of(notebook, "go.set()")
    expect(panel).to_contain_text(re.compile(r"(?<!so far, )n = 60"), timeout=ANSWER_MS)
    assert panel.locator(".patch").count() == 9
    expect(grid.locator(".legend")).to_contain_text(re.compile("n = 60$"), timeout=ANSWER_MS)
