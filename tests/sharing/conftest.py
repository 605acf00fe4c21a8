"""A widget with a comm to nowhere, as the tests of widgets have it."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import comm
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

import nbviz
from nbviz.network import Network
from nbviz.widgets import Dreamer, Explorer, FilterGrid, HeatmapOverlay, LayerGrid, UnitInspector
from tests.doubles import LONG, noise, tiny_network
from tests.widgets.conftest import Wire

NOBODY = 65534
SIDE = 224
WIDGETS = (Dreamer, Explorer, FilterGrid, HeatmapOverlay, LayerGrid, UnitInspector)


@pytest.fixture(autouse=True)
def wires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", Wire)


IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def plain_folder() -> Iterator[Path]:
    """A folder of somebody whom permissions bind."""
    folder = Path(tempfile.mkdtemp())
    if IS_ROOT:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


@contextlib.contextmanager
def plain_person() -> Iterator[None]:
    """This process as somebody whom permissions bind: the superuser they do not."""
    if IS_ROOT:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if IS_ROOT:
            os.seteuid(0)


@pytest.fixture(scope="session")
def net() -> Network:
    return tiny_network()


@pytest.fixture
def show(net: Network) -> Iterator[Callable[..., Explorer]]:
    """Open explorers that are closed afterwards."""
    opened: list[Explorer] = []

    def open_one(model: Any = None, images: Any = None, **options: Any) -> Explorer:
        opened.append(Explorer(model or net, images or noise(2), **options))
        return opened[-1]

    yield open_one
    for widget in opened:
        widget.close()
        assert widget.wait(LONG)


@pytest.fixture
def w(show: Callable[..., Explorer]) -> Explorer:
    return show()


@pytest.fixture(scope="session")
def large_atlas(tmp_path_factory: pytest.TempPathFactory) -> nbviz.Atlas:
    """Of pictures whose patches are large and hard to compress."""
    folder = tmp_path_factory.mktemp("pictures")
    for number, pixels in enumerate(noise(9, size=SIDE)):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    net = tiny_network(input_size=SIDE)
    return nbviz.scan(net, folder, tmp_path_factory.mktemp("scanned") / "atlas", ["5"], progress=False)


def as_kept(shown: Any) -> dict[str, Any]:
    """What a notebook keeps of an object that a cell shows: bytes as text."""
    data, _ = DisplayFormatter().format(shown)
    return {kind: base64.b64encode(one).decode() if isinstance(one, bytes) else one for kind, one in data.items()}


@pytest.fixture
def bundles(net: Network, large_atlas: nbviz.Atlas) -> Iterator[dict[str, dict[str, Any]]]:
    """One output of each kind that nbviz has, as a notebook keeps it."""
    scenes = noise(2)
    widgets = {widget.__name__: widget(net, scenes) for widget in WIDGETS}
    large = tiny_network(input_size=SIDE)
    for widget in (Explorer, UnitInspector):
        name = f"{widget.__name__} with an atlas"
        widgets[name] = widget(large, noise(2, size=SIDE), unit="5:3", atlas=large_atlas)
    made: dict[str, Any] = {
        "heat map": nbviz.saliency(net, scenes[0], "cat"),
        "channels": nbviz.activations(net, scenes[0], "3"),
        "projection": nbviz.deconvnet(net, scenes[0], "3:2"),
        "relevance": nbviz.lrp(net, scenes[0], "cat"),
        "filters": nbviz.filters(net),
        "synthesis": nbviz.visualize(net, net.unit("3", 2), steps=2),
        "dream": nbviz.deep_dream(net, scenes[0], "3", steps=1),
        "inversion": nbviz.invert(net, scenes[0], "3", steps=2),
        "patches": large_atlas.top("5:3"),
        **widgets,
    }
    yield {name: as_kept(one) for name, one in made.items()}
    for widget in widgets.values():
        widget.close()


@pytest.fixture
def outputs(bundles: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The HTML of each."""
    return {name: data["text/html"] for name, data in bundles.items()}
