"""Widgets without a browser: a comm that writes down what is published, and speaks for the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import comm
import pytest
from comm.base_comm import BaseComm

from nbviz.network import Network
from nbviz.widgets import Explorer
from nbviz.widgets.base import Widget
from tests.doubles import LONG, noise, tiny_network


class Wire(BaseComm):
    """A comm to nowhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.published: list[tuple[str, dict[str, Any], list[Any]]] = []
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **_: Any) -> None:
        self.published.append((msg_type, data or {}, list(buffers or ())))

    # -- what a page sees and does

    @property
    def opened(self) -> dict[str, Any]:
        """The state the widget was opened with."""
        (state,) = [data["state"] for kind, data, _ in self.published if kind == "comm_open"]
        return state

    def state(self, name: str) -> Any:
        """The value a page shows for a trait: the last one it was told."""
        values = [self.opened[name]]
        values += [data["state"][name] for data in self.updates() if name in data["state"]]
        return values[-1]

    def updates(self) -> list[dict[str, Any]]:
        return [data for kind, data, _ in self.published if kind == "comm_msg" and data["method"] == "update"]

    def custom(self) -> list[dict[str, Any]]:
        return [data["content"] for kind, data, _ in self.published if data.get("method") == "custom"]

    def set(self, **state: Any) -> None:
        """What a page sends when it sets traits."""
        self.handle_msg({"content": {"data": {"method": "update", "state": state, "buffer_paths": []}}, "buffers": []})

    def say(self, buffers: Sequence[bytes] = (), **content: Any) -> None:
        views = [memoryview(buffer) for buffer in buffers]
        self.handle_msg({"content": {"data": {"method": "custom", "content": content}}, "buffers": views})

    def ask(self, rid: str, op: str, slot: str | None = None, buffers: Sequence[bytes] = (), **args: Any) -> None:
        self.say(buffers, type="request", rid=rid, slot=slot or op, op=op, **args)


@pytest.fixture(autouse=True)
def wires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every widget gets a wire, and needs no page module."""
    monkeypatch.setattr(comm, "create_comm", Wire)
    monkeypatch.setattr(Widget, "_esm", "export default {}")


@pytest.fixture(scope="session")
def net() -> Network:
    """The tiny network, never changed."""
    return tiny_network()


@pytest.fixture
def show(net: Network) -> Iterator[Callable[..., Explorer]]:
    """Open explorers that are closed afterwards."""
    opened: list[Explorer] = []

    def open_one(model: Any = None, images: Any = None, **options: Any) -> Explorer:
        opened.append(Explorer(model or net, images or noise(3), **options))
        return opened[-1]

    yield open_one
    for widget in opened:
        widget.close()
        assert widget.wait(LONG)


@pytest.fixture
def w(show: Callable[..., Explorer]) -> Explorer:
    return show()
