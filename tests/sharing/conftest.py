"""A widget with a comm to nowhere, as the tests of widgets have it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import comm
import pytest

from nbviz.network import Network
from nbviz.widgets import Explorer
from tests.doubles import LONG, noise, tiny_network
from tests.widgets.conftest import Wire

NOBODY = 65534


@pytest.fixture(autouse=True)
def wires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", Wire)


IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture
def plain_folder() -> Iterator[Path]:
    """A folder of somebody whom permissions bind."""
    folder = Path(tempfile.mkdtemp())
    if IS_ROOT:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


@contextlib.contextmanager
def plain_person() -> Iterator[None]:
    """This process as somebody whom permissions bind: the superuser they do not."""
    if IS_ROOT:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if IS_ROOT:
            os.seteuid(0)


@pytest.fixture(scope="session")
def net() -> Network:
    return tiny_network()


@pytest.fixture
def show(net: Network) -> Iterator[Callable[..., Explorer]]:
    """Open explorers that are closed afterwards."""
    opened: list[Explorer] = []

    def open_one(model: Any = None, images: Any = None, **options: Any) -> Explorer:
        opened.append(Explorer(model or net, images or noise(2), **options))
        return opened[-1]

    yield open_one
    for widget in opened:
        widget.close()
        assert widget.wait(LONG)


@pytest.fixture
def w(show: Callable[..., Explorer]) -> Explorer:
    return show()
