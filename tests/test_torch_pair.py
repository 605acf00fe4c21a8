"""A torch and a torchvision that do not fit each other end in one sentence that says so and names the repair."""

from __future__ import annotations

import importlib
from importlib import metadata

import pytest

from nbviz._torch import require_torch
from nbviz.errors import BrokenInstallation, NbvizError


def failing_import(monkeypatch: pytest.MonkeyPatch, broken: str, error: Exception) -> None:
    genuine = importlib.import_module

    def import_module(name: str, package: str | None = None) -> object:
        if name == broken:
            raise error
        return genuine(name, package)

    monkeypatch.setattr(importlib, "import_module", import_module)


def test_a_matched_pair_passes() -> None:
    require_torch()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("operator torchvision::nms does not exist"),
        RuntimeError("Detected that PyTorch and torchvision were compiled with different CUDA major versions.\nMore."),
        OSError("undefined symbol: _ZN3c104cuda"),
        AttributeError("module 'torch.library' has no attribute 'register_fake'"),
    ],
)
def test_a_mismatch_names_both_versions_and_the_repair(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    failing_import(monkeypatch, "torchvision", error)
    with pytest.raises(BrokenInstallation) as caught:
        require_torch()
    message = str(caught.value)
    assert f"torch {metadata.version('torch')}" in message
    assert f"torchvision {metadata.version('torchvision')}" in message
    assert "matched pair" in message
    assert "pip install --upgrade --force-reinstall torch torchvision" in message
    assert "\n" not in message
    assert caught.value.__cause__ is error


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = metadata.version

    def version(package: str) -> str:
        if package == "torchvision":
            raise metadata.PackageNotFoundError(package)
        return genuine(package)

    monkeypatch.setattr(metadata, "version", version)
    with pytest.raises(BrokenInstallation, match=r"needs torchvision.*pip install torchvision"):
        require_torch()


def test_the_error_is_one_of_nbviz_and_an_import_error() -> None:
    assert issubclass(BrokenInstallation, NbvizError)
    assert issubclass(BrokenInstallation, ImportError)
