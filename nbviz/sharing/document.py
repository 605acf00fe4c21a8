"""What a page without a kernel is made from; read by `js/src/host/document.ts`."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._version import __version__
from .archive import Archive, Content

FORMAT = 1
"""Of documents; a page reads those of its own and of earlier ones."""

PAGE_SIZE = 170_000
"""Bytes of a page beside what was recorded: its module, and the picture of it for readers without scripts."""


@dataclass(frozen=True)
class View:
    """A widget as it stands: the traits that a page knows, and what was recorded for it."""

    state: Mapping[str, Any]
    archive: Archive


@dataclass(frozen=True)
class Link:
    """Two traits that are kept equal, or, not `both` ways, where the second follows the first."""

    source: tuple[int, str]
    target: tuple[int, str]
    both: bool = True


Layout = Mapping[str, Any]
"""`{"model": number}`, or `{"box": "row" | "column", "titles": [...], "children": [...]}`."""


@dataclass(frozen=True)
class Document:
    """Widgets that lie in one output or on one page."""

    views: Sequence[View]
    layout: Layout
    links: Sequence[Link] = ()

    @property
    def contents(self) -> list[Content]:
        """All contents, each once."""
        return list({id(content): content for view in self.views for _, content in view.archive}.values())


@dataclass
class Pool:
    """The packed contents of one page or of all outputs of a notebook, one behind the other, each once."""

    text: str = ""
    _places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def __init__(self, documents: Iterable[Document]) -> None:
        pieces: list[str] = []
        self._places, end = {}, 0
        for content in (content for document in documents for content in document.contents):
            name = f"{content.op}/{content.key}"
            if name in self._places:
                continue
            self._places[name] = []
            for part in content.parts:
                pieces.append(part.text)
                self._places[name].append((end, end + len(pieces[-1])))
                end += len(pieces[-1])
        self.text = "".join(pieces)

    def describe(self, document: Document) -> str:
        """The document for a page with this pool, as deflated base64: text that needs no escaping anywhere."""
        contents = document.contents
        number = {id(content): i for i, content in enumerate(contents)}
        facts = {
            "format": FORMAT,
            "version": __version__,
            "models": [
                {
                    "state": dict(view.state),
                    "answers": [
                        {"op": question.op, "args": dict(question.args), "content": number[id(content)]}
                        for question, content in view.archive
                    ],
                }
                for view in document.views
            ],
            "contents": [self._described(content) for content in contents],
            "links": [
                {"source": _end(link.source), "target": _end(link.target), "both": int(link.both)}
                for link in document.links
            ],
            "layout": document.layout,
        }
        return base64.b64encode(zlib.compress(json.dumps(facts, allow_nan=False).encode(), 9)).decode()

    def _described(self, content: Content) -> dict[str, Any]:
        places = self._places[f"{content.op}/{content.key}"]
        parts = [
            {"codec": part.codec, "channels": part.channels, "from": start, "to": end}
            for part, (start, end) in zip(content.parts, places, strict=True)
        ]
        return {"op": content.op, "key": content.key, "meta": content.meta, "parts": parts}


def _end(end: tuple[int, str]) -> dict[str, Any]:
    return {"model": end[0], "trait": end[1]}


def alone(view: View) -> Document:
    """One widget."""
    return Document([view], {"model": 0})
