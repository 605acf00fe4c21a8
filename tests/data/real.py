"""Real networks and photographs, for all tests that look at something that means something.

Any test may import these builders; they take the folder that the fixture `shared_data` of tests/conftest.py gives.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torchvision import models
from torchvision import transforms as T

import nbviz

Box = tuple[float, float, float, float]
NETWORKS = ("squeezenet1_1", "mobilenet_v2")


def model(folder: Path, name: str) -> nn.Module:
    """torchvision's architecture with the real weights of the folder."""
    from safetensors.torch import load_file

    made: nn.Module = models.get_model(name, weights=None)
    made.load_state_dict(load_file(folder / f"{name}_imagenet.safetensors"), strict=True)
    return made


def network(folder: Path, name: str) -> nbviz.Network:
    """The network as torchvision's own evaluation sees pictures: short side 256, centre crop 224."""
    transform = T.Compose(
        [T.Resize(256), T.CenterCrop(224), T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    )
    net = nbviz.Network(model(folder, name), transform=transform, device="cpu")
    net.name = name
    return net


@dataclass(frozen=True)
class Marked:
    """An object: its box (x0, y0, x1, y1) in the file's pixels and its ImageNet class."""

    box: Box
    label: str
    index: int


@dataclass(frozen=True)
class Photographs:
    """The pictures of a folder with classes, boxes and masks."""

    folder: Path

    @cached_property
    def classes(self) -> dict[str, int]:
        """Class index by file name, for pictures of one class."""
        with (self.folder / "labels.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {row["file"]: int(row["class_index"]) for row in rows if row["class_index"].isdecimal()}

    def objects(self, name: str) -> list[Marked]:
        """The marked objects of a picture."""
        with (self.folder / "boxes.csv").open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["file"] == name]
        corners = ("x0", "y0", "x1", "y1")
        return [Marked(tuple(float(row[c]) for c in corners), row["class"], int(row["class_index"])) for row in rows]

    @cached_property
    def masked(self) -> list[str]:
        """The pictures with a mask of their object."""
        return sorted(path.stem + ".jpg" for path in (self.folder / "masks").glob("*.png"))

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Where the object is in what the network sees, (224, 224)."""
        seen = T.Compose([T.Resize(256), T.CenterCrop(224)])
        return np.asarray(seen(Image.open(self.folder / "masks" / name.replace(".jpg", ".png")).convert("L"))) > 127

    def seen(self, name: str, box: Box) -> Box:
        """A box of the file in the pixels of what the network sees: scaled to short side 256, cut to the centre."""
        with Image.open(self.folder / name) as picture:
            width, height = picture.size
        scale = 256 / min(width, height)
        left, top = (width * scale - 224) / 2, (height * scale - 224) / 2
        x0, y0, x1, y1 = (scale * v for v in box)
        cut = (x0 - left, y0 - top, x1 - left, y1 - top)
        return tuple(min(max(v, 0.0), 224.0) for v in cut)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name
