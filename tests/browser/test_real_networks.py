"""The same in the page with networks trained on ImageNet, and photographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import channel, opened, others, ready
from tests.browser.lab import ANSWER_MS, Notebook, repainted
from tests.browser.pixels import is_blank, picture

if TYPE_CHECKING:
    from tests.browser.pixels import Picture

OPEN = """
import nbviz, torchvision
from safetensors.torch import load_file
model = torchvision.models.{name}()
model.load_state_dict(load_file({weights!r}))
to_square = torchvision.transforms.Compose([
    torchvision.transforms.Resize((224, 224)), torchvision.transforms.ToTensor(),
    torchvision.transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
net = nbviz.Network(model, transform=to_square, labels=torchvision.models.ResNet18_Weights.DEFAULT.meta["categories"])
w = nbviz.explore(net, [{montage!r}, {samoyed!r}], target="Afghan hound")
w
"""


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2"])
def test_a_real_network_is_explored(name: str, open_notebook: OpenNotebook, shared_data: Path) -> None:
    photos = shared_data / "photos"
    source = OPEN.format(
        name=name,
        weights=str(shared_data / f"{name}_imagenet.safetensors"),
        montage=str(photos / "two_dog_over_cat_montage.jpg"),
        samoyed=str(photos / "coral_samoyed.jpg"),
    )
    notebook = opened(open_notebook, "w.target = 'tiger cat'", "w.image_index = 1; w.target = None", source=source)

    # Two classes of one picture point at two places.
    heat = {"Afghan hound": _warmth(notebook)}
    repainted(notebook.panel("overlay"), lambda: notebook.run(1))
    expect(notebook.panel("overlay")).to_contain_text("tiger cat", timeout=ANSWER_MS)
    heat["tiger cat"] = _warmth(notebook)
    (dog_above, dog_below), (cat_above, cat_below) = heat["Afghan hound"], heat["tiger cat"]
    assert dog_above > cat_above
    assert cat_below > dog_below
    notebook.screenshot(f"{name}-montage")

    repainted(notebook.panel("projection"), lambda: notebook.run(2))
    ready(notebook)
    expect(notebook.panel("overlay")).to_contain_text("Samoyed")
    repainted(notebook.panel("projection"), channel(notebook, others(notebook)[3]).click)
    ready(notebook, "projection")
    assert not is_blank(picture(notebook.panel("projection").locator("canvas").first), share=0.002)
    notebook.screenshot(f"{name}-samoyed")


def _warmth(notebook: Notebook) -> tuple[float, float]:
    """Red minus blue of the painted overlay, above and below its middle: where the heat map lies, up to what the
    picture itself has."""
    painted: Picture = picture(notebook.panel("overlay").locator("canvas").first)
    warm = painted[..., 0].astype(np.float64) - painted[..., 2]
    middle = len(warm) // 2
    return float(warm[:middle].mean()), float(warm[middle:].mean())
