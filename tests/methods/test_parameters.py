"""Parameters stand in the signature once: from there come the checks, their sentences, and the page's menu."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any

import numpy as np
import pytest
import torch

import nbviz
from nbviz.errors import BadRequest
from nbviz.methods import METHODS
from nbviz.methods import registry as table
from nbviz.methods.registry import Choice, Flag, Range, method


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(table, "METHODS", {})

    @method("Example", asks="class")
    def example(
        net: Any,
        image: Any,
        target: Any = None,
        *,
        samples: Annotated[int, Range(1, 500, label="samples")] = 50,
        noise: Annotated[float, Range(0, 1)] = 0.15,
        form: Annotated[str, Choice("plain", "square", "variance")] = "plain",
        signed: Annotated[bool, Flag("with sign")] = False,
        window: Annotated[int | None, Range(1, 64)] = None,
        baseline: Annotated[str | torch.Tensor, Choice("black", "grey")] = "black",
        on_step: Any = None,
    ) -> Any:
        return image, samples, noise, form, signed, window, baseline

    return example


def test_the_signature_declares_the_menu(example: Any) -> None:
    row = table.METHODS["example"]
    facts = [p.facts for p in row.parameters]
    first = {"name": "samples", "label": "samples", "kind": "integer", "default": 50}
    assert facts[0] == {**first, "lower": 1, "upper": 500, "choices": []}
    assert [(f["name"], f["kind"], f["default"]) for f in facts[1:]] == [
        ("noise", "number", 0.15),
        ("form", "choice", "plain"),
        ("signed", "flag", False),
        ("window", "integer", None),
        ("baseline", "choice", "black"),
    ]
    assert facts[2]["choices"] == ["plain", "square", "variance"]
    assert json.loads(json.dumps(facts)) == facts
    assert {"target", "on_step", "samples"} <= row.accepts


def test_given_values_arrive_as_plain_ones(example: Any) -> None:
    given = example(None, 0, samples=np.int64(7), noise=np.float32(0.5), signed=np.True_, window=8)
    assert given == (0, 7, 0.5, "plain", True, 8, "black")
    assert [type(v) for v in given[1:5]] == [int, float, str, bool]
    baseline = torch.zeros(1)
    assert example(None, 0, baseline=baseline)[-1] is baseline


def test_a_list_of_pictures_gives_a_list(example: Any) -> None:
    assert [one[0] for one in example(None, [1, 2], samples=3)] == [1, 2]
    assert [one[0] for one in example(net=None, image=(1, 2))] == [1, 2]
    assert example(None, []) == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"samples": 0}, "samples is a whole number from 1 to 500, not 0."),
        ({"samples": 2.5}, "samples is a whole number from 1 to 500, not 2.5."),
        ({"samples": True}, "samples is a whole number from 1 to 500, not True."),
        ({"samples": "many"}, "samples is a whole number from 1 to 500, not 'many'."),
        ({"samples": None}, "samples is a whole number from 1 to 500, not None."),
        ({"noise": float("nan")}, "noise is a number from 0 to 1, not nan."),
        ({"noise": 1.5}, "noise is a number from 0 to 1, not 1.5."),
        ({"form": "sqare"}, "form is one of 'plain', 'square', 'variance', not 'sqare'. Did you mean 'square'?"),
        ({"form": 3}, "form is one of 'plain', 'square', 'variance', not 3."),
        ({"signed": "yes"}, "signed is True or False, not 'yes'."),
        ({"window": 65}, "window is a whole number from 1 to 64, not 65."),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(example: Any, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadRequest) as told:
        example(None, 0, **given)
    assert str(told.value) == sentence
    with pytest.raises(BadRequest):
        table.METHODS["example"].options(given)


def test_names_from_outside_are_checked_too(example: Any) -> None:
    row = table.METHODS["example"]
    assert row.options({"samples": 3, "noise": 0}) == {"samples": 3, "noise": 0.0}
    with pytest.raises(BadRequest, match=r"Example has no parameter 'sample'. Did you mean 'samples'\?"):
        row.options({"sample": 3})
    with pytest.raises(BadRequest, match="no parameter 'on_step'"):
        row.options({"on_step": None})
    with pytest.raises(BadRequest, match=r"Saliency has no parameter 'depth'. It has none\."):
        METHODS["saliency"].options({"depth": 3})


def test_every_method_of_the_table_has_a_valid_default_for_each_parameter() -> None:
    for row in METHODS.values():
        assert "net" in row.accepts
        assert "image" in row.accepts
        for parameter in row.parameters:
            assert parameter.check(parameter.default) == parameter.default
        assert inspect.signature(row.function).return_annotation == "Attribution"
        assert getattr(nbviz, row.name) is row.function
