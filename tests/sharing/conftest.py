"""A widget with a comm to nowhere, as the tests of widgets have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import comm
import pytest

from nbviz.network import Network
from nbviz.widgets import Explorer
from tests.doubles import LONG, noise, tiny_network
from tests.widgets.conftest import Wire


@pytest.fixture(autouse=True)
def wires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", Wire)


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
