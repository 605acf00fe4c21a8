"""What the tests of session, transport and widgets share: small networks, pictures, and a page that is not there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nbviz.network import Network

LONG = 10.0
"""Seconds after which a test that waits has failed."""
ANSWERS = ("result", "failure", "cancelled")


def tiny_model(seed: int = 0, classes: int = 4) -> nn.Sequential:
    """Two convolutions and a linear head for pictures of 32×32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(12, classes),
        )


def tiny_network(seed: int = 0, model: nn.Module | None = None, **options: Any) -> Network:
    """A `Network` of it on the CPU, its classes called ant, bee, cat and dog."""
    options = {"labels": ["ant", "bee", "cat", "dog"], "input_size": 32, "device": "cpu", **options}
    return Network(model or tiny_model(seed), **options)


def noise(n: int, seed: int = 0, size: int = 32) -> list[NDArray[np.uint8]]:
    """Random pictures (size, size, 3)."""
    dice = np.random.default_rng(seed)
    return [dice.integers(0, 256, (size, size, 3), dtype=np.uint8) for _ in range(n)]


class Page:
    """An endpoint that writes down what is sent to it, and by which thread; `say` is what a page would send."""

    def __init__(self) -> None:
        self.comm: Any = None
        self.sent: list[dict[str, Any]] = []
        self.buffers: list[list[bytes]] = []
        self.threads: list[str] = []
        self.states: list[tuple[str, str | None]] = []
        self.status: Callable[[], str] = lambda: ""
        self.on_send: Callable[[dict[str, Any]], None] = lambda _content: None
        self._listeners: list[Callable[..., Any]] = []
        self._heard = threading.Condition()

    # -- as the transport sees it

    def send(self, content: Any, buffers: Any = None) -> None:
        self.on_send(content)
        with self._heard:
            self.sent.append(content)
            self.buffers.append(list(buffers or ()))
            self.threads.append(threading.current_thread().name)
            self._heard.notify_all()

    def on_msg(self, callback: Callable[..., Any], remove: bool = False) -> None:
        self._listeners.remove(callback) if remove else self._listeners.append(callback)

    def state_changed(self, error: str | None = None) -> None:
        self.states.append((self.status(), error))

    # -- as the test sees it

    def say(self, **content: Any) -> None:
        for listener in list(self._listeners):
            listener(self, content, [])

    def ask(self, rid: str, op: str = "picture", slot: str = "picture", **args: Any) -> None:
        self.say(type="request", rid=rid, slot=slot, op=op, **({"image": 0} if op == "picture" else {}), **args)

    def of(self, rid: str) -> list[str]:
        """The types of all messages about `rid`."""
        return [m["type"] for m in self.sent if m.get("rid") == rid]

    def answers(self, rid: str) -> list[dict[str, Any]]:
        return [m for m in self.sent if m.get("rid") == rid and m["type"] in ANSWERS]

    def answer(self, rid: str) -> dict[str, Any]:
        """Wait for the last word about `rid`."""
        with self._heard:
            assert self._heard.wait_for(lambda: self.answers(rid), LONG), f"{rid} was never answered"
        (answer,) = self.answers(rid)
        return answer
