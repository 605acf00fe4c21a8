"""Whatever goes wrong: nothing is lost, nothing is wrong, and one sentence says what happened."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

import nbviz
from nbviz.atlas import files
from nbviz.atlas.workshop import WORK
from nbviz.errors import BadAtlas, BadDataset, BadRequest, DamagedAtlas, UnknownName

from .conftest import Scan, contents

ROOT = Path(__file__).resolve().parents[2]


class Stopped(Exception):
    """What ends a scan in these tests."""


def stop_at(pictures: int) -> Callable[[int, int, str], None]:
    def stop(done: int, total: int, what: str) -> None:
        if what == "scanning" and done >= pictures:
            raise Stopped

    return stop


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be forked")
def test_killed_at_twenty_random_moments_it_ends_in_the_same_bytes(
    folder: Path, atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "tests.atlas.killed", str(folder), str(tmp_path), "20"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert ran.returncode == 0, ran.stderr
    finished = ran.stdout.split()
    assert finished
    for path in finished:
        assert contents(Path(path)) == contents(atlas.path)


@pytest.mark.slow
@pytest.mark.parametrize("write", range(1, 13))
def test_a_disk_that_is_full_at_any_write_is_told_and_the_scan_goes_on_later(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    writes, settle = [0], files._settle

    def full(path: Path) -> None:
        writes[0] += 1
        if writes[0] == 2 * write - 1:  # a file and its folder are waited for, each time
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        settle(path)

    monkeypatch.setattr(files, "_settle", full)
    with pytest.raises(BadAtlas, match="the disk is full"):
        scan(folder, tmp_path / "atlas")
    monkeypatch.undo()
    assert not list((tmp_path / "atlas").rglob("*.tmp"))
    scan(folder, tmp_path / "atlas")
    assert contents(tmp_path / "atlas") == contents(atlas.path)


LIMITED = """
import resource, signal, sys
from pathlib import Path
import pyarrow as pa, pyarrow.parquet as pq
from nbviz.atlas import files
from nbviz.errors import BadAtlas
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    with files.replacing(Path(sys.argv[1]) / "table") as temporary:
        pq.write_table(pa.table({"a": list(range(100_000))}), temporary)
except BadAtlas as error:
    print(error)
"""


@pytest.mark.slow
def test_what_the_system_answers_to_parquet_is_understood_and_nothing_is_left(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "the file would be larger than is allowed here" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shard-000002.safetensors", "prefix.safetensors"])
@pytest.mark.parametrize("damage", ["cut off", "changed"])
def test_partial_results_that_were_damaged_are_made_again(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path, name: str, damage: str
) -> None:
    scan(folder, tmp_path / "atlas", share=(0, 2))
    if name.startswith("prefix"):
        with pytest.raises(Stopped):
            scan(folder, tmp_path / "atlas", on_progress=stop_at(40))
    file = tmp_path / "atlas" / WORK / name
    content = bytearray(file.read_bytes())
    if damage == "cut off":
        file.write_bytes(content[: len(content) // 2])
    else:
        content[-100] ^= 1
        file.write_bytes(content)
    scan(folder, tmp_path / "atlas")
    assert contents(tmp_path / "atlas") == contents(atlas.path)


@pytest.fixture
def copy(atlas: nbviz.Atlas, tmp_path: Path) -> Path:
    """A finished atlas that a test may damage."""
    shutil.copytree(atlas.path, tmp_path / "copy")
    return tmp_path / "copy"


def test_patches_that_were_cut_off_or_lost_are_cut_again(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, copy: Path
) -> None:
    first, second, *_ = sorted((copy / "patches").rglob("*.parquet"))
    os.truncate(first, first.stat().st_size // 2)
    second.unlink()
    with pytest.raises(DamagedAtlas, match=r"part-00000.parquet' is damaged .* run the same scan again"):
        _ = nbviz.Atlas(copy).top(("conv1", 0))[0].image
    scan(folder, copy)
    assert contents(copy) == contents(atlas.path)


def test_an_engine_cuts_lost_patches_again(scan: Scan, folder: Path, atlas: nbviz.Atlas, copy: Path) -> None:
    sorted((copy / "patches").rglob("*.parquet"))[1].unlink()
    with ThreadPoolExecutor(2) as executor:
        scan(folder, copy, engine=executor)
    assert contents(copy) == contents(atlas.path)


def test_killed_while_tidying_up_it_is_tidied_up_later(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise Stopped

    monkeypatch.setattr("nbviz.atlas.run.write_manifest", killed)
    with pytest.raises(Stopped):
        scan(folder, tmp_path / "atlas")
    monkeypatch.undo()
    scan(folder, tmp_path / "atlas")
    assert contents(tmp_path / "atlas") == contents(atlas.path)


def test_a_bit_that_was_flipped_in_a_stored_picture_is_noticed(copy: Path) -> None:
    file = sorted((copy / "patches").rglob("*.parquet"))[0]
    content = bytearray(file.read_bytes())
    content[content.index(b"WEBP") + 20] ^= 1
    file.write_bytes(content)
    with pytest.raises(DamagedAtlas, match="is damaged"):
        _ = nbviz.Atlas(copy).top(("conv1", 0))[0].image


def test_tables_that_were_cut_off_are_told_and_not_guessed(scan: Scan, folder: Path, copy: Path) -> None:
    os.truncate(copy / "channels.parquet", 1000)
    with pytest.raises(DamagedAtlas, match=r"channels.parquet' is damaged"):
        nbviz.Atlas(copy).top(("conv1", 0))
    with pytest.raises(DamagedAtlas, match="are lost; remove the folder and scan again"):
        scan(folder, copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b'{"format": "nbviz atlas", "version": 1}'])
def test_a_manifest_that_is_none_is_told(copy: Path, content: bytes) -> None:
    (copy / "atlas.json").write_bytes(content)
    with pytest.raises(BadAtlas, match=r"atlas.json"):
        nbviz.Atlas(copy)


def test_an_atlas_of_a_later_format_is_told(copy: Path) -> None:
    text = (copy / "atlas.json").read_text("utf-8").replace('"version": 1', '"version": 2')
    (copy / "atlas.json").write_text(text, "utf-8")
    with pytest.raises(BadAtlas, match="use a newer nbviz"):
        nbviz.Atlas(copy)


def test_two_scans_cannot_write_to_one_folder(scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path) -> None:
    refused: list[str] = []

    def second(done: int, total: int, what: str) -> None:
        if not refused:
            with pytest.raises(BadAtlas) as caught:
                scan(folder, tmp_path / "atlas")
            refused.append(str(caught.value))

    scan(folder, tmp_path / "atlas", on_progress=second)
    assert "Another scan is writing" in refused[0]
    assert contents(tmp_path / "atlas") == contents(atlas.path)


def test_a_folder_that_holds_something_else_is_left_alone(scan: Scan, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BadAtlas, match=r"holds other files, such as 'thesis.tex'"):
        scan(folder, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["thesis.tex"]


def test_a_path_that_is_a_file_is_told(scan: Scan, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "atlas").write_text("a file")
    with pytest.raises(BadAtlas, match="cannot be written"):
        scan(folder, tmp_path / "atlas")
    with pytest.raises(BadAtlas, match="holds no atlas"):
        nbviz.Atlas(tmp_path / "nothing")


@pytest.mark.parametrize(("number", "said"), [(errno.EROFS, "read-only"), (errno.EACCES, "no permission")])
def test_a_disk_that_cannot_be_written_to_is_told(
    scan: Scan, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(BadAtlas, match=said):
        scan(folder, tmp_path / "atlas")


def test_a_finished_atlas_on_a_read_only_disk_is_opened(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", refuse)
    monkeypatch.setattr(files, "write", refuse)
    assert scan(folder, atlas.path).complete


def test_another_network_is_told_by_what_differs(scan: Scan, folder: Path, copy: Path) -> None:
    model = nbviz.demo.model()
    with torch.no_grad():
        model.layer3[0].conv1.weight[0, 0, 0, 0] += 1
    changed = nbviz.Network(model, transform=nbviz.demo.transform, device="cpu")
    with pytest.raises(BadAtlas, match=r"1 of \d+ weight tensors differ: 'layer3.0.conv1.weight'"):
        nbviz.scan(changed, folder, copy, progress=False)
    assert nbviz.Atlas(copy).differences(changed)
    with pytest.raises(BadAtlas, match="made with another network"):
        nbviz.Atlas(copy, net=changed)


def test_another_preprocessing_is_told(copy: Path) -> None:
    darker = nbviz.demo.preprocessing.Transform(mean=(0.6, 0.5, 0.5))
    other = nbviz.Network(nbviz.demo.model(), transform=darker, device="cpu")
    assert nbviz.Atlas(copy).differences(other) == ["The preprocessing makes another input of the same picture."]
    assert not nbviz.Atlas(copy).matches(other)


def test_another_k_and_other_layers_are_told(scan: Scan, folder: Path, copy: Path) -> None:
    with pytest.raises(BadAtlas, match="begun with k=5"):
        scan(folder, copy, k=6)
    with pytest.raises(BadAtlas, match="begun with 6 layers, 1 are asked for"):
        scan(folder, copy, layers=["fc"])


@pytest.mark.parametrize("change", ["added", "removed", "rewritten"])
def test_a_data_set_that_has_changed_between_runs_is_told(
    scan: Scan, folder: Path, tmp_path: Path, change: str
) -> None:
    pictures = tmp_path / "pictures"
    shutil.copytree(folder, pictures)
    with pytest.raises(Stopped):
        scan(pictures, tmp_path / "atlas", on_progress=stop_at(24))
    first, second, *_ = sorted(pictures.rglob("*.png"))
    if change == "added":
        shutil.copy(first, pictures / "more.png")
    elif change == "removed":
        first.unlink()
    else:
        shutil.copy(second, first)
    said = "were exchanged, renamed or written to" if change == "rewritten" else "had 48 pictures and has"
    with pytest.raises(BadAtlas, match=f"The data set has changed: .*{said}"):
        scan(pictures, tmp_path / "atlas")


def test_pictures_that_are_gone_when_patches_are_cut_are_told_and_can_come_back(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    shutil.copytree(folder, pictures)

    def vanish(done: int, total: int, what: str) -> None:
        if what == "cutting patches" and pictures.exists():
            pictures.rename(tmp_path / "elsewhere")

    with pytest.raises(BadDataset, match=r"cannot be read any more .* bring it back"):
        scan(pictures, tmp_path / "atlas", on_progress=vanish)
    (tmp_path / "elsewhere").rename(pictures)
    assert scan(pictures, tmp_path / "atlas").complete
    found = contents(tmp_path / "atlas")
    expected = contents(atlas.path)
    del found["atlas.json"], expected["atlas.json"]  # it names the folder of the pictures
    assert found == expected


def test_weights_that_change_while_scanning_are_told(folder: Path, tmp_path: Path) -> None:
    net = nbviz.Network.demo(device="cpu")

    def train(done: int, total: int, what: str) -> None:
        if what == "scanning" and done == 16:
            with torch.no_grad():
                net.model.fc.bias += 1

    with pytest.raises(nbviz.NbvizError, match="The weights changed"):
        nbviz.scan(net, folder, tmp_path / "atlas", ["fc"], batch=8, progress=False, on_progress=train)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"k": 0}, "k=0"),
        ({"batch": 0}, "batch=0"),
        ({"workers": 0}, "workers=0"),
        ({"engine": "spark"}, "no engine 'spark'"),
        ({"share": (2, 2)}, "share="),
    ],
)
def test_numbers_and_names_that_make_no_sense_are_told(
    scan: Scan, folder: Path, tmp_path: Path, options: dict[str, Any], error: str
) -> None:
    with pytest.raises(BadRequest, match=error):
        scan(folder, tmp_path / "atlas", **options)


def test_a_layer_that_does_not_exist_is_told(scan: Scan, folder: Path, tmp_path: Path, atlas: nbviz.Atlas) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'layer2'"):
        scan(folder, tmp_path / "atlas", layers=["layr2"])
    with pytest.raises(UnknownName, match="Did you mean 'layer2'"):
        atlas.top(("layr2", 0))
    with pytest.raises(nbviz.NbvizError, match="channels 0 to 31, not 32"):
        atlas.top("conv1:32")
    with pytest.raises(nbviz.NbvizError, match="no bin 20"):
        atlas.examples("conv1:0", 20)
