"""Every kind of data set gives the same atlas for the same pictures; every kind of file is read or told of."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset

import nbviz
from nbviz.atlas.pictures import Folder, source_of
from nbviz.errors import BadAtlas, BadDataset

from .conftest import COUNT, Scan

UNIT = ("layer4.0.conv2", 5)


@pytest.fixture(scope="module")
def pairs(folder: Path) -> list[tuple[Path, int]]:
    """(file, class) in the order in which a folder is read."""
    classes = sorted(path.name for path in folder.iterdir())
    return [(file, classes.index(file.parent.name)) for file in sorted(folder.rglob("*.png"))]


def found(atlas: nbviz.Atlas) -> list[tuple[float, int]]:
    return [(patch.score, patch.picture) for patch in atlas.top(UNIT)]


class Pairs(Dataset[Any]):
    """A person's own data set, without names of classes."""

    def __init__(self, pairs: list[tuple[Path, int]], transform: Any = None) -> None:
        self.pairs, self.transform = pairs, transform

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        file, label = self.pairs[index]
        picture = Image.open(file).convert("RGB")
        return (self.transform(picture) if self.transform else picture), label


class Streamed(IterableDataset[Any]):
    def __init__(self, pairs: list[tuple[Path, int]]) -> None:
        self.pairs = pairs

    def __iter__(self) -> Iterator[Any]:
        return ({"image": Image.open(file).convert("RGB"), "label": torch.tensor(label)} for file, label in self.pairs)


def test_a_torch_data_set_and_its_loader(
    scan: Scan, pairs: list[tuple[Path, int]], atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    made = scan(Pairs(pairs), tmp_path / "dataset")
    assert found(made) == found(atlas)
    loaded = scan(DataLoader(Pairs(pairs), batch_size=7, shuffle=True), tmp_path / "loader")
    assert found(loaded) == found(atlas)
    # Without names of its own, a class has the network's.
    assert made.top(UNIT)[0].label in nbviz.demo.CLASSES


def test_a_data_set_that_gives_normalised_tensors(
    scan: Scan, pairs: list[tuple[Path, int]], atlas: nbviz.Atlas, tmp_path: Path, net: nbviz.Network
) -> None:
    made = scan(Pairs(pairs, nbviz.demo.transform), tmp_path / "tensors")
    assert found(made) == found(atlas)
    assert made.top(UNIT)[0].image == atlas.top(UNIT)[0].image
    assert made.picture(0).size == (96, 96)


def test_an_iterable_data_set_is_gone_through_in_its_order(
    scan: Scan, pairs: list[tuple[Path, int]], atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    made = scan(Streamed(pairs), tmp_path / "stream")
    assert found(made) == found(atlas)
    assert scan(DataLoader(Streamed(pairs), batch_size=4), tmp_path / "stream").complete


def test_a_list_of_files_and_one_of_arrays(
    scan: Scan, pairs: list[tuple[Path, int]], atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    assert found(scan([file for file, _ in pairs], tmp_path / "files")) == found(atlas)
    arrays = [(np.asarray(Image.open(file).convert("RGB")), label) for file, label in pairs]
    assert found(scan(arrays, tmp_path / "arrays")) == found(atlas)


def archive(file: Path, members: list[tuple[str, bytes]], mode: str = "w") -> None:
    with tarfile.open(file, mode) as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def test_tar_shards_with_labels_as_webdataset_writes_them(
    scan: Scan, pairs: list[tuple[Path, int]], atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    (tmp_path / "shards").mkdir()
    for shard in range(3):
        members = []
        for number, (file, label) in list(enumerate(pairs))[shard * 16 : (shard + 1) * 16]:
            members += [(f"{number:05d}.png", file.read_bytes()), (f"{number:05d}.cls", str(label).encode())]
            members += [(f"{number:05d}.json", b"{}")]
        archive(tmp_path / "shards" / f"train-{shard:02d}.tar", members)
    made = scan(tmp_path / "shards", tmp_path / "folder-of-tars")
    assert found(made) == found(atlas)
    assert made.top(UNIT)[0].name.startswith("train-0")
    for pattern in ("train-{00..02}.tar", "train-*.tar"):
        assert source_of(str(tmp_path / "shards" / pattern)).count == COUNT
    again = nbviz.Atlas(tmp_path / "folder-of-tars")
    first = again.top(UNIT)[0]
    assert again.picture(first.picture).tobytes() == Image.open(pairs[first.picture][0]).convert("RGB").tobytes()


def test_a_compressed_tar_file_is_told(tmp_path: Path) -> None:
    archive(tmp_path / "small.tar", [("a.txt", b"no picture")], "w:gz")
    with pytest.raises(BadDataset, match="uncompressed tar file"):
        source_of(tmp_path / "small.tar")
    archive(tmp_path / "none.tar", [("a.txt", b"no picture")])
    with pytest.raises(BadDataset, match="no pictures in"):
        source_of(tmp_path / "none.tar")


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """A flat folder with a picture of every kind, good and bad."""
    root = tmp_path / "zoo"
    root.mkdir()
    scene = Image.fromarray(nbviz.demo.scenes(1, seed=5).pictures[0])
    scene.quantize(16).save(root / "palette.png")
    scene.convert("1").save(root / "bilevel.png")
    scene.convert("L").save(root / "grey.jpg")
    scene.convert("CMYK").save(root / "cmyk.jpg")
    Image.fromarray(np.asarray(scene.convert("L")).astype(np.uint16) * 257).save(root / "deep.png")
    scene.convert("RGBA").save(root / "alpha.png")
    scene.convert("LA").save(root / "grey_alpha.png")
    scene.save(root / "animated.gif", save_all=True, append_images=[scene.rotate(90), scene.rotate(180)])
    scene.save(root / "lossy.webp")
    turned, orientation = scene.transpose(Image.Transpose.ROTATE_90), Image.Exif()
    orientation[0x0112] = 6
    turned.save(root / "turned.jpg", exif=orientation, quality=95)
    scene.save(root / "plain.jpg", quality=95)
    scene.save(root / "UPPER.JPG")
    return root


GOOD = 12


def spoil(root: Path) -> None:
    (root / "empty.jpg").touch()
    (root / "text.jpg").write_text("this is no picture")
    (root / "cut.jpg").write_bytes((root / "plain.jpg").read_bytes()[:900])
    Image.new("RGB", (3, 3)).save(root / "tiny.png")
    (root / "dangling.png").symlink_to(root / "nowhere.png")
    (root / "folder.jpg").mkdir()
    (root / "notes.txt").write_text("no picture, and it does not say so")
    (root / "._plain.jpg").write_bytes(b"what another system leaves behind")


BAD = {"empty.jpg", "text.jpg", "cut.jpg", "tiny.png", "dangling.png"}


def test_pictures_of_every_mode_are_read(scan: Scan, zoo: Path, tmp_path: Path) -> None:
    made = scan(zoo, tmp_path / "atlas", k=20, layers=["fc"])
    assert made.skipped == []
    assert made.progress == (GOOD, GOOD)
    names = {patch.name: patch for patch in made.top("fc:0")}
    assert len(names) == GOOD
    assert {patch.label for patch in names.values()} == {None}
    assert made.classes("fc:0").purity is None
    # Turned by its EXIF orientation, a picture is the one that it shows.
    assert names["turned.jpg"].score == pytest.approx(names["plain.jpg"].score, abs=0.5)


def test_pictures_that_cannot_be_read_are_skipped_counted_and_listed(scan: Scan, zoo: Path, tmp_path: Path) -> None:
    clean = scan(zoo, tmp_path / "clean", k=20, layers=["fc"])
    spoil(zoo)
    made = scan(zoo, tmp_path / "atlas", k=20, layers=["fc"])
    assert {name for name, _ in made.skipped} == BAD
    assert all(len(reason) > 20 for _, reason in made.skipped)
    assert made.statistics("fc").count == GOOD
    assert {patch.name for patch in made.top("fc:0")} == {patch.name for patch in clean.top("fc:0")}
    np.testing.assert_allclose(made.statistics("fc").mean, clean.statistics("fc").mean, rtol=1e-4, atol=1e-5)
    assert made.histogram("fc:0").counts.sum() == GOOD


def test_a_data_set_that_raises_for_some_pictures(scan: Scan, pairs: list[tuple[Path, int]], tmp_path: Path) -> None:
    class Moody(Pairs):
        def __getitem__(self, index: int) -> tuple[Any, int]:
            if index % 5 == 3:
                raise RuntimeError("out of order")
            return super().__getitem__(index)

    made = scan(Moody(pairs), tmp_path / "atlas", layers=["fc"])
    assert len(made.skipped) == len([i for i in range(COUNT) if i % 5 == 3])
    assert made.skipped[0] == ("picture 3", "RuntimeError: out of order")


def test_a_picture_on_which_the_network_fails_is_skipped_and_the_layer_named(folder: Path, tmp_path: Path) -> None:
    class Divides(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.conv(x / x.abs().amax((1, 2, 3), keepdim=True))
            return found.mean((2, 3))

    net = nbviz.Network(Divides(), input_size=32, device="cpu")
    black = np.zeros((32, 32, 3), np.uint8)
    pictures = [np.asarray(Image.open(file).convert("RGB")) for file in sorted(folder.rglob("*.png"))[:5]]
    made = nbviz.scan(net, [*pictures[:2], black, *pictures[2:]], tmp_path / "atlas", progress=False)
    assert made.skipped == [("picture 2", "Layer 'conv' computes NaN or infinity on it.")]
    assert made.statistics("conv").count == 5
    assert np.isfinite(made.statistics("conv").mean).all()


def test_nothing_to_look_at_is_told(scan: Scan, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadDataset, match="has no pictures in it or below"):
        scan(tmp_path / "empty", tmp_path / "atlas")
    with pytest.raises(BadDataset, match="does not exist"):
        scan(tmp_path / "nothing", tmp_path / "atlas")
    with pytest.raises(BadDataset, match="is empty"):
        scan([], tmp_path / "atlas")
    with pytest.raises(BadDataset, match="is not a data set"):
        scan(42, tmp_path / "atlas")
    spoiled = tmp_path / "spoiled"
    spoiled.mkdir()
    (spoiled / "text.jpg").write_text("this is no picture")
    with pytest.raises(BadDataset, match=r"None of 1 pictures .* can be read. The first: .*not a picture"):
        scan(spoiled, tmp_path / "atlas")
    assert not (tmp_path / "atlas" / "atlas.json").exists()


def test_random_augmentation_is_told(scan: Scan, pairs: list[tuple[Path, int]], tmp_path: Path) -> None:
    def noisy(picture: Image.Image) -> torch.Tensor:
        return (nbviz.demo.transform(picture) + 0.1 * torch.randn(3, 96, 96)).clamp(-2, 2)

    with pytest.raises(BadDataset, match="switch its random augmentation off"):
        scan(Pairs(pairs, noisy), tmp_path / "atlas")


def test_a_folder_that_links_to_itself_is_read_once(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.new("RGB", (32, 32)).save(tmp_path / "a" / "one.png")
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert Folder.of(tmp_path).count == 1


def test_the_original_of_a_patch_is_found_also_after_the_pictures_have_moved(
    scan: Scan, zoo: Path, tmp_path: Path
) -> None:
    made = scan(zoo, tmp_path / "atlas", layers=["fc"])
    first = made.top("fc:0")[0]
    assert nbviz.Atlas(tmp_path / "atlas").picture(first.picture).size == (96, 96)
    zoo.rename(tmp_path / "moved")
    with pytest.raises(BadDataset, match=r"cannot be read any more .* Atlas\(path, dataset=…\)"):
        nbviz.Atlas(tmp_path / "atlas").picture(first.picture)
    there = nbviz.Atlas(tmp_path / "atlas", tmp_path / "moved")
    assert there.picture(first.picture).size == (96, 96)
    assert nbviz.Atlas(tmp_path / "atlas").top("fc:0")[0].image is not None
    (tmp_path / "moved" / "plain.jpg").unlink()
    with pytest.raises(BadAtlas, match="has 11 pictures"):
        nbviz.Atlas(tmp_path / "atlas", tmp_path / "moved")


def test_names_and_classes_are_text_and_never_markup(scan: Scan, tmp_path: Path) -> None:
    root = tmp_path / "pictures" / "<b>bold & co"
    root.mkdir(parents=True)
    Image.fromarray(nbviz.demo.scenes(1, seed=5).pictures[0]).save(root / "<img src=x>.png")
    made = scan(tmp_path / "pictures", tmp_path / "atlas", layers=["fc"])
    assert made.top("fc:0")[0].label == "<b>bold & co"
    shown = made.top("fc:0")._repr_html_()
    assert "<b>" not in shown
    assert "<img src=x>" not in shown
    assert "&lt;b&gt;bold &amp; co" in shown


def test_a_sample_is_spread_over_the_data_set_and_gives_a_synthesis_its_statistics(
    atlas: nbviz.Atlas, net: nbviz.Network, scenes: nbviz.demo.Scenes
) -> None:
    read = nbviz.Atlas(atlas.path, net=net)
    sample = read.sample(12)
    assert [x.shape for x in sample] == [(1, 3, *net.input_size)] * 12
    assert all(torch.equal(x, read.input(number)) for x, number in zip(sample, range(0, COUNT, 4), strict=True))
    found = nbviz.synthesis.statistics(net, read.sample(COUNT))
    assert found.pictures == COUNT
    expected = np.mean([scene.mean((0, 1)) / 255 for scene in scenes.pictures], 0)
    assert found.mean is not None
    assert np.allclose(found.mean.numpy(), expected, atol=0.01)
    with pytest.raises(BadDataset, match=r"attach\(net\)"):
        nbviz.Atlas(atlas.path).sample()


def test_a_sample_leaves_out_what_cannot_be_read(scan: Scan, zoo: Path, tmp_path: Path, net: nbviz.Network) -> None:
    spoil(zoo)
    atlas = nbviz.Atlas(scan(zoo, tmp_path / "atlas", layers=["fc"]).path, net=net)
    assert len(atlas.sample(GOOD + len(BAD))) == GOOD
