"""Kernel and page mean the same by a message: the golden messages that the page's tests validate, validated here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from nbviz import protocol
from nbviz.errors import BadRequest

CONTRACT = Path(__file__).parent / "contract"
TO_KERNEL = {"hello", "request", "cancel", "frame_ack"}
TO_PAGE: dict[str, Callable[..., dict[str, Any]]] = {
    "welcome": protocol.welcome,
    "ack": protocol.ack,
    "progress": protocol.progress,
    "result": protocol.result,
    "failure": protocol.failure,
    "cancelled": protocol.cancelled,
    "stale": protocol.stale,
}


def golden(verdict: str, kinds: set[str]) -> list[Any]:
    return [
        pytest.param(message, id=f"{kind}{i}")
        for kind in sorted(kinds)
        for i, message in enumerate(json.loads((CONTRACT / f"{kind}.json").read_text("utf-8"))[verdict])
    ]


def test_every_golden_file_belongs_to_a_message_of_this_side() -> None:
    assert {path.stem for path in CONTRACT.glob("*.json")} == TO_KERNEL | set(TO_PAGE)


@pytest.mark.parametrize("message", golden("valid", TO_KERNEL))
def test_what_a_page_may_say_is_understood(message: dict[str, Any]) -> None:
    understood = asdict(protocol.parse(message))
    args = understood.pop("args", {})
    if "network" not in message:
        assert understood.pop("network", 0) == 0
    assert {"type": message["type"], **understood, **args} == message


@pytest.mark.parametrize("message", golden("invalid", TO_KERNEL))
def test_what_a_page_may_not_say_is_refused_in_one_sentence(message: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refusal:
        protocol.parse(message)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("message", golden("valid", set(TO_PAGE)))
def test_what_the_kernel_says_is_what_the_page_expects(message: dict[str, Any]) -> None:
    facts = {name: value for name, value in message.items() if name not in ("type", "state")}
    assert TO_PAGE[message["type"]](**facts) == message


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (None, "A message must be an object, not NoneType."),
        ([1], "A message must be an object, not list."),
        ({}, "There is no message of type None; known are hello, request, cancel and frame_ack."),
        ({"type": ["hello"]}, "There is no message of type ['hello']; known are hello, request, cancel and frame_ack."),
        ({"type": "cancel"}, "The message 'cancel' lacks 'rid', a text that is not empty."),
        ({"type": "cancel", "rid": 7}, "'rid' of 'cancel' must be a text that is not empty, not 7."),
        (
            {"type": "frame_ack", "rid": "r", "seq": 0.5},
            "'seq' of 'frame_ack' must be a whole number from 0, not 0.5.",
        ),
        (
            {"type": "request", "op": "dance"},
            "There is no operation 'dance'; known are picture, thumbnails, maps, overlay, projection, synthesis, "
            "gallery, interaction, neighbours, patches, strongest, examples, adopt, filters, occlude, upload, "
            "extremes, contributions, groups, original, dream, inversion.",
        ),
        (
            {"type": "request", "op": "synthesis", "target": {"unit": "a:1", "logit": 2}},
            "'target' of 'synthesis' must be an object with either unit (a text), logit or probability (a class "
            "index), or terms (pairs of a weight and a unit), not {'logit': 2, 'unit': 'a:1'}.",
        ),
    ],
)
def test_a_refusal_names_what_does_not_fit_and_what_would(message: Any, sentence: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        protocol.parse(message)
    assert str(refusal.value) == sentence


def test_a_refusal_stays_short_whatever_was_sent() -> None:
    with pytest.raises(BadRequest) as refusal:
        protocol.parse({"type": "cancel", "rid": ["x" * 10_000] * 100})
    assert len(str(refusal.value)) < 300


def test_what_may_be_null_may_be_left_out() -> None:
    message = {"type": "request", "rid": "r", "slot": "filters", "op": "filters"}
    assert protocol.parse(message) == protocol.Request("r", "filters", "filters", {"layer": None})


def test_operations_are_those_that_the_session_answers() -> None:
    from nbviz.session.operations import OPERATIONS

    assert set(protocol.OPERATIONS) == set(OPERATIONS)
