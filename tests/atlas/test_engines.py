"""Whoever does the work, and whoever dies doing it: the atlas is the one that this process makes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

import nbviz
from nbviz.atlas import parcel
from nbviz.errors import BadModel, BadRequest

from .conftest import Scan, contents


def test_any_executor_gives_the_same_bytes(scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as executor:
        scan(folder, tmp_path / "atlas", engine=executor)
    assert contents(tmp_path / "atlas") == contents(atlas.path)


@pytest.mark.slow
def test_processes_give_the_same_bytes_also_when_one_is_killed(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    killed: list[int] = []

    def kill(done: int, total: int, what: str) -> None:
        for worker in multiprocessing.active_children()[:1]:
            if done and len(killed) < (1 if what == "scanning" else 2) and worker.pid:
                os.kill(worker.pid, signal.SIGKILL)
                killed.append(worker.pid)

    scan(folder, tmp_path / "atlas", workers=2, on_progress=kill)
    assert len(killed) == 2
    assert contents(tmp_path / "atlas") == contents(atlas.path)


@pytest.mark.slow
# Dask starts processes and sockets whose ends it does not wait for.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_gives_the_same_bytes_also_when_a_worker_is_killed(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed: list[int] = []

        def kill(done: int, total: int, what: str) -> None:
            if done and not killed:
                killed.append(min(client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        scan(folder, tmp_path / "client", engine=client, on_progress=kill)
        assert killed
        scan(folder, tmp_path / "address", engine=cluster.scheduler_address)
    for name in ("client", "address"):
        assert contents(tmp_path / name) == contents(atlas.path)


def test_a_scan_that_was_begun_here_is_finished_by_an_engine(
    scan: Scan, folder: Path, atlas: nbviz.Atlas, tmp_path: Path
) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int, what: str) -> None:
        if done >= 16:
            raise Stopped

    with pytest.raises(Stopped):
        scan(folder, tmp_path / "atlas", on_progress=stop)
    with ThreadPoolExecutor(2) as executor:
        scan(folder, tmp_path / "atlas", engine=executor)
    assert contents(tmp_path / "atlas") == contents(atlas.path)


def test_a_parcel_is_small_and_gives_back_what_was_packed(net: nbviz.Network, tmp_path: Path) -> None:
    packed = parcel.pack(net, tmp_path / "tensors.safetensors")
    assert len(packed) < 300_000
    again = parcel.unpack(packed, tmp_path / "tensors.safetensors")
    x = torch.randn(2, 3, 96, 96)
    with torch.no_grad():
        expected, found = (n.tap(x, ["layer2"], logits=True) for n in (net, again))
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    shared = {"a": net.model.fc.weight, "b": net.model.fc.weight}
    unpacked = parcel.unpack(parcel.pack(shared, tmp_path / "shared"), tmp_path / "shared")
    assert unpacked["a"] is not None
    assert isinstance(unpacked["a"], torch.nn.Parameter)


def test_what_other_processes_cannot_import_is_sent_whole(tmp_path: Path) -> None:
    """As a class of a notebook, which plain pickle sends as a name that means nothing elsewhere."""
    pytest.importorskip("cloudpickle")
    local: dict[str, Any] = {"__name__": "__main__", "torch": torch}
    exec("class Net(torch.nn.Linear):\n    def twice(self): return 2 * self.weight", local)
    made = local["Net"](2, 2)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(made)
    again = parcel.unpack(parcel.pack(made, tmp_path / "tensors"), tmp_path / "tensors")
    assert torch.equal(again.twice(), 2 * made.weight)


def test_what_cannot_be_sent_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="cannot be sent to other processes"):
        parcel.pack((_ for _ in range(3)), tmp_path / "tensors")


def test_an_address_where_nobody_answers_is_told(
    scan: Scan, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("nbviz.atlas.engines.dask.PATIENCE", 1)
    with pytest.raises(BadRequest, match=r"no Dask scheduler at 'tcp://127.0.0.1:9'"):
        scan(folder, tmp_path / "atlas", engine="tcp://127.0.0.1:9")
