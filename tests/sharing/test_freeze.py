"""Freezing a notebook: what becomes of its outputs, what of bad ones, and that the notebook itself is never damaged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbviz.cli import main
from nbviz.errors import BadRequest, NotAReadableNotebook, NotWritten
from nbviz.sharing.freeze import freeze
from nbviz.sharing.outputs import WIDGET_STATE, WIDGET_VIEW, recorded_in
from nbviz.sharing.sheet import MARK
from nbviz.widgets import Explorer, FilterGrid
from tests.doubles import noise
from tests.sharing.conftest import plain_person

Show = Callable[..., Explorer]


def snapshot_of(w: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    w.snapshot()
    return shown[0]


def notebook(path: Path, *outputs: dict[str, Any], minor: int = 5, **metadata: Any) -> Path:
    cells = [
        nbformat.v4.new_code_cell(f"w{i}", outputs=[nbformat.v4.new_output("display_data", data)])
        for i, data in enumerate(outputs)
    ]
    sheet = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), *cells], metadata=metadata)
    sheet.nbformat_minor = minor
    path.write_text(nbformat.writes(sheet))
    return path


@pytest.fixture
def frozen_data(show: Show, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Outputs of two snapshots of the same network and pictures."""
    pictures = noise(2)
    return [snapshot_of(show(images=pictures), monkeypatch) for _ in range(2)]


def test_snapshots_of_a_notebook_share_one_copy(tmp_path: Path, frozen_data: list[dict[str, Any]]) -> None:
    path = notebook(tmp_path / "a.ipynb", *frozen_data)
    before = path.stat().st_size
    told = freeze(path, execute=False, progress=False)
    assert (told.outputs, told.stills, told.path) == (2, 0, path)
    assert path.stat().st_size < 0.7 * before
    outputs = recorded_in(nbformat.read(path, as_version=4))
    assert [one.title for one in outputs] == [data["text/plain"] for data in frozen_data]
    for one in outputs:
        assert "maps" in {question.op for question, _ in one.document.views[0].archive}


def test_freezing_twice_changes_nothing_that_counts(tmp_path: Path, frozen_data: list[dict[str, Any]]) -> None:
    path = notebook(tmp_path / "a.ipynb", *frozen_data)
    freeze(path, execute=False, progress=False)
    once = [len(str(one.document)) for one in recorded_in(nbformat.read(path, as_version=4))]
    size = path.stat().st_size
    freeze(path, execute=False, progress=False)
    assert [len(str(one.document)) for one in recorded_in(nbformat.read(path, as_version=4))] == once
    assert path.stat().st_size == size


def test_what_was_not_recorded_stays_as_pictures_and_stale_state_goes(tmp_path: Path, show: Show) -> None:
    w = show()
    data, _ = w._repr_mimebundle_()
    ours = {"model_module": "anywidget", "state": {"_anywidget_id": "nbviz.widgets.Explorer", "layout": "IPY_MODEL_l"}}
    theirs = {"model_module": "@jupyter-widgets/controls", "state": {"value": 3}}
    state = {"w": ours, "l": {"model_module": "@jupyter-widgets/base", "state": {}}, "slider": theirs}
    widgets = {WIDGET_STATE: {"state": state, "version_major": 2, "version_minor": 0}}
    path = notebook(tmp_path / "a.ipynb", dict(data), widgets=widgets)
    told = freeze(path, execute=False, progress=False)
    assert (told.outputs, told.stills) == (0, 1)
    sheet = nbformat.read(path, as_version=4)
    left = sheet.cells[1].outputs[0].data
    assert WIDGET_VIEW not in left
    assert left["text/html"].startswith(MARK)
    assert set(sheet.metadata["widgets"][WIDGET_STATE]["state"]) == {"slider"}


def test_state_that_is_nbvizs_alone_leaves_no_empty_metadata(tmp_path: Path, frozen_data: list[dict[str, Any]]) -> None:
    ours = {"state": {"_anywidget_id": "nbviz.widgets.LayerGrid", "layout": "IPY_MODEL_l"}}
    path = notebook(tmp_path / "a.ipynb", frozen_data[0], widgets={WIDGET_STATE: {"state": {"w": ours}}})
    freeze(path, execute=False, progress=False)
    assert "widgets" not in nbformat.read(path, as_version=4).metadata


def test_other_places_and_the_page(tmp_path: Path, frozen_data: list[dict[str, Any]]) -> None:
    path = notebook(tmp_path / "a.ipynb", *frozen_data)
    before = path.read_bytes()
    freeze(path, page=tmp_path / "page.html", execute=False, progress=False)
    assert path.read_bytes() == before
    freeze(path, tmp_path / "b.ipynb", execute=False, progress=False)
    assert path.read_bytes() == before
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "<h1" in page
    assert page.count("<iframe") == 2
    assert 'src="http' not in page
    assert "cdnjs" not in page


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "is not a notebook"),
        ("[1, 2]", "is not a notebook"),
        ("{}", "is not a notebook"),
        (json.dumps({"nbformat": 5, "nbformat_minor": 1, "cells": []}), "format 5.1, and this reads 4.x"),
        (json.dumps({"nbformat": 3, "nbformat_minor": 0, "worksheets": []}), "format 3.0, and this reads 4.x"),
        ("\xff\xfe", "cannot be read as a notebook"),
    ],
)
def test_what_is_no_notebook_is_said_and_left_alone(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(NotAReadableNotebook, match=says):
        freeze(path, progress=False)
    assert path.read_bytes() == text.encode("latin-1")


def test_a_notebook_without_our_outputs_and_one_that_is_not_there(tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", {"text/plain": "3"})
    before = path.read_bytes()
    with pytest.raises(BadRequest, match="has no output of nbviz that could be frozen; nothing was written"):
        freeze(path, execute=False, progress=False)
    assert path.read_bytes() == before
    with pytest.raises(NotAReadableNotebook, match="There is no file"):
        freeze(tmp_path / "b.ipynb", progress=False)


def test_a_newer_minor_format_is_kept(tmp_path: Path, frozen_data: list[dict[str, Any]]) -> None:
    path = notebook(tmp_path / "a.ipynb", frozen_data[0])
    sheet = json.loads(path.read_text())
    sheet["nbformat_minor"] = 99
    sheet["cells"][0]["metadata"]["of the future"] = True
    path.write_text(json.dumps(sheet))
    freeze(path, execute=False, progress=False)
    kept = json.loads(path.read_text())
    assert kept["nbformat_minor"] == 99
    assert kept["cells"][0]["metadata"] == {"of the future": True}


def test_a_recording_of_a_newer_nbviz_is_left_alone(
    tmp_path: Path, frozen_data: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = notebook(tmp_path / "a.ipynb", frozen_data[0])
    before = path.read_bytes()
    monkeypatch.setattr("nbviz.sharing.document.FORMAT", 0)
    with pytest.raises(NotAReadableNotebook, match=r"written by nbviz .*: update nbviz to read it"):
        freeze(path, execute=False, progress=False)
    assert path.read_bytes() == before


def test_outputs_of_an_older_nbviz_open_and_are_written_in_todays_form(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    shutil.copy(Path(__file__).parents[1] / "contract" / "sharing" / "format-1.ipynb", path)

    def answers() -> list[dict[str, str]]:
        outputs = recorded_in(nbformat.read(path, as_version=4))
        return [{q.canonical: content.digest for q, content in one.document.views[0].archive} for one in outputs]

    before = answers()
    assert [any("projection" in question for question in one) for one in before] == [True, True]
    assert "data-nbviz-rest" not in path.read_text()
    freeze(path, execute=False, progress=False)
    assert answers() == before
    assert "data-nbviz-rest" in path.read_text()


def test_a_target_that_cannot_be_written_leaves_everything_as_it_was(
    tmp_path: Path, frozen_data: list[dict[str, Any]]
) -> None:
    path = notebook(tmp_path / "a.ipynb", frozen_data[0])
    before = path.read_bytes()
    with pytest.raises(NotWritten, match="cannot be written"):
        freeze(path, tmp_path / "missing" / "b.ipynb", execute=False, progress=False)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.ipynb"]


def test_a_read_only_notebook_or_folder_is_left_alone(
    plain_folder: Path, frozen_data: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = notebook(plain_folder / "a.ipynb", frozen_data[0])
    freeze(path, tmp_path / "b.ipynb", execute=False, progress=False)
    before = path.read_bytes()
    for protected, mode, why in ((path, 0o444, "it is read-only"), (plain_folder, 0o555, "Permission denied")):
        usual = protected.stat().st_mode
        protected.chmod(mode)
        with plain_person(), pytest.raises(NotWritten, match=rf"a\.ipynb cannot be written: {why}\."):
            freeze(path, execute=False, progress=False)
        protected.chmod(usual)
    assert path.read_bytes() == before
    assert [one.name for one in plain_folder.iterdir()] == ["a.ipynb"]


KILLED = """
import os, sys, time
from nbviz.sharing.freeze import freeze

def fsync(_handle):
    print("writing", flush=True)
    time.sleep(60)

os.fsync = fsync
freeze(sys.argv[1], execute=False, progress=False)
"""


@pytest.mark.slow
def test_killed_while_it_writes_it_leaves_the_notebook_as_it_was(
    tmp_path: Path, frozen_data: list[dict[str, Any]]
) -> None:
    path = notebook(tmp_path / "a.ipynb", frozen_data[0])
    before = path.read_bytes()
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        aside = [one.stat().st_size for one in tmp_path.iterdir() if one != path]
        process.kill()
    assert process.returncode == -9
    assert [size > 0 for size in aside] == [True]
    assert path.read_bytes() == before
    freeze(path, execute=False, progress=False)
    assert len(recorded_in(nbformat.read(path, as_version=4))) == 1


def test_two_at_once_leave_a_whole_notebook(tmp_path: Path, frozen_data: list[dict[str, Any]]) -> None:
    path = notebook(tmp_path / "a.ipynb", *frozen_data)
    threads = [
        threading.Thread(target=freeze, args=(path,), kwargs={"execute": False, "progress": False}) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(recorded_in(nbformat.read(path, as_version=4))) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["a.ipynb"]


def test_the_command_says_what_it_did_or_why_not(
    tmp_path: Path, frozen_data: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    path = notebook(tmp_path / "a.ipynb", *frozen_data)
    assert main(["freeze", str(path), "--as-is", "-o", str(tmp_path / "b.ipynb")]) == 0
    assert "b.ipynb: 2 outputs of nbviz alive without a kernel" in capsys.readouterr().out
    assert main(["freeze", str(tmp_path / "c.ipynb")]) == 2
    assert capsys.readouterr().err.startswith("nbviz freeze: There is no file")


CELLS = """
import torch, nbviz
net = nbviz.Network(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU()), input_size=16)
"""


@pytest.mark.slow
def test_a_notebook_is_run_in_its_own_kernel_and_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    cells = [nbformat.v4.new_code_cell(source) for source in (CELLS, "w = nbviz.LayerGrid(net); w", "w.unit = '0:3'")]
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    told = freeze(path, tmp_path / "b.ipynb", progress=False, layers=["1"], top_k=2)
    assert (told.outputs, told.stills) == (1, 0)
    sheet = nbformat.read(tmp_path / "b.ipynb", as_version=4)
    assert len(sheet.cells) == 3
    assert "widgets" not in sheet.metadata
    (recorded,) = recorded_in(sheet)
    (view,) = recorded.document.views
    assert view.state["unit"] == "0:3"  # as it stands at the end
    assert {q.args["layer"] for q, _ in view.archive if q.op == "maps"} == {"0", "1"}


@pytest.mark.slow
def test_a_cell_that_fails_is_named_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    path = tmp_path / "a.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in ("1 + 1", "raise ValueError('told')")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    with pytest.raises(BadRequest, match=r"cell 2 of a\.ipynb failed with ValueError: told\. Nothing was written"):
        freeze(path, progress=False)
    assert path.read_bytes() == before


def test_a_widget_of_filters_is_a_page_too(net: Any, tmp_path: Path) -> None:
    w = FilterGrid(net, noise(1)[0])
    assert w.to_html(tmp_path / "page.html").stat().st_size > 10_000
    w.close()
