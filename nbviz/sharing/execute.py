"""Runs a notebook from top to bottom in its own kernel, and has its widgets recorded there while they are alive."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from ..errors import BadRequest
from .outputs import WIDGET_VIEW, Recorded, document_of, outputs_of
from .progress import ProgressLine

START_SECONDS = 120
"""Within which a kernel has to start on a loaded machine."""


class _Client(NotebookClient):
    """Executes the cells, and one more at the end that records what they have shown."""

    def __init__(self, notebook: nbformat.NotebookNode, folder: Path, line: ProgressLine, source: Any) -> None:
        resources = {"metadata": {"path": str(folder)}}
        super().__init__(notebook, timeout=None, startup_timeout=START_SECONDS, resources=resources)
        self.line, self.source = line, source
        self.last = nbformat.v4.new_code_cell("")
        self.cells = len(notebook.cells)
        self.running = 0

    async def async_execute_cell(self, cell: Any, cell_index: int, *given: Any, **options: Any) -> Any:
        self.running = cell_index + 1
        if cell is self.last:
            cell.source = self.source()
        else:
            self.line.step(self.running, self.cells, "running the notebook")
        return await super().async_execute_cell(cell, cell_index, *given, **options)

    def process_message(self, message: dict[str, Any], cell: Any, cell_index: int) -> Any:
        if cell is self.last and message["msg_type"] == "stream":
            self.line.pass_on(message["content"]["text"])
        return super().process_message(message, cell, cell_index)


def record(
    notebook: nbformat.NotebookNode, path: Path, line: ProgressLine, max_mb: float, options: Mapping[str, Any]
) -> list[Recorded]:
    """Execute the notebook, in place, and return its nbviz outputs with what was recorded for them.

    Raises `BadRequest` where a cell fails or the kernel cannot be started, naming it.
    """
    with tempfile.TemporaryDirectory(prefix="nbviz-freeze-") as folder:

        def source() -> str:
            shown = [data[WIDGET_VIEW]["model_id"] for data in outputs_of(notebook) if WIDGET_VIEW in data]
            call = f"deliver({folder!r}, {shown!r}, {max_mb!r}, {dict(options)!r})"
            return f"__import__('nbviz.sharing.kernel', fromlist=['deliver']).{call}" if shown else ""

        client = _Client(notebook, path.parent, line, source)
        notebook.cells.append(client.last)
        try:
            client.execute(stderr=subprocess.DEVNULL)  # the kernel's own log; what cells write is in their outputs
        except CellExecutionError as error:
            where = f"cell {client.running} of {path.name} failed"
            asked = client.running > client.cells
            what = str(error.evalue) if asked else f"{where} with {error.ename}: {_line(error.evalue)}"
            raise BadRequest(f"{what.rstrip('.')}. Nothing was written.") from error
        except NoSuchKernel as error:
            raise BadRequest(f"{path.name} asks for a kernel {error.name!r}, which is not installed here.") from error
        except (DeadKernelError, RuntimeError) as error:
            raise BadRequest(f"The kernel of {path.name} died: {_line(str(error))}. Nothing was written.") from error
        finally:
            notebook.cells.remove(client.last)
        return [one for data in outputs_of(notebook) if (one := _delivered(data, Path(folder)))]


def _delivered(data: dict[str, Any], folder: Path) -> Recorded | None:
    name = data.get(WIDGET_VIEW, {}).get("model_id", "")
    file = folder / f"{name}.html"
    if not name or not file.is_file():
        return None
    facts = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return Recorded(data, document_of(file.read_text("utf-8")), facts["title"], facts["still"])


def _line(text: str) -> str:
    return next(iter(text.splitlines()), "")
