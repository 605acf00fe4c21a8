"""What a page without a kernel is made from; read by `js/src/host/document.ts`."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .._version import __version__
from ..errors import NotAReadableNotebook
from .archive import Archive, Content, Question
from .packing import Part

FORMAT = 2
"""Of documents; a page reads those of its own and of earlier ones."""


@dataclass(frozen=True)
class View:
    """A widget as it stands: the traits that a page knows, and what was recorded for it.

    The first `opening` answers are those that a page needs to open.
    """

    state: Mapping[str, Any]
    archive: Archive
    opening: int = 0

    @property
    def opens_with(self) -> list[Content]:
        """The contents that a page needs to open."""
        return [content for _, content in islice(self.archive, self.opening)]


@dataclass(frozen=True)
class Standing:
    """A widget as it stands: for a page, in one line, and as text and as HTML for readers without scripts."""

    view: View
    title: str
    text: str
    still: str


@dataclass(frozen=True)
class Link:
    """Two traits that are kept equal, or, not `both` ways, where the second follows the first."""

    source: tuple[int, str]
    target: tuple[int, str]
    both: bool = True


Layout = Mapping[str, Any]
"""`{"model": number}`, `{"missing": what}`, or `{"box": "row" | "column", "titles": [...], "children": [...]}`."""


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


class Pool:
    """The packed contents of one page or of all outputs of a notebook, one behind the other, each once.

    What the views need to open comes first, as `opening`: a page shows them before it has the `rest`.
    """

    def __init__(self, documents: Sequence[Document]) -> None:
        self._places: dict[str, list[tuple[int, int]]] = {}
        self._end = 0
        self.opening = self._place(c for document in documents for view in document.views for c in view.opens_with)
        self.rest = self._place(content for document in documents for content in document.contents)

    @property
    def text(self) -> str:
        """All of it."""
        return self.opening + self.rest

    def _place(self, contents: Iterable[Content]) -> str:
        pieces: list[str] = []
        for content in contents:
            if content.digest in self._places:
                continue
            places = self._places[content.digest] = []
            for part in content.parts:
                pieces.append(part.text)
                places.append((self._end, self._end + len(pieces[-1])))
                self._end += len(pieces[-1])
        return "".join(pieces)

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
                    "opening": view.opening,
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
        parts = [
            {"codec": part.codec, "channels": part.channels, "from": start, "to": end}
            for part, (start, end) in zip(content.parts, self._places[content.digest], strict=True)
        ]
        return {"op": content.op, "key": content.key, "meta": content.meta, "parts": parts}


def _end(end: tuple[int, str]) -> dict[str, Any]:
    return {"model": end[0], "trait": end[1]}


def read(described: str, pool: str) -> Document:
    """The document of a page, from the texts that `Pool.describe` and `Pool.text` had made.

    Raises `NotAReadableNotebook` for a recording of a newer nbviz, and for a damaged one.
    """
    try:
        facts = json.loads(zlib.decompress(base64.b64decode(described)))
        if facts["format"] > FORMAT:
            raise NotAReadableNotebook(
                f"A recording was written by nbviz {facts['version']}, this is {__version__}: update nbviz to read it."
            )
        contents = [_content(content, pool) for content in facts["contents"]]
        return Document(
            [_view(model, contents) for model in facts["models"]],
            facts["layout"],
            [Link(_end_of(link["source"]), _end_of(link["target"]), bool(link["both"])) for link in facts["links"]],
        )
    except (ValueError, KeyError, TypeError, IndexError, zlib.error) as error:
        if isinstance(error, NotAReadableNotebook):
            raise
        raise NotAReadableNotebook(f"A recording is damaged ({type(error).__name__}: {error}).") from error


def _content(facts: Mapping[str, Any], pool: str) -> Content:
    parts = tuple(
        Part(part["codec"], part["channels"], base64.b64decode(pool[part["from"] : part["to"]]))
        for part in facts["parts"]
    )
    return Content(facts["op"], facts["key"], facts["meta"], parts)


def _view(facts: Mapping[str, Any], contents: Sequence[Content]) -> View:
    archive = Archive()
    for answer in facts["answers"]:
        archive.put(Question(answer["op"], answer["args"]), contents[answer["content"]])
    return View(facts["state"], archive, facts.get("opening", 0))


def _end_of(end: Mapping[str, Any]) -> tuple[int, str]:
    return end["model"], end["trait"]


def alone(view: View) -> Document:
    """One widget."""
    return Document([view], {"model": 0})
