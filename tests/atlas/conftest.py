"""A small trained network, a few of its scenes, and one finished atlas of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import nbviz

LAYERS = ["conv1", "relu", "layer2", "layer4.0.conv2", "avgpool", "fc"]
"""Early and late ones, one before and one after a rectifier, one with a single position, and a vector."""
COUNT, SEED = 48, 3


@pytest.fixture(scope="session")
def net() -> nbviz.Network:
    return nbviz.Network.demo(device="cpu")


@pytest.fixture(scope="session")
def scenes() -> nbviz.demo.Scenes:
    return nbviz.demo.scenes(COUNT, SEED)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, scenes: nbviz.demo.Scenes) -> Path:
    """The scenes as PNG files in a folder for each class."""
    root = tmp_path_factory.mktemp("scenes")
    for number, (picture, names) in enumerate(zip(scenes.pictures, scenes.names, strict=True)):
        (root / names[0]).mkdir(exist_ok=True)
        Image.fromarray(picture).save(root / names[0] / f"{number:03d}.png")
    return root


Scan = Callable[..., nbviz.Atlas]


@pytest.fixture(scope="session")
def scan(net: nbviz.Network) -> Scan:
    """`nbviz.scan` of some layers in small batches, without a bar."""

    def run(dataset: object, path: Path, **options: object) -> nbviz.Atlas:
        settings = {"layers": LAYERS, "k": 5, "batch": 8, "progress": False, **options}
        return nbviz.scan(net, dataset, path, **settings)

    return run


@pytest.fixture(scope="session")
def atlas(scan: Scan, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> nbviz.Atlas:
    """An atlas of the folder; tests read it only."""
    return scan(folder, tmp_path_factory.mktemp("atlases") / "finished")


def contents(path: Path) -> dict[str, bytes]:
    """All files of an atlas, by their paths below it."""
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
