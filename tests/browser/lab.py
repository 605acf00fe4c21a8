"""Drive a notebook in JupyterLab as a person would, and wait on what the page states instead of on the clock."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.browser.server import LabServer

ARTIFACTS = Path(__file__).resolve().parents[2] / ".artifacts" / "browser"

# JupyterLab's own start on a loaded machine, and a kernel's; everything else is faster.
START_MS = 60_000
KERNEL_MS = 120_000
ANSWER_MS = 30_000

# What a cell begins with that is not code.
MARKDOWN = "%%markdown\n"

# The open notebook, in the words of JupyterLab's own objects.
PANEL = "window.jupyterapp.shell.currentWidget"


class Lab:
    """One server and one browser; every notebook gets a page of its own."""

    def __init__(self, server: LabServer, context: BrowserContext) -> None:
        self.server = server
        self.context = context
        self._numbers = itertools.count()

    def open(self, cells: Sequence[str], name: str = "test") -> Notebook:
        """Write a notebook of these cells and open it, its kernel started and idle, nothing run.

        Cells are code, those that begin with `%%markdown` are Markdown.
        """
        sheet = nbformat.v4.new_notebook(cells=[_cell(source) for source in cells])
        sheet.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = self.server.root / f"{name}-{next(self._numbers)}.ipynb"
        nbformat.write(sheet, path)
        return self.open_file(path)

    def open_file(self, path: Path) -> Notebook:
        """Open a notebook that lies below `server.root`."""
        notebook = Notebook(self.context.new_page(), self.server.address(path))
        notebook.load()
        return notebook


def asked_elsewhere(page: Page) -> list[str]:
    """The addresses beyond this machine that a page asks for, from now on: in vain, the browser resolves no name."""
    asked: list[str] = []

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            asked.append(url)

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    return asked


def _cell(source: str) -> nbformat.NotebookNode:
    kind = "markdown" if source.startswith(MARKDOWN) else "code"
    cell: nbformat.NotebookNode = getattr(nbformat.v4, f"new_{kind}_cell")(source.removeprefix(MARKDOWN))
    return cell


class Notebook:
    """A notebook open in a page. Cells are counted from 0."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.console_errors: list[str] = []
        self.asked_elsewhere = asked_elsewhere(page)
        self._url = url
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.console_errors.append(str(error)))

    def load(self) -> None:
        """Open the notebook in the page, or open it anew; returns when its kernel is idle."""
        self.page.goto(self._url, wait_until="domcontentloaded")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=START_MS)
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=START_MS)
        self.wait_kernel("idle", START_MS)

    # Cells

    def run_all(self) -> None:
        """Run every cell; an error of a cell fails the test with its traceback."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        for index in range(self.page.evaluate(f"() => {PANEL}.content.widgets.length")):
            self._raise_error(index)

    def run(self, index: int) -> None:
        """Run one cell to its end; its error fails the test with its traceback."""
        self.start(index)
        self.wait_finished(index)

    def start(self, index: int) -> None:
        """Run one cell without waiting for its end."""
        # The command's promise settles when the cell is done: it is kept in the page for `wait_finished`.
        self.page.evaluate(
            f"""(index) => {{
                {PANEL}.content.activeCellIndex = index;
                window.testRuns ??= {{}};
                window.testRuns[index] = window.jupyterapp.commands.execute('notebook:run-cell');
            }}""",
            index,
        )

    def wait_finished(self, index: int) -> None:
        """Wait until a started cell has ended; its error fails the test with its traceback."""
        self.page.evaluate("(index) => window.testRuns[index]", index)
        self._raise_error(index)

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """The outputs of a cell as the notebook format has them."""
        outputs: list[dict[str, Any]] = self.page.evaluate(
            f"(index) => {PANEL}.content.widgets[index].model.outputs?.toJSON() ?? []", index
        )
        return outputs

    def printed(self, index: int) -> str:
        """What a cell has printed to standard output."""
        streams = (output for output in self.outputs(index) if output["output_type"] == "stream")
        return "".join("".join(stream["text"]) for stream in streams if stream["name"] == "stdout")

    def output(self, index: int) -> Locator:
        """The output area of a cell, where a widget is."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea")

    # Kernel

    def wait_kernel(self, status: str = "idle", timeout: float = KERNEL_MS) -> None:
        """Wait until the kernel's status is this: idle, busy, restarting."""
        self.page.wait_for_function(
            f"(status) => {PANEL}?.context?.sessionContext?.session?.kernel?.status === status",
            arg=status,
            timeout=timeout,
        )

    def restart_kernel(self) -> None:
        """Restart the kernel as the menu does; returns when the new one is idle, nothing run."""
        self.page.evaluate(f"() => {PANEL}.sessionContext.restartKernel()")
        self.wait_kernel("idle", START_MS)

    # Widgets

    def panel(self, name: str, cell: int | None = None) -> Locator:
        """A panel of a widget by its `data-panel`, also inside a shadow root; `cell` where several show the same."""
        area: Page | Locator = self.page if cell is None else self.output(cell)
        return area.locator(f'[data-panel="{name}"]')

    # Keeping and ending

    def save(self) -> None:
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def screenshot(self, name: str, shown: Locator | None = None) -> Path:
        """Keep a picture of the page, or of one element, as `.artifacts/browser/<name>.png`."""
        path = ARTIFACTS / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        (shown or self.page).screenshot(path=path)
        return path

    def close(self) -> None:
        """Shut the kernel down and close the page."""
        if self.page.is_closed():
            return
        self.page.evaluate(f"() => {PANEL}?.sessionContext?.shutdown()")
        self.page.close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(message.text)

    def _raise_error(self, index: int) -> None:
        for output in self.outputs(index):
            if output["output_type"] == "error":
                raise AssertionError(f"Cell {index} failed:\n" + "\n".join(output["traceback"]))


def seq(panel: Locator, timeout: float = ANSWER_MS) -> str:
    """The number of the newest painting of a panel; waits for the first."""
    expect(panel).to_have_attribute("data-seq", re.compile("."), timeout=timeout)
    return panel.get_attribute("data-seq") or ""


def repainted(panel: Locator, act: Callable[[], object], timeout: float = ANSWER_MS) -> str:
    """Do something and wait until the panel has been painted anew; returns the number of that painting."""
    before = seq(panel)
    act()
    expect(panel).not_to_have_attribute("data-seq", before, timeout=timeout)
    return seq(panel)
