"""`nbviz scan`, as it is called in a shell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nbviz
from nbviz.cli import main


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, picture in enumerate(nbviz.demo.scenes(6, seed=1).pictures):
        Image.fromarray(np.asarray(picture)).save(folder / f"{number}.png")
    (folder / "broken.png").write_bytes(b"not a picture")
    return folder


OPTIONS = ["--device", "cpu", "--layers", "layer1,fc", "--batch", "4", "--quiet"]


def test_it_makes_an_atlas_and_lists_what_it_skipped(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["scan", "demo", str(photos), str(tmp_path / "atlas"), *OPTIONS, "--k", "3"]
    assert main([*call, "--with", "deconvnet"]) == 0
    said = capsys.readouterr().out
    assert "2 layers" in said
    assert "skipped: broken.png" in said
    atlas = nbviz.Atlas(tmp_path / "atlas")
    assert len(atlas.top("layer1:0")) == len(atlas.projections("layer1:0")) == 3


def test_shares_of_an_array_are_put_together(photos: Path, tmp_path: Path) -> None:
    call = ["scan", "demo", str(photos), str(tmp_path / "atlas"), *OPTIONS]
    assert main([*call, "--share", "1/2"]) == 0
    assert main([*call, "--share", "0/2"]) == 0
    assert not nbviz.Atlas(tmp_path / "atlas").complete
    assert main(call) == 0
    assert nbviz.Atlas(tmp_path / "atlas").complete


def test_a_share_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["scan", "demo", "photos", "atlas", "--share", "2/2"])
    assert "0/16" in capsys.readouterr().err


def test_a_folder_without_pictures_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "demo", str(tmp_path), str(tmp_path / "atlas"), "--device", "cpu"]) == 2
    assert "has no pictures" in capsys.readouterr().err
