"""Where other libraries are right and where they are not, picture beside picture: `python -m tools.peers`.

Writes docs/peers.md and docs/peers.png. One trained network, the demo's, is spelled in ways that compute the same
function; guided backprop must then be the same picture. Captum hooks modules of the class `nn.ReLU`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from captum.attr import Deconvolution, GuidedBackprop
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models

import nbviz
from nbviz import images

DOCS = Path(__file__).resolve().parent.parent / "docs"
FAMILIES = (
    "vgg11",
    "resnet18",
    "densenet121",
    "googlenet",
    "mobilenet_v2",
    "efficientnet_b0",
    "convnext_tiny",
    "swin_t",
)
TILE = 192


class Called(nn.Module):
    """A rectifier that is a function call inside of a module, as in many networks' `forward`."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """The function of `x`."""
        return self.function(x)


SPELLINGS: dict[str, Callable[[], nn.Module]] = {
    "nn.ReLU()": nn.ReLU,
    "F.relu(x)": lambda: Called(F.relu),
    "x.clamp(min=0)": lambda: Called(lambda x: x.clamp(min=0)),
    "nn.Hardtanh(0, 1e9)": lambda: nn.Hardtanh(0.0, 1e9),
}


def spelled(make: Callable[[], nn.Module]) -> nn.Module:
    """The demo's network with every rectifier written another way."""
    model: nn.Module = nbviz.demo.model()
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.ReLU):
                setattr(module, name, make())
    return model


def captum(method: type, model: nn.Module, x: Tensor, target: int) -> Tensor:
    """Captum's picture (C, H, W)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it sets hooks
        found: Tensor = method(model).attribute(x.clone().requires_grad_(), target=target)
    return found[0].detach()


def gradient(model: nn.Module, x: Tensor, target: int) -> Tensor:
    """The plain gradient (C, H, W)."""
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(model(leaf)[0, target], leaf)[0][0]


def difference(a: Tensor, b: Tensor) -> float:
    """‖a − b‖ / ‖b‖."""
    return float((a - b).norm() / b.norm())


def on_spellings(scene: Any, target: int) -> tuple[list[str], Image.Image]:
    """A table row for each spelling, and the pictures."""
    rows, tiles = [], []
    right: Tensor | None = None
    for name, make in SPELLINGS.items():
        model = spelled(make)
        net = nbviz.Network(model, transform=nbviz.demo.transform, labels=nbviz.demo.CLASSES, device="cpu")
        x = net.preprocess(scene)
        theirs, plain = captum(GuidedBackprop, model, x, target), gradient(model, x, target)
        ours = nbviz.guided_backprop(net, scene, target).values
        right = theirs if right is None else right  # the spelling that Captum was made for
        rows.append(
            f"| `{name}` | {difference(theirs, right):.1e} | {difference(theirs, plain):.1e} "
            f"| {difference(ours, right):.1e} |"
        )
        tiles.append([plain, theirs, ours])
    return rows, _sheet(tiles)


def on_families() -> list[str]:
    """A table row for each torchvision family, with random weights."""
    rows = []
    for name in FAMILIES:
        torch.manual_seed(0)
        extra = {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}
        model = models.get_model(name, weights=None, **extra).eval()
        net = nbviz.Network(model, device="cpu")
        x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            target = int(model(x).argmax())  # a deconvnet starts from a positive value
        plain = gradient(model, x, target)
        cells = []
        for theirs, ours in ((GuidedBackprop, nbviz.guided_backprop), (Deconvolution, nbviz.deconvnet)):
            from_plain = difference(captum(theirs, model, x, target), plain)
            cells.append("the plain gradient" if from_plain < 1e-6 else _compared(ours, theirs, net, x, target))
            cells.append(_answer(ours, net, x, target))
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def _compared(ours: Callable[..., Any], theirs: type, net: Any, x: Tensor, target: int) -> str:
    try:
        # Captum starts from 1, the deconvnet of the paper from the value itself.
        found = ours(net, x, target)
        values = found.values / found.score if theirs is Deconvolution else found.values
    except nbviz.NbvizError:
        return "a picture"
    gap = difference(captum(theirs, net.model, x, target), values)
    return "right" if gap < 1e-4 else f"{100 * gap:.0f} % off"


def _answer(ours: Callable[..., Any], net: Any, x: Tensor, target: int) -> str:
    try:
        found = ours(net, x, target)
    except nbviz.NbvizError as error:
        return f"not defined: {str(error).partition('on the way back lies ')[2].partition('. Defined')[0]}"
    return found.note.partition(":")[0] if not bool(found.values.any()) else "right"


def _sheet(rows: list[list[Tensor]]) -> Image.Image:
    heads = ("the plain gradient", "Captum, guided backprop", "nbviz, guided backprop")
    left, top, gap = 150, 24, 6
    sheet = Image.new("RGB", (left + 3 * (TILE + gap), top + len(rows) * (TILE + gap)), "white")
    pen = ImageDraw.Draw(sheet)
    for j, head in enumerate(heads):
        pen.text((left + j * (TILE + gap), 6), head, fill="black")
    for i, (name, row) in enumerate(zip(SPELLINGS, rows, strict=True)):
        y = top + i * (TILE + gap)
        pen.text((6, y + TILE // 2), name, fill="black")
        for j, values in enumerate(row):
            tile = Image.fromarray(np.asarray(images.signed_picture(values, images.robust_scale(values))))
            sheet.paste(tile.resize((TILE, TILE), Image.Resampling.NEAREST), (left + j * (TILE + gap), y))
    return sheet


PAGE = """# Where other libraries are right, and where they are not

Made by `python -m tools.peers` with Captum {version} and torch {torch}. Nobody's method is at fault here: the way of
catching rectifiers is. Hooks on modules of the class `nn.ReLU` do not see the same rectifier written another way, and
what comes back then is the plain gradient under the name of another method, without a warning.

## One trained network, four spellings

The demo's network with its rectifiers written in four ways, which compute the same function. Numbers are relative
distances ‖a − b‖ / ‖b‖.

| spelling | Captum to the right picture | Captum to the plain gradient | nbviz to the right picture |
|---|---|---|---|
{spellings}

![Gradient, Captum's and nbviz's guided backprop for each spelling](peers.png)

## torchvision's families, random weights

| network | Captum, guided | nbviz, guided | Captum, deconvnet | nbviz, deconvnet |
|---|---|---|---|---|
{families}

'Right' in Captum's columns means equal to nbviz's picture, whose rules are held to float64 loops in `tests/oracles/`.
The target is the predicted class.
"""


def main() -> None:
    """Compute everything and write the page."""
    torch.set_num_threads(1)
    from captum import __version__ as version

    scenes = nbviz.demo.scenes(1, seed=7, objects=2)
    spellings, sheet = on_spellings(scenes.pictures[0], int(scenes.labels[0, 0]))
    DOCS.mkdir(exist_ok=True)
    sheet.save(DOCS / "peers.png", optimize=True)
    (DOCS / "peers.md").write_text(
        PAGE.format(
            version=version,
            torch=torch.__version__.partition("+")[0],
            spellings="\n".join(spellings),
            families="\n".join(on_families()),
        ),
        "utf-8",
    )


if __name__ == "__main__":
    main()
