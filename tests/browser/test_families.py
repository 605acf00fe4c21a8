"""Every torchvision family in the Explorer: a person opens it and goes from stop to stop of its map by keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import ready, value_of
from tests.browser.lab import ANSWER_MS, Notebook
from tools.families.zoo import FAMILIES

# Two notebooks, so that neither grows long.
FAMILIES_ONE, FAMILIES_TWO = list(FAMILIES)[::2], list(FAMILIES)[1::2]

START = f"""
import sys
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
import json, torch, nbviz
from tools.families.zoo import FAMILIES
w = None
def layer_of(node):
    return node["layer"] or layer_of(node["children"][-1])
def layers_of(nodes):
    for node in nodes:
        yield node["name"], layer_of(node)
        yield from layers_of(node.get("children", []))
def single():
    return [layer.name for layer in w.session.net.layers.values() if not layer.spatial or max(layer.spatial) == 1]
def opened(name):
    global w
    if w is not None:
        w.close()
    family = FAMILIES[name]
    torch.manual_seed(0)
    model = family.make()
    for parameter in model.parameters():
        if not parameter.any():  # a head that begins at zero says nothing
            torch.nn.init.normal_(parameter, std=0.02)
    net = nbviz.Network(model, input_size=family.size, device="cpu")
    w = nbviz.explore(net, torch.rand(3, family.size, family.size), height=700)
    return w
"""
# How many colours the tiles in view have, whatever is written beside them, once they are those of the layer.
COLOURS = """([panel, layer]) => {
    const [title, grid] = [panel.querySelector("h3")?.title, panel.querySelector('[role="grid"]')];
    const there = title === layer && grid?.ariaLabel === `Channels of ${layer}` && panel.dataset.state === "ready";
    if (!there) return 0;
    const canvas = grid.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
}"""
FOCUSED = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot) at = at.shadowRoot.activeElement;
    return at?.dataset.node ?? null;
}"""


def walk(notebook: Notebook, cell: int) -> list[str]:
    """From the first stop to the last by the arrow keys, each chosen by Enter; the layers that were looked at."""
    layers: dict[str, Any] = json.loads(eval(value_of(notebook, "json.dumps(dict(layers_of(w._network['tree'])))")))
    single = json.loads(eval(value_of(notebook, "json.dumps(single())")))
    grid = notebook.panel("maps", cell).element_handle()
    notebook.output(cell).locator('[role="treeitem"][tabindex="0"]').first.focus()
    notebook.page.keyboard.press("Home")
    seen: list[str] = []
    while (node := notebook.page.evaluate(FOCUSED)) not in seen:
        notebook.page.keyboard.press("Enter")
        shown = notebook.page.wait_for_function(COLOURS, arg=[grid, layers[node]], timeout=ANSWER_MS).json_value()
        # What lies around the tiles is transparent; maps of one value may all be at the top of their own ranges.
        assert shown > (1 if layers[node] in single else 2), f"{layers[node]} is blank"
        seen.append(node)
        notebook.page.keyboard.press("ArrowRight")
    return [layers[node] for node in seen]


@pytest.mark.slow
@pytest.mark.parametrize("families", [FAMILIES_ONE, FAMILIES_TWO], ids=lambda families: f"{families[0]}…")
def test_every_stop_shows_a_grid(open_notebook: OpenNotebook, families: list[str]) -> None:
    notebook = open_notebook([START, *(f"opened({name!r})" for name in families)])
    notebook.run(0)
    for cell, name in enumerate(families, 1):
        notebook.run(cell)
        ready(notebook, "picture", "maps", cell=cell)
        stops = walk(notebook, cell)
        top = json.loads(eval(value_of(notebook, "json.dumps([layer_of(n) for n in w._network['tree']])")))
        assert set(stops) >= set(top), name
        notebook.screenshot(f"family-{name}")
