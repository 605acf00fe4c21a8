"""Answers kept for a page without a kernel: every content once, under all questions that it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..session import Answer
from .packing import Part, pack

INDEX_SHARE = 0.25
"""Characters in a page for one of an answer's description, which is deflated together with all others: measured."""


@dataclass(frozen=True)
class Content:
    """A packed answer."""

    op: str
    key: str
    meta: Mapping[str, Any]
    parts: tuple[Part, ...]

    @cached_property
    def digest(self) -> str:
        """Equal for equal contents, whatever they are called: kernels of different days may use one key twice."""
        whole = hashlib.blake2b(json.dumps([self.op, self.meta], sort_keys=True).encode(), digest_size=16)
        for part in self.parts:
            whole.update(f"{part.codec} {part.channels} {len(part.data)} ".encode() + part.data)
        return whole.hexdigest()

    @cached_property
    def text_size(self) -> int:
        """Characters in a page, about."""
        described = len(json.dumps(self.meta)) * INDEX_SHARE
        return sum(part.text_size for part in self.parts) + int(described)


@dataclass(frozen=True)
class Question:
    """An operation and its arguments, as a page sends them."""

    op: str
    args: Mapping[str, Any]

    @cached_property
    def canonical(self) -> str:
        """Equal for equal questions: what is null or empty may as well be left out."""
        return f"{self.op} {json.dumps(_without_nothing(self.args), sort_keys=True)}"


def _without_nothing(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _without_nothing(item) for name, item in value.items() if item is not None and item != {}}


class Archive:
    """Questions and the packed answers to them, in the order in which they came."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[Question, Content]] = {}
        self._contents: dict[str, Content] = {}
        self.text_size = 0
        """Characters that all contents take in a page, about."""

    def __len__(self) -> int:
        return len(self._answers)

    def __iter__(self) -> Iterator[tuple[Question, Content]]:
        return iter(self._answers.values())

    def __contains__(self, question: Question) -> bool:
        return question.canonical in self._answers

    def add(self, question: Question, answer: Answer) -> None:
        """Keep an answer."""
        content = self._contents.get(f"{question.op}/{answer.key}")
        if content is None:
            parts = tuple(pack(question.op, buffer) for buffer in answer.buffers)
            content = Content(question.op, answer.key, answer.meta, parts)
        self.put(question, content)

    def put(self, question: Question, content: Content) -> None:
        """Keep an answer that is packed already."""
        name = f"{content.op}/{content.key}"
        if name not in self._contents:
            self._contents[name] = content
            self.text_size += content.text_size
        self._answers[question.canonical] = question, self._contents[name]

    def put_first(self, questions: Iterable[Question]) -> int:
        """Let the answers to these come before all others; returns how many of them there are."""
        first = {q.canonical: self._answers.pop(q.canonical) for q in questions if q in self}
        self._answers = {**first, **self._answers}
        return len(first)

    def drop(self, question: Question) -> None:
        """Forget an answer."""
        _, content = self._answers.pop(question.canonical)
        if not any(kept is content for _, kept in self):
            del self._contents[f"{content.op}/{content.key}"]
            self.text_size -= content.text_size
