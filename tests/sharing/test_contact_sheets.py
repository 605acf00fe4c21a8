"""What a widget leaves behind where nothing runs, as pictures and as text: a unit's strongest patches in a data set."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nbviz
from nbviz.sharing.sheet import MOST_BYTES
from nbviz.sharing.still import MOST_PATCHES
from nbviz.widgets import Explorer, LayerGrid, UnitInspector

COUNT, UNIT = 14, "layer2:5"
Open = Callable[..., dict[str, str]]


@pytest.fixture(scope="module")
def net() -> nbviz.Network:
    return nbviz.Network.demo(device="cpu")


def folder_of_scenes(root: Path) -> Path:
    """Scenes in folders of their classes."""
    made = nbviz.demo.scenes(COUNT, 3)
    for number, (picture, (name,)) in enumerate(zip(made.pictures, made.names, strict=True)):
        (root / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def atlas(net: nbviz.Network, tmp_path_factory: pytest.TempPathFactory) -> nbviz.Atlas:
    pictures = folder_of_scenes(tmp_path_factory.mktemp("pictures"))
    path = tmp_path_factory.mktemp("atlas") / "scenes"
    return nbviz.scan(net, pictures, path, layers=["layer2"], k=12, progress=False)


@pytest.fixture
def shown(net: nbviz.Network) -> Iterator[Open]:
    """What a host without scripts gets of a widget, by kind."""
    opened: list[Any] = []

    def open_one(kind: Any, atlas: Any, **options: Any) -> dict[str, str]:
        opened.append(kind(net, nbviz.demo.scenes(1, 7).pictures[0], atlas=atlas, **options))
        data: dict[str, str] = opened[-1]._repr_mimebundle_()[0]
        return data

    yield open_one
    for widget in opened:
        widget.close()


def patches_in(html: str) -> list[tuple[str, np.ndarray[Any, Any], str]]:
    """Alternative text, pixels and caption of each patch."""
    pattern = r'<img alt="(Rank [^"]*)"[^>]*src="data:image/\w+;base64,([^"]*)"><br><small>([^<]*)</small>'
    return [
        (alt, np.asarray(Image.open(io.BytesIO(base64.b64decode(file))).convert("RGB")).astype(int), caption)
        for alt, file, caption in re.findall(pattern, html)
    ]


def resembles(pixels: np.ndarray[Any, Any], patch: nbviz.atlas.Patch) -> bool:
    assert patch.image is not None
    height, width = pixels.shape[:2]
    own = patch.image.convert("RGB").resize((width, height), Image.Resampling.NEAREST)
    return bool(np.abs(pixels - np.asarray(own)).mean() < 10)


@pytest.mark.parametrize("kind", [Explorer, UnitInspector])
def test_the_unit_s_strongest_patches_are_there_with_rank_activation_and_class(
    shown: Open, atlas: nbviz.Atlas, kind: type[Explorer]
) -> None:
    data = shown(kind, atlas, unit=UNIT)
    html, text, top = data["text/html"], data["text/plain"], atlas.top(UNIT)
    found = patches_in(html)
    assert len(top) > len(found) == MOST_PATCHES
    for rank, (patch, (alt, pixels, caption)) in enumerate(zip(top, found, strict=False), 1):
        assert alt.startswith(f"Rank {rank}, activation {patch.score:.4g} · {patch.label} · {patch.name}")
        assert caption == f"#{rank} · {patch.score:.4g} · {patch.label}"
        assert caption in text
        assert resembles(pixels, patch)
    others = [not resembles(found[0][1], patch) for patch in top[1:]]
    assert all(others), "each patch can be told from the others"
    about = f"Strongest patches of {UNIT} in scenes (n = {COUNT})"
    assert about in html
    assert f"{about}: #1 · " in text
    assert len(html) <= MOST_BYTES


def test_patches_of_the_chosen_unit_and_where_the_widget_shows_them(shown: Open, atlas: nbviz.Atlas) -> None:
    of_neuron = shown(UnitInspector, atlas, unit="layer2:9@3,4")
    assert [caption for *_, caption in patches_in(of_neuron["text/html"])] == [
        patch.brief for patch in atlas.top("layer2:9", MOST_PATCHES)
    ]
    for kind, unit, of in ((LayerGrid, UNIT, atlas), (UnitInspector, "layer3:1", atlas), (UnitInspector, UNIT, None)):
        data = shown(kind, of, unit=unit)
        assert "trongest patch" not in data["text/html"] + data["text/plain"]
        assert "<img" in data["text/html"]


def test_of_a_scan_under_way_it_says_how_far_it_is_and_a_lost_picture_hides_nothing_else(
    shown: Open, net: nbviz.Network, tmp_path: Path
) -> None:
    def leave(done: int, total: int, what: str) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    pictures = folder_of_scenes(tmp_path / "pictures")
    path = tmp_path / "atlas"
    with pytest.raises(KeyboardInterrupt):
        nbviz.scan(net, pictures, path, layers=["layer2"], batch=4, progress=False, on_progress=leave)
    seen, _ = nbviz.Atlas(path).progress
    assert 0 < seen < MOST_PATCHES
    there = shown(UnitInspector, path, unit=UNIT)["text/html"]
    assert f"(so far, n = {seen} of {COUNT})" in there
    assert len(patches_in(there)) == seen
    pictures.rename(tmp_path / "moved")
    gone = shown(UnitInspector, path, unit=UNIT)["text/html"]
    assert not patches_in(gone)
    assert gone.count("cannot be read any more") == seen
    assert all(f"<small>{patch.brief}</small>" in gone for patch in nbviz.Atlas(path).top(UNIT))
    assert gone.count("<img") == there.count("<img") - seen
