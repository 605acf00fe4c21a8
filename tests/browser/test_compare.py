"""Two of a kind side by side: pictures, classes, units, networks – on one scale, led by one selection."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import channel, opened, others, ready, value_of
from tests.browser.lab import ANSWER_MS, Notebook, repainted
from tests.browser.pixels import differs, is_blank, picture

TWO_NETWORKS = """
import copy, torch, nbviz
net = nbviz.Network.demo()
later = copy.deepcopy(net.model)
with torch.no_grad():
    later.layer4[0].conv2.weight.mul_(3)
b = net.around(later)
w = nbviz.compare(net, b, list(nbviz.demo.scenes(3, seed=7, objects=2).pictures), height=760)
w
"""


SHORTER = """
import torch, nbviz
from torch import nn
torch.manual_seed(0)
def made(*names):
    model = nn.Sequential()
    for name in names:
        model.add_module(name, nn.Conv2d(3, 3, 3, padding=1))
    model.add_module("head", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    return model
long = nbviz.Network(made("first", "extra", "last"), input_size=48)
short = nbviz.Network(made("first", "last"), input_size=48)
long.name, short.name = "long", "short"
w = nbviz.compare(long, short, list(nbviz.demo.scenes(2, seed=7).pictures), layer="first", height=760)
w
"""


def compare_with(notebook: Notebook, what: str) -> None:
    notebook.panel("picture").get_by_label("compare with").select_option(what)
    expect(notebook.panel("overlay_b")).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    ready(notebook)


def sides_differ(notebook: Notebook) -> bool:
    one, other = (notebook.panel(name).locator("canvas") for name in ("overlay", "overlay_b"))
    assert not is_blank(picture(one))
    assert not is_blank(picture(other))
    return differs(picture(one), picture(other))


def legend(notebook: Notebook) -> str:
    """The one legend of both sides."""
    found = notebook.panel("picture").locator(".under .legend")
    expect(found).to_have_count(1)
    return found.inner_text()


def largest(notebook: Notebook, unit: str, session: str = "w.session", image: int = 0) -> float:
    layer, number = unit.split(":")
    return float(value_of(notebook, f"float({session}.recording({image}).maps('{layer}')[{number}].abs().max())"))


def test_pictures_and_classes_side_by_side(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    caption = notebook.panel("overlay").locator(".caption").inner_text()
    label = re.findall(r"· (.*): logit", caption)[0]
    compare_with(notebook, "picture")
    other = notebook.panel("overlay_b")
    expect(other.locator("h4")).to_have_text("picture 2")
    expect(other.locator(".caption")).to_contain_text(f"{label}: logit")
    assert sides_differ(notebook)
    assert legend(notebook).startswith("evidence")
    notebook.screenshot("compare-pictures")
    which = (
        notebook.panel("picture").locator("label.field").filter(has=notebook.page.locator("span:text-is('picture')"))
    )
    which.locator("select").select_option("picture 3")
    expect(other.locator("h4")).to_have_text("picture 3")
    ready(notebook, "overlay_b")

    compare_with(notebook, "class")
    second = notebook.page.locator(".class-bar .name").nth(1).inner_text()
    expect(other.locator("h4")).to_have_text(second)
    expect(other.locator(".caption")).to_contain_text(f"{second}: logit")
    assert sides_differ(notebook)
    legend(notebook)
    notebook.screenshot("compare-classes")
    notebook.panel("picture").get_by_label("compare with").select_option("")
    expect(other).to_have_count(0)


def test_a_unit_stays_beside_those_that_are_clicked_after_it(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    kept = value_of(notebook, "w.unit").strip("'")
    compare_with(notebook, "unit")
    clicked = next(n for n in others(notebook) if n % 7 == 3)
    channel(notebook, clicked).click()
    expect(notebook.panel("overlay").locator("h4")).to_have_text(f"layer4.0.conv2:{clicked}")
    expect(notebook.panel("overlay_b").locator("h4")).to_have_text(kept)
    ready(notebook)
    assert sides_differ(notebook)
    reach = max(largest(notebook, unit) for unit in (kept, f"layer4.0.conv2:{clicked}"))
    shown = float(legend(notebook).split()[-1])
    assert abs(shown - reach) < 0.01 * reach
    notebook.screenshot("compare-units")


def test_two_networks_are_led_by_one_selection_on_one_scale(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, source=TWO_NETWORKS)
    other = notebook.panel("overlay_b")
    expect(other).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    expect(other.locator("h4")).to_have_text("demo (B)")
    legend(notebook)
    maxima = "w.session.recording(0).maps('layer4.0.conv2').flatten(1).amax(1)"
    firing = eval(value_of(notebook, f"({maxima} > 0.2).nonzero().flatten().tolist()"))
    unit = next(n for n in others(notebook) if n in firing)
    repainted(other, channel(notebook, unit).click)
    ready(notebook)
    expect(other.locator(".caption")).to_contain_text(f"Activation of layer4.0.conv2:{unit}")
    three = largest(notebook, f"layer4.0.conv2:{unit}", "w.session.beside")
    one = largest(notebook, f"layer4.0.conv2:{unit}")
    shown = float(legend(notebook).split()[-1])
    assert abs(shown - three) < 0.01 * three
    assert three > 2 * one, "B fires three times as strongly, and is shown so"
    assert sides_differ(notebook)
    _in_the_grid(notebook, unit, three)
    _in_the_unit_s_pane(notebook, unit)
    notebook.screenshot("compare-networks")
    repainted(other, notebook.panel("thumbnails").locator("img").nth(1).click)
    ready(notebook, "overlay_b", "projection_b")


def _in_the_grid(notebook: Notebook, unit: int, reach: float) -> None:
    """One switch, one scale, the same units at the same places."""
    grid = notebook.panel("maps")
    order = [cell.get_attribute("data-channel") for cell in grid.get_by_role("gridcell").all()[:5]]
    channel(notebook, unit).hover()
    key = grid.locator(".legend").inner_text()
    assert f"unit {unit}, both networks" in key
    assert abs(float(key.split()[-1]) - reach) < 0.01 * reach
    first = picture(channel(notebook, unit))
    repainted(grid, grid.get_by_role("radio", name="demo (B)").click)
    ready(notebook, "maps")
    assert [cell.get_attribute("data-channel") for cell in grid.get_by_role("gridcell").all()[:5]] == order
    expect(channel(notebook, unit)).to_have_attribute("aria-selected", "true")
    channel(notebook, unit).hover()
    assert grid.locator(".legend").inner_text() == key
    assert differs(first, picture(channel(notebook, unit)))
    notebook.screenshot("compare-networks-grid")


def _in_the_unit_s_pane(notebook: Notebook, unit: int) -> None:
    """Why it fires in both, on one scale, and what excites it in both."""
    pane = notebook.panel("projection")
    expect(pane.locator("h5")).to_have_text(["demo", "demo (B)"])
    ready(notebook, "projection", "projection_b")
    scales = [
        float(value_of(notebook, f"{session}.answer('projection', {asked}).meta['scale']"))
        for session in ("w.session", "w.session.beside")
        for asked in [f"dict(image=0, unit='layer4.0.conv2:{unit}', method=w.method, params=dict())"]
    ]
    expect(pane.locator(".legend")).to_have_count(1)
    told = float(re.findall(r"±([\d.e-]+)", pane.locator(".legend").inner_text().replace("−", "-"))[0])
    assert abs(told - max(scales)) < 0.01 * max(scales)
    one, two = (picture(shown) for shown in pane.locator("canvas").all()[:: pane.locator("canvas").count() - 1])
    assert not is_blank(one)
    assert not is_blank(two)
    excites = notebook.panel("excites")
    excites.get_by_label("steps").fill("4")
    excites.get_by_role("button", name="Start").click()
    ready(notebook, "excites", "excites_b")
    # The other network's panel lies within the first one's.
    one = picture(excites.locator("figure canvas").first)
    two = picture(notebook.panel("excites_b").locator("figure canvas"))
    assert not is_blank(one)
    assert not is_blank(two)
    assert differs(one, two)
    expect(excites.locator("h5")).to_have_text(["demo", "demo (B)"])


def test_a_layer_that_the_other_network_lacks_is_a_sentence_in_its_place(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, source=SHORTER)
    other = notebook.panel("overlay_b")
    expect(other).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    expect(notebook.panel("picture")).to_contain_text("layers are in both, of")
    notebook.page.locator('[role="treeitem"][data-node="extra"]').locator("b").first.click()
    ready(notebook, "maps")
    repainted(notebook.panel("projection"), channel(notebook, 1).click)
    expect(notebook.panel("projection_b").get_by_role("alert")).to_contain_text("short has no layer 'extra'")
    grid = notebook.panel("maps")
    grid.get_by_role("radio", name="short").click()
    expect(grid.get_by_role("alert")).to_contain_text("short has no layer 'extra'")
    expect(grid.get_by_role("gridcell")).to_have_count(0)
    notebook.screenshot("compare-lacking")
    grid.get_by_role("radio", name="long").click()
    ready(notebook, "maps")
