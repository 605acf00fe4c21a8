"""What MyST makes of a notebook with outputs of nbviz: its own program builds the site, with nothing from a network."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbviz.sharing.freeze import freeze
from nbviz.sharing.outputs import WIDGET_VIEW, outputs_of
from nbviz.widgets import Explorer
from tests.sharing.sanitisers import MYST_PLAIN
from tests.sharing.test_freeze import notebook, snapshot_of

MYST = Path(__file__).resolve().parents[2] / "js" / "node_modules" / "mystmd" / "dist" / "myst.cjs"
PROJECT = "version: 1\nproject:\n  title: Outputs\nsite:\n  template: ./theme\n"
# Themes come from a network; the content that they show is built by the program itself, which asks for their name.
THEME = "jtex: v1\ntitle: None\nversion: 1.0.0\n"


def built(folder: Path, *outputs: dict[str, Any]) -> list[dict[str, Any]]:
    """The data of each output as a theme finds it in the site's content, its files read."""
    (folder / "theme").mkdir()
    (folder / "theme" / "template.yml").write_text(THEME)
    (folder / "myst.yml").write_text(PROJECT)
    notebook(folder / "page.ipynb", *outputs)
    done = subprocess.run(
        ["node", MYST, "build", "--site"], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    site = folder / "_build" / "site"
    assert done.returncode == 0, done.stdout + done.stderr
    page = json.loads((site / "content" / "page.json").read_text("utf-8"))
    return [
        {kind: read(site / "public", told) for kind, told in node["jupyter_data"]["data"].items()}
        for node in nodes(page["mdast"], "output")
    ]


def nodes(tree: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    if tree["type"] == kind:
        yield tree
    for child in tree.get("children", ()):
        yield from nodes(child, kind)


def read(public: Path, told: Mapping[str, Any]) -> Any:
    """What MyST keeps of one kind of data: in the page where it is short, else in a file beside it."""
    if "path" not in told:
        text = told["content"]
        return json.loads(text) if told["content_type"].endswith("json") else text
    file = public / told["path"].removeprefix("/")
    if told["content_type"].startswith("image/"):
        return base64.b64encode(file.read_bytes()).decode()
    return file.read_text("utf-8")


def test_every_output_reaches_readers_of_a_myst_site_as_it_is(
    bundles: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    for (name, data), kept in zip(bundles.items(), built(tmp_path, *bundles.values()), strict=True):
        assert kept == data, name
        # A theme shows the HTML, not the picture or the line of text, and no note that a kernel is needed.
        assert set(data) - MYST_PLAIN - {WIDGET_VIEW} == {"text/html"}, name


def test_so_do_the_outputs_of_a_frozen_notebook(
    show: Callable[..., Explorer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = notebook(tmp_path / "source.ipynb", *(snapshot_of(show(), monkeypatch) for _ in range(2)))
    freeze(path, tmp_path / "frozen.ipynb", execute=False, progress=False)
    lending, borrowing = outputs_of(nbformat.read(tmp_path / "frozen.ipynb", as_version=4))
    (tmp_path / "book").mkdir()
    assert built(tmp_path / "book", lending, borrowing) == [lending, borrowing]
    assert all("<iframe" in data["text/html"] for data in (lending, borrowing))
