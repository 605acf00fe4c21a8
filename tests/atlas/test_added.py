"""Pictures that are added to a finished atlas: projections, synthesised pictures; and work in the background."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import nbviz
from nbviz import images
from nbviz.errors import BadAtlas, BadRequest

from .conftest import Scan, contents


@pytest.fixture(scope="module")
def with_projections(atlas: nbviz.Atlas, net: nbviz.Network, tmp_path_factory: pytest.TempPathFactory) -> nbviz.Atlas:
    path = tmp_path_factory.mktemp("added") / "atlas"
    shutil.copytree(atlas.path, path)
    made = nbviz.Atlas(path)
    made.add("deconvnet", net, layers=["conv1", "layer4.0.conv2"], progress=False)
    return made


@pytest.mark.slow
def test_a_projection_is_that_of_its_patch_cut_to_the_same_box(
    with_projections: nbviz.Atlas, net: nbviz.Network
) -> None:
    for unit in (("conv1", 3), ("layer4.0.conv2", 5)):
        patches = with_projections.top(unit)
        projections = with_projections.projections(unit)
        assert len(projections) == len(patches)
        for patch, projection in zip(patches, projections, strict=True):
            found = nbviz.deconvnet(net, with_projections.picture(patch.picture), net.unit(*unit, *patch.position))
            y0, x0, y1, x1 = patch.box
            expected = found.values[:, y0:y1, x0:x1]
            if patch.score <= 0:
                assert "does not fire" in projection.note
                continue
            assert found.score == pytest.approx(patch.score, rel=1e-4)
            assert projection.scale == pytest.approx(images.robust_scale(expected), rel=1e-4)
            shown = np.asarray(projection.image).astype(int)
            picture = images.signed_picture(expected, projection.scale).astype(int)
            assert shown.shape == picture.shape
            assert np.abs(shown - picture).mean() < 12
            # Nothing of a projection lies outside of the receptive field.
            outside = found.values.clone()
            outside[:, y0:y1, x0:x1] = 0
            assert not outside.any()


def test_what_was_not_added_is_an_empty_list(with_projections: nbviz.Atlas) -> None:
    assert with_projections.added() == {"deconvnet": ["conv1", "layer4.0.conv2"]}
    assert with_projections.projections(("layer2", 0)) == []
    assert with_projections.projections(("conv1", 0), "visualize") == []
    with pytest.raises(BadRequest, match="Did you mean 'deconvnet'"):
        with_projections.projections(("conv1", 0), "deconv")


def test_adding_again_makes_what_is_missing_only_and_the_same_bytes(
    with_projections: nbviz.Atlas, net: nbviz.Network
) -> None:
    before = contents(with_projections.path)
    (file,) = (with_projections.path / "deconvnet").glob("*conv1/*.parquet")
    file.unlink()
    with_projections.add("deconvnet", net, layers=["conv1"], progress=False)
    assert contents(with_projections.path) == before


def test_synthesised_pictures_state_what_they_reach(atlas: nbviz.Atlas, net: nbviz.Network, tmp_path: Path) -> None:
    shutil.copytree(atlas.path, tmp_path / "atlas")
    made = nbviz.Atlas(tmp_path / "atlas", net=net)
    made.add("visualize", layers="fc", progress=False, steps=4)
    (found,) = made.projections(("fc", 2), "visualize")
    again = nbviz.visualize(net, net.unit("fc", 2), steps=4, size=96, natural_max=made.natural_max("fc:2"))
    assert found.activation == pytest.approx(again.activation, rel=1e-4)
    assert found.ratio == pytest.approx(again.natural_ratio, rel=1e-4)
    assert np.abs(np.asarray(found.image).astype(int) - np.asarray(again.image)).mean() < 12
    with pytest.raises(BadAtlas, match="were made with"):
        made.add("visualize", layers="fc", progress=False, steps=5)


def test_where_a_method_is_not_defined_the_note_says_why(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Conv2d(4, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    smooth = nbviz.Network(model, transform=nbviz.demo.transform, device="cpu")
    made = nbviz.scan(smooth, folder, tmp_path / "atlas", layers=["2"], k=2, progress=False)
    made.add("deconvnet", layers=["2"], progress=False)
    found = made.projections(("2", 0))
    assert [projection.image for projection in found] == [None, None]
    assert "not defined here" in found[0].note


def test_an_unfinished_atlas_an_unknown_kind_and_another_network_are_told(
    scan: Scan, folder: Path, tmp_path: Path, atlas: nbviz.Atlas, net: nbviz.Network
) -> None:
    begun = scan(folder, tmp_path / "begun", share=(0, 2))
    with pytest.raises(BadAtlas, match="is not finished"):
        begun.add("deconvnet", net)
    with pytest.raises(BadRequest, match="cannot be added"):
        nbviz.Atlas(atlas.path).add("grad_cam", net, progress=False)
    with pytest.raises(BadRequest, match=r"no option 'step'.* Did you mean 'steps'"):
        nbviz.Atlas(atlas.path).add("visualize", net, progress=False, step=3)
    with pytest.raises(BadRequest, match="needs the network"):
        nbviz.Atlas(atlas.path).add("deconvnet", progress=False)


def test_a_scan_in_the_background_shows_what_there_is_stops_and_goes_on(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    begun = scan(folder, tmp_path / "atlas", background=True)
    assert begun.background is not None
    deadline = time.monotonic() + 60
    while begun.progress[0] == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert begun.top(("layer2", 0))
    begun.background.stop()
    assert begun.background.wait(60)
    finished = scan(folder, tmp_path / "atlas", background=True)
    if finished.background is not None:
        assert finished.background.wait(60)
    assert begun.complete
    assert contents(tmp_path / "atlas") == contents(atlas.path)


def test_what_fails_in_the_background_is_raised_where_it_is_waited_for(
    scan: Scan, folder: Path, tmp_path: Path
) -> None:
    def fail(done: int, total: int, what: str) -> None:
        raise OSError("the disk is on fire")

    begun = scan(folder, tmp_path / "atlas", background=True, on_progress=fail)
    assert begun.background is not None
    with pytest.raises(OSError, match="on fire"):
        begun.background.wait(60)
