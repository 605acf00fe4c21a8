"""The notebooks are the documentation: each runs from top to bottom, without an error and without a warning."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlparse

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from safetensors.torch import load_file
from torchvision.models import SqueezeNet1_1_Weights

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
CELL_SECONDS = 300


# Downloads what a test may not: it runs with the real weights laid where torchvision keeps its downloads.
WITH_DOWNLOAD = {"your-model.ipynb"}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", sorted({path.name for path in NOTEBOOKS.glob("*.ipynb")} - WITH_DOWNLOAD))
def test_a_notebook_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _complaints(_executed(name, tmp_path, monkeypatch)) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_notebook_on_a_downloaded_network_and_a_photograph_runs(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = tmp_path / "torch" / "hub" / "checkpoints"
    downloads.mkdir(parents=True)
    file = Path(urlparse(SqueezeNet1_1_Weights.DEFAULT.url).path).name
    torch.save(load_file(shared_data / "squeezenet1_1_imagenet.safetensors"), downloads / file)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    photo = str(shared_data / "photos" / "coral_samoyed.jpg")
    notebook = _executed("your-model.ipynb", tmp_path, monkeypatch, photo)
    assert _complaints(notebook) == []
    said = "".join(output["data"]["text/plain"] for output in _results(notebook))
    assert "Samoyed" in said


def _executed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo: str | None = None
) -> nbformat.NotebookNode:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    folder = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    notebook = nbformat.read(folder / name, as_version=4)

    if photo:
        # What the notebook asks its reader to do.
        cell = next(cell for cell in notebook.cells if cell.source.startswith("photo = "))
        cell.source = f"photo = {photo!r}"
    NotebookClient(notebook, timeout=CELL_SECONDS, resources={"metadata": {"path": str(folder)}}).execute()

    return notebook


def _complaints(notebook: nbformat.NotebookNode) -> list[str]:
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return [output["text"] for output in outputs if output.get("name") == "stderr"]


def _results(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", ()))
    return [output for output in outputs if output.output_type == "execute_result"]


def test_a_notebook_is_kept_without_widget_state() -> None:
    """State of a widget is machine noise in a diff, and without all of it a notebook is invalid elsewhere."""
    for path in NOTEBOOKS.glob("*.ipynb"):
        assert "widgets" not in nbformat.read(path, as_version=4).metadata, path.name
