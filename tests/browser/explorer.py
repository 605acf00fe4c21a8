"""The Explorer in a notebook, as a test handles it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from playwright.sync_api import Locator, expect

from tests.browser.lab import ANSWER_MS, Notebook

OPEN = """
import nbviz
net = nbviz.Network.demo()
scenes = nbviz.demo.scenes(3, seed=7, objects=2)
w = nbviz.explore(net, list(scenes.pictures), height=760)
w
"""

PANELS = ("picture", "overlay", "maps", "projection")


def ready(notebook: Notebook, *panels: str, cell: int | None = None) -> None:
    """Wait until these panels (all that compute by themselves, if none is named) show what was asked for."""
    for name in panels or PANELS:
        expect(notebook.panel(name, cell)).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)


def opened(open_notebook: Callable[[Sequence[str]], Notebook], *more_cells: str, source: str = OPEN) -> Notebook:
    """A notebook whose first cell has shown an Explorer that is ready."""
    notebook = open_notebook([source, *more_cells])
    notebook.run(0)
    ready(notebook, cell=0)
    return notebook


def channel(notebook: Notebook, number: int, cell: int | None = None) -> Locator:
    """The grid's cell of a channel."""
    return notebook.panel("maps", cell).locator(f'[role="gridcell"][data-channel="{number}"]')


def others(notebook: Notebook, cell: int | None = None) -> list[int]:
    """Channels in view that are not chosen."""
    cells = notebook.panel("maps", cell).locator('[role="gridcell"]:not([aria-selected="true"])')
    return [int(number) for number in cells.evaluate_all("cells => cells.map(cell => cell.dataset.channel)")]


def value_of(notebook: Notebook, expression: str) -> str:
    """What Python says: appends nothing to the notebook, asks the kernel directly."""
    reply: str = notebook.page.evaluate(
        """async (code) => {
            const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
            const asked = { code: "", user_expressions: { answer: code }, silent: true, store_history: false };
            const { content } = await kernel.requestExecute(asked).done;
            const answer = content.user_expressions.answer;
            return answer.status === "ok" ? answer.data["text/plain"] : `${answer.ename}: ${answer.evalue}`;
        }""",
        expression,
    )
    return reply
