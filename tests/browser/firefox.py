"""Drives a Firefox that is installed, by the protocol it speaks itself: WebDriver BiDi over a socket on loopback.

Playwright brings a Firefox of its own making and cannot drive a released one; a WebDriver program would be one more
download. What the tests need of the protocol is a few commands.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from tools.browser import find_firefox

START_SECONDS = 60
ANSWER_SECONDS = 30

# No request leaves the machine: every name is resolved by a proxy that is not there.
PREFERENCES = {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.socks": "127.0.0.1",
    "network.proxy.socks_port": 9,
    "network.proxy.no_proxies_on": "",
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "remote.active-protocols": 1,
}


class Firefox:
    """One window of a running Firefox."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._numbers = socket, itertools.count(1)
        self._tell("session.new", capabilities={})
        self.context = self._tell("browsingContext.getTree")["contexts"][0]["context"]

    def _tell(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._socket.recv())
            if said.get("id") == number:
                assert said["type"] == "success", said
                return said["result"]

    def open(self, url: str) -> None:
        """Go to an address; returns when the page is loaded."""
        self._tell("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def size(self, width: int, height: int) -> None:
        """Size of the window's content in pixels."""
        viewport = {"width": width, "height": height}
        self._tell("browsingContext.setViewport", context=self.context, viewport=viewport)

    def frames(self) -> list[str]:
        """The frames of the page, in their order."""
        (tree,) = self._tell("browsingContext.getTree", root=self.context)["contexts"]
        return [child["context"] for child in tree["children"]]

    def ask(self, expression: str, frame: str | None = None) -> Any:
        """The value of an expression that gives something JSON can say."""
        result = self._tell(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": frame or self.context},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        value = result["result"].get("value")
        return None if value is None else json.loads(value)

    def wait(self, expression: str, frame: str | None = None, seconds: float = ANSWER_SECONDS) -> Any:
        """The expression's value once it is true."""
        end = time.monotonic() + seconds
        while not (value := self.ask(expression, frame)):
            assert time.monotonic() < end, f"in vain: {expression}"
            time.sleep(0.05)
        return value

    def click(self, element: str, frame: str | None = None) -> None:
        """Press the mouse on the middle of an element, given as an expression, once it is there."""
        context = frame or self.context
        self.wait(f"Boolean({element})", frame)
        found = self._tell(
            "script.evaluate",
            expression=f"(() => {{ const e = {element}; e.scrollIntoView({{ block: 'center' }}); return e; }})()",
            target={"context": context},
            awaitPromise=False,
        )
        origin = {"type": "element", "element": {"sharedId": found["result"]["sharedId"]}}
        pointer = {
            "type": "pointer",
            "id": "mouse",
            "actions": [
                {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0},
            ],
        }
        self._tell("input.performActions", context=context, actions=[pointer])

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the page."""
        shot = self._tell("browsingContext.captureScreenshot", context=self.context)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Firefox]:
    """A Firefox with a new profile in `folder`, without a window to be seen; it ends with the block."""
    program = find_firefox()
    if program is None:
        pytest.fail("These tests need a Firefox: run `python -m tools.browser`, or install one.")
    profile = folder / "profile"
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    log = folder / "firefox.log"
    command = [str(program), "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        try:
            address = _address(log, lambda: process.poll() is None)
            socket = websocket.create_connection(f"{address}/session", timeout=ANSWER_SECONDS, suppress_origin=True)
            yield Firefox(socket)
            socket.close()
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(log: Path, alive: Callable[[], bool]) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and alive():
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", log.read_text()):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"Firefox did not start:\n{log.read_text()}")
