"""Outputs of a notebook: which of them are nbviz's, what was recorded in them, and how they are written anew."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import page
from .document import Document, Pool, read
from .sheet import MARK

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

FRAME_HEIGHT = 740
"""Pixels of a frame in a notebook until its page says how much it needs."""

_FRAME = re.compile(r'<iframe title="(?P<title>[^"]*)" srcdoc="(?P<page>[^"]*)"')
_NAME = re.compile(r'data-nbviz-recording="([^"]*)"')
_TEXT = '<script type="text/plain" id="{}">([^<]*)</script>'
_DOCUMENT, _CONTENTS, _REST = (re.compile(_TEXT.format(f"nbviz-{name}")) for name in ("document", "contents", "rest"))
_BESIDE = re.compile(r'<template data-nbviz-recording="([^"]*)" data-nbviz-rest="([^"]*)">')


@dataclass
class Recorded:
    """An output, or a page of its own, that holds a recording."""

    data: dict[str, Any]
    document: Document
    title: str
    still: str


def outputs_of(notebook: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The data of all outputs that can be shown, by kind."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if isinstance(output.get("data"), dict):
                yield output["data"]


def recorded_in(notebook: Mapping[str, Any]) -> list[Recorded]:
    """The outputs that hold recordings."""
    pages = [(data, match, html.unescape(match["page"])) for data in outputs_of(notebook) if (match := _frame(data))]
    rests = {rest[1]: rest[2] for data, _, _ in pages if (rest := _BESIDE.search(_html_of(data)))}
    lent = {
        (name := _name(text)): contents[1] + rests.get(name, "")
        for _, _, text in pages
        if (contents := _CONTENTS.search(text))
    }
    return [
        Recorded(data, _document(text, lent), html.unescape(match["title"]), _html_of(data)[: match.start()])
        for data, match, text in pages
    ]


def document_of(whole_page: str) -> Document:
    """The document of a page that stands alone."""
    texts = (found[1] for pattern in (_CONTENTS, _REST) if (found := pattern.search(whole_page)))
    return _document(whole_page, {_name(whole_page): "".join(texts)})


def _frame(data: Mapping[str, Any]) -> re.Match[str] | None:
    match = _FRAME.search(_html_of(data))
    return match if match and "nbviz-document" in match["page"] else None


def _html_of(data: Mapping[str, Any]) -> str:
    text = data.get("text/html", "")
    return text if isinstance(text, str) else "".join(text)


def _name(text: str) -> str:
    found = _NAME.search(text)
    return found[1] if found else ""


def _document(text: str, lent: Mapping[str, str]) -> Document:
    described = _DOCUMENT.search(text)
    return read(described[1] if described else "", lent.get(_name(text), ""))


def share(recorded: Sequence[Recorded]) -> None:
    """Write the outputs anew, with one copy of the module and of every content among them, in the first one."""
    pool, name = Pool([one.document for one in recorded]), uuid.uuid4().hex
    for i, one in enumerate(recorded):
        make = page.borrowing if i else page.lending
        inner = make(one.document, pool, one.title, name)
        beside = "" if i else page.beside(name, pool.rest)
        one.data["text/html"] = page.output(one.still, inner, one.title, FRAME_HEIGHT) + beside
        one.data.pop(WIDGET_VIEW, None)


def stills_alone(notebook: Mapping[str, Any]) -> int:
    """How many outputs of nbviz hold no recording. They lose the reference to a widget that is no more: with it,
    JupyterLab shows an error in place of the pictures that are there."""
    stills = [data for data in outputs_of(notebook) if WIDGET_VIEW in data and MARK in _html_of(data)]
    for data in stills:
        del data[WIDGET_VIEW]
    return len(stills)


def strip_state(notebook: dict[str, Any]) -> int:
    """Take nbviz's entries out of the saved state of widgets; returns how many there were.

    A notebook whose `metadata.widgets` holds no state at all is invalid on GitHub, so what is left empty goes too.
    """
    widgets = notebook["metadata"].get("widgets", {})
    state = widgets.get(WIDGET_STATE, {}).get("state", {})
    ours = {key for key, model in state.items() if _is_ours(model.get("state", {}))}
    layouts = {str(state[key]["state"].get("layout", "")).removeprefix("IPY_MODEL_") for key in ours}
    for key in (*ours, *layouts):
        state.pop(key, None)
    if not state:
        widgets.pop(WIDGET_STATE, None)
    if not widgets:
        notebook["metadata"].pop("widgets", None)
    return len(ours)


def _is_ours(state: Mapping[str, Any]) -> bool:
    return str(state.get("_anywidget_id", "")).startswith("nbviz.")
