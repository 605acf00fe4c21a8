"""A person finds the way on the map, orders and searches a large grid, and looks at groups."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import channel, opened, ready, value_of
from tests.browser.lab import ANSWER_MS, Notebook, repainted
from tests.browser.pixels import differs, is_blank, picture

SENT = """() => {
    const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
    window.sentByWidget = 0;
    kernel.anyMessage.connect((_, { msg, direction }) => {
        if (direction === 'send' && msg.header.msg_type === 'comm_msg') window.sentByWidget += 1;
    });
}"""


def stop(notebook: Notebook, name: str) -> Locator:
    """A stop of the map by its module's name."""
    return notebook.page.locator(f'[role="treeitem"][data-node="{name}"]')


def test_the_map_is_walked_by_mouse_and_keyboard_and_tells_what_fires(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    expect(notebook.page.locator('[role="treeitem"][aria-selected="true"]')).to_be_visible()
    stop(notebook, "layer2").locator(".twist").first.click()
    expect(stop(notebook, "layer2.0.conv2")).to_be_visible()
    grid = notebook.panel("maps").locator("canvas").first
    before = picture(grid)
    repainted(notebook.panel("maps"), stop(notebook, "layer2.0.conv2").click)
    assert value_of(notebook, "w.layer") == "'layer2.0.conv2'"
    assert differs(before, picture(grid))
    # Sideways to the next stop, Enter to go there; up closes what holds it.
    stop(notebook, "layer2.0.conv2").press("ArrowRight")
    repainted(notebook.panel("maps"), lambda: notebook.page.keyboard.press("Enter"))
    assert value_of(notebook, "w.layer") == "'layer2.0.bn2'"
    for _ in range(3):
        notebook.page.keyboard.press("ArrowUp")
    expect(stop(notebook, "layer2.0.conv2")).to_have_count(0)
    expect(stop(notebook, "layer2")).to_have_attribute("aria-expanded", "false")

    live = value_of(notebook, "int((w.session.recording(0).maps('layer3').flatten(1).amax(1) > 0).sum())")
    maxima = "max(w.session.recording(i).maps('layer3')[k].max() for i in range(3))"
    dead = value_of(notebook, f"sum(int({maxima} <= 0) for k in range(net.layers['layer3'].channels))")
    told = rf"{live} of 64 units above zero on this picture · {dead} on none of the 3 pictures here"
    expect(stop(notebook, "layer3")).to_have_attribute("aria-label", re.compile(told), timeout=ANSWER_MS)
    notebook.screenshot("map")


def test_the_receptive_field_of_the_chosen_layer_lies_on_the_picture(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    mark = notebook.panel("overlay").locator(".marks .field").first
    for layer in ("layer1", "layer2"):
        repainted(notebook.panel("maps"), stop(notebook, layer).locator("b").first.click)
        rows, columns = eval(value_of(notebook, f"net.layers['{layer}'].spatial"))
        y0, x0, y1, x1 = eval(
            value_of(notebook, f"net.layers['{layer}'].receptive_field.box({rows // 2}, {columns // 2})")
        )
        height, width = eval(value_of(notebook, "net.input_size"))
        shown, whole = mark.bounding_box(), notebook.panel("overlay").locator("canvas").first.bounding_box()
        assert shown is not None
        assert whole is not None
        scale = whole["width"] / width
        assert abs(shown["width"] - (x1 - x0) * scale) < 4
        assert abs(shown["height"] - (y1 - y0) * whole["height"] / height) < 4
        assert abs(shown["x"] - whole["x"] - x0 * scale) < 3


LARGE = """
import torch, nbviz
from torch import nn
torch.manual_seed(0)
net = nbviz.Network(nn.Sequential(
    nn.Conv2d(3, 16, 7, stride=8), nn.ReLU(), nn.Conv2d(16, 2048, 3, padding=1), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 5)), input_size=112)
w = nbviz.explore(net, nbviz.demo.scenes(1, seed=7, objects=2).pictures[0], layer="3", unit="3:17", height=760)
w
"""


def test_two_thousand_channels_scroll_and_peek_without_a_message(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, source=LARGE)
    tiles = notebook.panel("maps").locator(".tiles")
    expect(tiles).to_have_attribute("aria-rowcount", re.compile("^[12]..$"))
    assert tiles.locator('[role="gridcell"]').count() < 250
    first = picture(tiles)
    notebook.page.evaluate(SENT)
    tiles.evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(channel(notebook, 2047)).to_be_visible()
    last = picture(tiles)
    assert differs(first, last)
    assert not is_blank(last)
    for number in (2047, 2046, 2040):
        channel(notebook, number).hover()
        expect(notebook.panel("overlay")).to_contain_text(f"3:{number}")
    assert notebook.page.evaluate("window.sentByWidget") == 0
    find = notebook.page.get_by_label("Find a unit in the grid")
    find.fill("1234")
    find.press("Enter")
    expect(channel(notebook, 1234)).to_be_focused()


SLOW = """
import time
asked, running, at_once = [], [], []
answer = w.session.answer
def slowly(op, args, report):
    '''As a larger network answers, whatever else this machine does.'''
    if op != "projection":
        return answer(op, args, report)
    asked.append(args["unit"])
    running.append(op)
    at_once.append(len(running))
    time.sleep(0.05)
    try:
        return answer(op, args, report)
    finally:
        running.pop()
w.session.answer = slowly
"""


def test_two_hundred_fast_clicks_leave_one_job_and_the_right_picture(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, SLOW, source=LARGE)
    notebook.run(1)
    number = notebook.panel("maps").evaluate(
        """(grid) => {
            const cells = [...grid.querySelectorAll('[role="gridcell"]')].slice(0, 50);
            for (let i = 0; i < 200; i++) cells[(7 * i) % 50].click();
            return Number(cells[(7 * 199) % 50].dataset.channel);
        }"""
    )
    panel = notebook.panel("projection")
    expect(panel).to_contain_text(f"3:{number} at ", timeout=ANSWER_MS)
    ready(notebook, "projection")
    assert value_of(notebook, "w.wait(10)") == "True"
    assert value_of(notebook, "w.status") == "'idle'"
    asked = eval(value_of(notebook, "asked"))
    assert asked[-1] == f"3:{number}"
    assert len(asked) < 100
    assert eval(value_of(notebook, "max(at_once)")) == 1
    expected = float(value_of(notebook, f"float(w.session.recording(0).value(net.unit('3:{number}')))"))
    told = re.search(r"value ([\d.]+)", panel.inner_text())
    assert told is not None
    assert abs(float(told[1]) - expected) <= 0.006 * abs(expected)


def test_the_grid_is_ordered_thinned_out_and_shows_kernels(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("maps")
    tiles = panel.locator(".tiles")
    before = picture(tiles)
    repainted(panel, lambda: panel.get_by_label("sort").select_option("contribution"))
    shares = "nbviz.methods.contributions(net, w.session.recording(0), None, w.layer)"
    strongest = int(value_of(notebook, f"int({shares}.argmax())"))
    expect(tiles.locator('[role="gridcell"]').first).to_have_attribute("data-channel", str(strongest))
    assert differs(before, picture(tiles))
    repainted(panel, lambda: panel.get_by_label("sort").select_option("activation"))
    repainted(panel, lambda: panel.get_by_label("at least").fill("0.6"))
    kept = re.match(r"(\d+) of (\d+) ≥", panel.locator("output").inner_text())
    assert kept is not None
    count = tiles.locator('[role="gridcell"]').count()
    assert count == int(kept[1]) < int(kept[2])
    repainted(panel, lambda: panel.get_by_label("at least").fill("0"))
    maps = picture(tiles)
    repainted(panel, panel.get_by_role("radio", name="weights").click)
    kernels = picture(tiles)
    assert not is_blank(kernels)
    assert differs(maps, kernels)
    notebook.screenshot("weights")
    # A layer without weights says so, and the maps are one click away.
    stop(notebook, "layer3").locator("b").first.click()
    expect(panel.locator(".notice")).to_contain_text("no filters to show")
    panel.get_by_role("radio", name="activations").click()
    ready(notebook, "maps")
    # What excites each is drawn until one has seen enough: the button is gone, the keys are still heard.
    panel.get_by_role("radio", name="excites").click()
    panel.get_by_role("button", name="Draw what excites each unit").click()
    expect(panel).to_contain_text(re.compile(r"[1-9]\d* of \d+ drawn"), timeout=ANSWER_MS)
    notebook.page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Go on")).to_be_visible(timeout=ANSWER_MS)
    assert not is_blank(picture(tiles))


SCANNED = """
import tempfile, nbviz
net = nbviz.Network.demo()
made = nbviz.demo.scenes(40, seed=3)
folder = tempfile.mkdtemp()
atlas = nbviz.scan(net, list(made.pictures), folder + "/scenes", layers=["layer3", "layer4"], progress=False)
w = nbviz.explore(net, atlas=atlas, unit="layer4:5", height=760)
w
"""
RECORDED = """
done = w.precompute(layers=["layer3"], methods=[], top_k=1, progress=False)
w.to_html(folder + "/page.html")
"""


def test_the_grid_shows_each_unit_s_strongest_patch_in_a_recording_too(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, RECORDED, source=SCANNED)
    grid = notebook.panel("maps")
    maps = picture(grid.locator(".tiles"))
    repainted(grid, grid.get_by_role("radio", name="top patch").click)
    expect(grid.locator(".legend")).to_have_text("each unit's strongest patch in scenes, n = 40")
    expect(grid.locator('[role="gridcell"][aria-label*="not there yet"]')).to_have_count(0)
    ready(notebook, "maps")
    patches = picture(grid.locator(".tiles"))
    assert differs(maps, patches)
    assert not is_blank(picture(channel(notebook, 5)))
    score, name = eval(value_of(notebook, "(atlas.top('layer4:5')[0].score, atlas.top('layer4:5')[0].name)"))
    told = channel(notebook, 5).get_attribute("aria-label") or ""
    assert name in told
    assert abs(float(told.split("strongest ")[1].split(",")[0]) - score) < 0.01 * score
    notebook.screenshot("top-patches")
    # What is there is put into another order, and scrolled, without a word to the kernel.
    notebook.page.evaluate(SENT)
    repainted(grid, lambda: grid.get_by_label("sort").select_option("activation"))
    grid.locator(".tiles").evaluate("box => { box.scrollTop = box.scrollHeight }")
    repainted(grid, lambda: grid.get_by_label("sort").select_option("index"))
    assert notebook.page.evaluate("window.sentByWidget") == 0
    stop(notebook, "layer2").locator("b").first.click()
    expect(grid).to_contain_text("layer2 was not scanned: it is not in scenes.")

    notebook.run(1)
    page = notebook.page.context.new_page()
    page.goto(f"file://{eval(value_of(notebook, 'folder'))}/page.html#layer3:14")
    recorded = page.locator('[data-panel="maps"]')
    expect(recorded).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    expect(recorded.get_by_role("radio", name="top patch")).to_be_checked()
    expect(recorded.locator('[role="gridcell"][aria-label*="not there yet"]')).to_have_count(0)
    expect(recorded).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    assert not is_blank(picture(recorded.locator('[data-channel="14"]')))
    page.close()


def test_groups_lie_over_the_picture_and_order_the_grid(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    notebook.panel("maps").get_by_role("checkbox", name="groups").check()
    groups = notebook.panel("groups")
    expect(groups).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    before = picture(notebook.panel("overlay").locator("canvas").first)
    repainted(notebook.panel("overlay"), groups.get_by_role("button").nth(1).click)
    expect(notebook.panel("overlay")).to_contain_text("Group 2 of 6")
    assert differs(before, picture(notebook.panel("overlay").locator("canvas").first))
    weights = "nbviz.methods.groups(net, [p.x for p in w.session.pictures], w.layer, 6).weights[1]"
    members = value_of(notebook, f"{weights}.argsort(descending=True)[:3].tolist()")
    first = notebook.panel("maps").locator('[role="gridcell"]')
    assert [int(first.nth(i).get_attribute("data-channel") or -1) for i in range(3)] == eval(members)
    notebook.screenshot("groups")


PICKY = """
import numpy as np, torch, nbviz
from torch import nn
class Picky(nn.Module):
    def forward(self, x):
        if x.shape[0] == 1 and x.mean() > 0.9:
            raise RuntimeError("too bright for me")
        return x
attack = "<img src=x onerror=window[`attacked`]=true>"
model = nn.Sequential()
model.add_module("first", nn.Conv2d(3, 8, 1))
model.add_module(attack, nn.ReLU())
model.add_module("picky", Picky())
model.add_module("last", nn.Conv2d(8, 8, 3))
with torch.no_grad():
    model.first.weight.fill_(1 / 3)
    model.first.bias.zero_()
dark, bright = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 255, np.uint8)
dark[8:16, 8:20] = 120
w = nbviz.explore(nbviz.Network(model, input_size=32), [dark, bright])
w
"""


def test_a_forward_that_fails_is_told_with_its_layer_and_the_way_back_is_open(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([PICKY, "w.image_index = 1", "w.image_index = 0"])
    notebook.run(0)
    ready(notebook, "picture", "maps", "projection")
    notebook.run(1)
    panel = notebook.panel("maps")
    expect(panel).to_have_attribute("data-state", "failed", timeout=ANSWER_MS)
    expect(panel.get_by_role("alert")).to_contain_text("'picky'")
    expect(panel.get_by_role("alert")).to_contain_text("too bright for me")
    notebook.screenshot("forward-failed")
    notebook.run(2)
    ready(notebook, "picture", "maps", "projection")
    # The layer's name is text wherever it stands.
    hostile = notebook.page.get_by_role("treeitem").nth(1)
    expect(hostile).to_contain_text("<img src=x")
    repainted(panel, hostile.locator("b").click)
    expect(panel.locator("h3")).to_contain_text("<img src=x")
    assert notebook.page.evaluate("window.attacked") is None
