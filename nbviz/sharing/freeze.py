"""Makes a notebook readable, and clickable, without a kernel."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from ..errors import BadRequest, NotAReadableNotebook
from . import files
from .convert import html_of
from .outputs import recorded_in, share, stills_alone, strip_state
from .progress import OnStep, ProgressLine

NBFORMAT = 4
"""The major version of notebooks that is read; of a newer minor one, nothing is touched but outputs."""


@dataclass(frozen=True)
class Frozen:
    """What was written where: `outputs` of nbviz that are alive in it, and `stills` that are pictures only."""

    path: Path | None
    page: Path | None
    outputs: int
    stills: int
    bytes: int

    def __repr__(self) -> str:
        """In one sentence."""
        where = " and ".join(str(path) for path in (self.path, self.page) if path)
        alive = f"{self.outputs} {'output' if self.outputs == 1 else 'outputs'} of nbviz alive without a kernel"
        still = f", {self.stills} as pictures only (call snapshot(), or run it while freezing)" if self.stills else ""
        return f"{where}: {alive}{still}; {self.bytes / 1e6:.1f} MB."


def freeze(
    path: str | Path,
    out: str | Path | None = None,
    page: str | Path | None = None,
    *,
    execute: bool = True,
    max_mb: float = 8.0,
    progress: bool = True,
    on_step: OnStep | None = None,
    **options: Any,
) -> Frozen:
    """Freeze a notebook: its nbviz outputs become pages that answer from what was recorded.

    Args:
        path: the notebook; it is never damaged: what is written is written aside and then moved.
        out: the frozen notebook, `path` itself by default, or none at all where only `page` is asked for.
        page: an HTML page of the whole notebook.
        execute: run the notebook from top to bottom in its own kernel and record its widgets, with `options` as
            `Widget.precompute` takes them; else its outputs are taken as they stand: alive where `snapshot` left a
            recording, pictures elsewhere.
        max_mb: size of all recordings of the notebook together, in millions of bytes, at which recording stops.
        progress, on_step: as for `Widget.precompute`.

    Raises `NotAReadableNotebook`, `BadRequest` where there is no nbviz output or a cell fails, `NotWritten`.
    """
    source = Path(path).expanduser()
    notebook = _read(source)
    line = ProgressLine(progress, on_step)
    if execute:
        from .execute import record

        recorded = record(notebook, source, line, max_mb, options)
    else:
        recorded = recorded_in(notebook)
    share(recorded)
    stills = stills_alone(notebook)
    if not recorded and not stills:
        raise BadRequest(f"{source} has no output of nbviz that could be frozen; nothing was written.")
    strip_state(notebook)
    text = nbformat.writes(notebook) + "\n"
    as_page = files.replace(page, html_of(notebook, source.stem)) if page else None
    written = files.replace(out or source, text) if out or not page else None
    frozen = Frozen(written, as_page, len(recorded), stills, len(text.encode()))
    line.close("")
    return frozen


def _read(path: Path) -> nbformat.NotebookNode:
    """The notebook; `NotAReadableNotebook` says what the file is instead."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise NotAReadableNotebook(f"There is no file {path}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise NotAReadableNotebook(f"{path} cannot be read as a notebook: {error}.") from error
    try:
        facts = json.loads(text)
        major, minor = facts["nbformat"], facts["nbformat_minor"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotAReadableNotebook(f"{path} is not a notebook.") from error
    if major != NBFORMAT:
        raise NotAReadableNotebook(
            f"{path} is a notebook of format {major}.{minor}, and this reads {NBFORMAT}.x: open it in Jupyter, "
            "save it there, and freeze it then."
        )
    notebook: nbformat.NotebookNode = nbformat.reads(text, as_version=NBFORMAT)
    return notebook
