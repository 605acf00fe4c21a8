"""The demo: what its scenes promise, and that the shipped network knows them."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from nbviz import demo
from nbviz.demo.convnet import WEIGHTS
from nbviz.demo.drawing import SHAPES, TEXTURES
from nbviz.errors import BadPicture, BadRequest

FRESH = 424_242
"""A seed that neither the training nor its report has drawn from."""


def top_classes(scenes: demo.Scenes, k: int) -> np.ndarray:
    """The k strongest classes of every scene, sorted by index: (n, k)."""
    net = demo.model()
    with torch.no_grad():
        logits = torch.cat([net(torch.stack([demo.transform(p) for p in scenes.pictures]))])
    return np.sort(logits.topk(k).indices.numpy())


def without_objects(monkeypatch: pytest.MonkeyPatch, n: int, seed: int, objects: int) -> np.ndarray:
    """The same scenes with everything but the objects: these are painted on a copy that is thrown away."""
    module = importlib.import_module("nbviz.demo.scenes")
    paint = module._object
    monkeypatch.setattr(module, "_object", lambda rng, picture, *where: paint(rng, picture.copy(), *where))
    pictures = demo.scenes(n, seed, objects).pictures
    monkeypatch.undo()
    return pictures


def test_classes_are_all_pairs_of_a_texture_and_a_shape():
    assert len(demo.CLASSES) == len(SHAPES) * len(TEXTURES) >= 12
    assert {tuple(name.split()) for name in demo.CLASSES} == {(t, s) for t in TEXTURES for s in SHAPES}


@pytest.mark.parametrize("objects", [1, 2, 3, 4])
def test_scenes_come_in_the_promised_form(objects):
    scenes = demo.scenes(5, seed=3, objects=objects)
    pictures, labels, masks = scenes
    assert (pictures.dtype, pictures.shape) == (np.uint8, (5, demo.SIZE, demo.SIZE, 3))
    assert (masks.dtype, masks.shape) == (np.bool_, (5, objects, demo.SIZE, demo.SIZE))
    assert labels.shape == (5, objects)
    assert all(len(set(row)) == objects for row in labels.tolist())
    assert scenes.names == [[demo.CLASSES[label] for label in row] for row in labels]


def test_every_class_is_drawn():
    labels = demo.scenes(300, seed=0).labels
    assert set(labels.ravel().tolist()) == set(range(len(demo.CLASSES)))


def test_a_seed_decides_the_scenes_and_fewer_are_the_first_of_more():
    many, few, other = demo.scenes(6, 11, 2), demo.scenes(4, 11, 2), demo.scenes(4, 12, 2)
    for a, b in zip(many, few, strict=True):
        assert np.array_equal(a[:4], b)
    assert not np.array_equal(few.pictures, other.pictures)


def test_masks_lie_where_the_objects_changed_the_picture(monkeypatch):
    n, seed, objects = 24, 5, 2
    scenes = demo.scenes(n, seed, objects)
    empty = without_objects(monkeypatch, n, seed, objects)
    change = np.abs(scenes.pictures.astype(int) - empty).sum(-1)
    for changed, masks in zip(change, scenes.masks, strict=True):
        assert not (masks[0] & masks[1]).any()
        for mask in masks:
            assert 150 < mask.sum() < demo.SIZE**2 / 4
            assert mask[1:-1, 1:-1].sum() == mask.sum(), "an object touches the border"
            assert np.median(changed[mask]) > 40
        reach = Image.fromarray(masks.any(0)).convert("L").filter(ImageFilter.MaxFilter(25))  # shadows and edges
        assert not changed[np.asarray(reach) == 0].any()


def test_an_object_in_front_hides_little_of_another():
    apart = demo.scenes(60, seed=8, objects=2).masks.sum((2, 3))
    assert apart.min() > 250


def test_clutter_carries_the_textures_too(monkeypatch):
    """A scene without its objects still has strong local contrast: texture alone does not give an object away."""
    empty = without_objects(monkeypatch, 40, 6, 1).astype(float).mean(-1)
    strongest = np.abs(np.diff(empty, axis=2)).max((1, 2))
    assert np.mean(strongest > 40) > 0.7


@pytest.mark.parametrize(("n", "seed", "objects"), [(-1, 0, 1), (1, -1, 1), (1, 0, 0), (1, 0, 5)])
def test_impossible_scenes_are_refused_in_one_sentence(n, seed, objects):
    with pytest.raises(BadRequest, match="scene"):
        demo.scenes(n, seed, objects)


def test_scenes_show_themselves_as_a_contact_sheet():
    scenes = demo.scenes(9, seed=1)
    sheet = np.asarray(Image.open(io.BytesIO(scenes._repr_png_() or b"")))
    assert sheet.shape == (2 * demo.SIZE, 8 * demo.SIZE, 3)
    assert np.array_equal(sheet[demo.SIZE :, : demo.SIZE], scenes.pictures[8])
    assert demo.scenes(0, seed=1)._repr_png_() is None


def test_transform_is_affine_for_every_colour():
    levels = np.arange(256, dtype=np.uint8)
    picture = np.zeros((demo.SIZE, demo.SIZE, 3), np.uint8)
    picture.reshape(-1, 3)[:256] = levels[:, None]
    values = demo.transform(picture).reshape(3, -1)[:, :256]
    assert values.dtype == torch.float32
    for channel, mean, std in zip(values, demo.transform.mean, demo.transform.std, strict=True):
        torch.testing.assert_close(channel, (torch.arange(256) / 255 - mean) / std)


def test_transform_resizes_and_reads_other_modes():
    assert demo.transform(np.full((40, 200, 3), 128, np.uint8)).shape == (3, demo.SIZE, demo.SIZE)
    grey = demo.transform(Image.new("L", (30, 30), 255))
    torch.testing.assert_close(grey, demo.transform(np.full((demo.SIZE, demo.SIZE, 3), 255, np.uint8)))


@pytest.mark.parametrize("wrong", [np.zeros((9, 9, 3)), np.zeros((9, 9), np.uint8), np.zeros((0, 9, 3), np.uint8), "a"])
def test_transform_names_what_is_not_a_picture(wrong):
    with pytest.raises(BadPicture, match="takes"):
        demo.transform(wrong)


def test_model_is_ready_to_look_into():
    net = demo.model()
    assert not any(module.training for module in net.modules())
    assert all(torch.isfinite(value).all() for value in net.state_dict().values())
    kinds = {type(module) for module in net.modules()}
    assert {torch.nn.MaxPool2d, torch.nn.BatchNorm2d, torch.nn.AdaptiveAvgPool2d, torch.nn.Linear} <= kinds
    x = torch.zeros(1, 3, demo.SIZE, demo.SIZE)
    for name, module in net.named_children():
        x = torch.flatten(x, 1) if name == "fc" else x
        x = module(x)
        if name.startswith("layer"):
            assert min(x.shape[2:]) >= 12, "a heat map needs room"
    assert x.shape == (1, len(demo.CLASSES))


def test_model_returns_a_network_of_its_own_each_time():
    first, second = demo.model(), demo.model()
    with torch.no_grad():
        first.fc.weight.zero_()
    assert second.fc.weight.any()


def test_weights_are_small():
    assert WEIGHTS.stat().st_size <= 3e6


@pytest.mark.slow
@pytest.mark.parametrize(("objects", "n", "least"), [(1, 400, 0.95), (2, 400, 0.90)])
def test_shipped_network_names_the_objects_of_unseen_scenes(objects, n, least):
    scenes = demo.scenes(n, FRESH, objects)
    hits = (top_classes(scenes, objects) == np.sort(scenes.labels)).all(1)
    assert hits.mean() >= least


def test_report_keeps_what_was_promised():
    report = json.loads(WEIGHTS.with_name("report.json").read_text(encoding="utf-8"))
    assert report["accuracy, one object"] >= 0.95
    assert report["both in the top two, two objects"] >= 0.90


def test_importing_the_demo_does_not_import_torch():
    # The parent package may need torch for its own names; the demo's rooms do not.
    code = "import sys, nbviz.demo as d; d.scenes(1, 0); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_training_repeats_itself(tmp_path: Path):
    """Two runs of the training with the same seed write the same bytes."""
    files = [tmp_path / name / "weights.safetensors" for name in ("a", "b")]
    for file in files:
        options = ["--out", str(file), "--epochs", "1", "--scenes", "32", "--batch", "16", "--unseen", "20"]
        subprocess.run(
            [sys.executable, "-m", "nbviz.demo.train", *options, "--threads", "1"], check=True, capture_output=True
        )
        assert json.loads(file.with_name("report.json").read_text())["scenes seen"] == 32
    assert files[0].read_bytes() == files[1].read_bytes()
