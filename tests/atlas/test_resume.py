"""A scan that was stopped goes on where it was, and ends in the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

import nbviz
from nbviz.atlas import workshop

from .conftest import Scan, contents


class Stopped(Exception):
    """What ends a scan in these tests."""


@pytest.mark.parametrize("after", [1, 2, 5, 7])
def test_a_scan_that_was_stopped_goes_on_and_ends_in_the_same_bytes(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path, after: int
) -> None:
    def stop(done: int, total: int, what: str) -> None:
        if what == "scanning" and done >= after * 8:
            raise Stopped

    if after * 8 < 48:
        with pytest.raises(Stopped):
            scan(folder, tmp_path / "atlas", on_progress=stop)
    begun: list[int] = []
    finished = scan(folder, tmp_path / "atlas", on_progress=lambda done, total, what: begun.append(done))
    if after * 8 < 48:
        assert begun[0] >= (after - 1) * 8
    assert finished.complete
    assert contents(tmp_path / "atlas") == contents(atlas.path)


def test_a_scan_that_was_stopped_shows_its_patches_by_its_path_alone(
    scan: Scan, folder: Path, tmp_path: Path, net: nbviz.Network
) -> None:
    def stop(done: int, total: int, what: str) -> None:
        if what == "scanning" and done >= 16:
            raise Stopped

    with pytest.raises(Stopped):
        scan(folder, tmp_path / "atlas", on_progress=stop)
    alone, told = (nbviz.Atlas(tmp_path / "atlas", dataset, net).top("layer2:5") for dataset in (None, folder))
    assert len(alone) == len(told) > 0
    for one, other in zip(alone, told, strict=True):
        assert one.image is not None
        assert other.image is not None
        assert one.image.tobytes() == other.image.tobytes()


def test_a_finished_scan_is_opened_and_nothing_is_done(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(workshop.KINDS, "shard", lambda *_: pytest.fail("a picture was looked at"))
    before = contents(atlas.path)
    assert scan(folder, atlas.path).complete
    assert contents(atlas.path) == before


def test_after_the_first_batch_there_is_something_to_see(
    scan: Scan, folder: Path, tmp_path: Path, net: nbviz.Network
) -> None:
    looks: list[tuple[tuple[int, int], int]] = []

    def look(done: int, total: int, what: str) -> None:
        if what == "scanning" and done > 8:
            running = nbviz.Atlas(tmp_path / "atlas", folder, net)
            top = running.top(("layer2", 0))
            assert top[0].image is not None
            assert running.statistics("layer2").count == running.progress[0]
            looks.append((running.progress, len(top)))

    scan(folder, tmp_path / "atlas", on_progress=look)
    assert looks[0] == ((8, 48), 5)


def test_shares_done_apart_are_put_together(scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path) -> None:
    for share in (2, 0, 1):
        assert not scan(folder, tmp_path / "atlas", share=(share, 3)).complete
    assert scan(folder, tmp_path / "atlas").complete
    assert contents(tmp_path / "atlas") == contents(atlas.path)
