"""Which part of what a model returns holds the logits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from ..errors import BadModel

Choice = int | str | Callable[[Any], torch.Tensor] | None


def tensor_of(output: Any, choice: Choice) -> torch.Tensor:
    """The chosen part of a model's output; `BadModel` says how to choose where it is no tensor."""
    if choice is not None:
        try:
            output = choice(output) if callable(choice) else output[choice]
        except Exception as error:
            part = "what output=… asks for" if callable(choice) else f"part {choice!r}"
            raise BadModel(
                f"The model's output has no {part} ({type(error).__name__}: {error}); it is {_describe(output)}."
            ) from error
    if isinstance(output, torch.Tensor):
        return output
    raise BadModel(
        f"The model returns {_describe(output)}, not a tensor; choose the part with the logits: "
        f"Network(model, output={_example(output)}) or output=lambda out: …"
    )


def _describe(output: Any) -> str:
    if isinstance(output, Mapping):
        return f"a dict with the keys {', '.join(map(repr, output))}"
    if isinstance(output, (tuple, list)):
        return f"a {type(output).__name__} of {len(output)}"
    return f"a {type(output).__name__}"


def _example(output: Any) -> str:
    return repr(next(iter(output), "logits")) if isinstance(output, Mapping) else "0"
