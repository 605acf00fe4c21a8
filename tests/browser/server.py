"""A Jupyter server of the tests' own: on loopback, at a free port, apart from the person's settings."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 90
STOP_SECONDS = 15

# No request leaves the machine, and no notification covers what a screenshot should show.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
}


@dataclass(frozen=True)
class Host:
    """A program that shows notebooks: how it is started, and where a notebook of its folder is."""

    command: tuple[str, ...]
    address: str
    """With `{port}` and `{root}` left open in the command, `{path}` in the address."""


SERVER = (
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port={port}",
    "--ServerApp.port_retries=0",
    "--ServerApp.root_dir={root}",
    "--IdentityProvider.token=",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--no-browser",
    "--allow-root",
)
# What is exposed is `window.jupyterapp`, by which the tests drive it.
JUPYTERLAB = Host(("jupyterlab", *SERVER, "--LabApp.expose_app_in_browser=True"), "/doc/tree/{path}")
NOTEBOOK = Host(("notebook", *SERVER, "--JupyterNotebookApp.expose_app_in_browser=True"), "/notebooks/{path}")
VOILA = Host(
    ("voila", "--Voila.ip=127.0.0.1", "--port={port}", "--no-browser", "--Voila.root_dir={root}", "{root}"),
    "/voila/render/{path}",
)


@dataclass(frozen=True)
class LabServer:
    """A running server: its address without a trailing slash, and the folder whose notebooks it shows."""

    url: str
    root: Path
    host: Host = JUPYTERLAB

    def address(self, path: Path) -> str:
        """Where a notebook below `root` is shown."""
        return self.url + self.host.address.format(path=path.relative_to(self.root).as_posix())


@contextlib.contextmanager
def serve(base: Path, host: Host = JUPYTERLAB) -> Iterator[LabServer]:
    """Run JupyterLab or another host below the empty folder `base` until the block ends; its log is `server.log`."""
    root = base / "notebooks"
    root.mkdir()
    _write_settings(base / "settings")
    port = _free_port()
    log = base / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            _command(host, root, port), env=_environment(base), cwd=root, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            server = LabServer(f"http://127.0.0.1:{port}", root, host)
            _wait_until_up(server, process, log)
            yield server
        finally:
            process.terminate()  # the server shuts its kernels down and asks nothing
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _command(host: Host, root: Path, port: int) -> list[str]:
    return [sys.executable, "-m", *(part.format(root=root, port=port) for part in host.command)]


def _environment(base: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    return kept | {
        "JUPYTER_CONFIG_DIR": str(base / "config"),
        "JUPYTER_DATA_DIR": str(base / "data"),
        "JUPYTER_RUNTIME_DIR": str(base / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(base / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(base / "workspaces"),
        "IPYTHONDIR": str(base / "ipython"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")]),
        "OMP_NUM_THREADS": "1",  # kernel, server and browser share few cores
    }


def _write_settings(folder: Path) -> None:
    for plugin, values in SETTINGS.items():
        path = folder / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(server: LabServer, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended while starting:\n{log.read_text()[-3000:]}")
        try:
            urllib.request.urlopen(server.url, timeout=2).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
