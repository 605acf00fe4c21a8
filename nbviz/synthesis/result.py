"""What a synthesis hands back: the picture, how far it got, and the line that makes it again."""

from __future__ import annotations

import html
import io
from dataclasses import dataclass, field

from PIL import Image

from .. import images
from ..address import Logit, Probability, Target, Unit
from .goals import Goal, unit_code


@dataclass(frozen=True, eq=False)
class Synthesis:
    """A picture made to excite something in a network.

    `value` and `activation` are measured on `image` exactly as it is here, in 8 bits and undisturbed. `activation` is
    a unit's strongest value over positions (a neuron's value at its place, the value itself for a class) and None
    for sums; `natural_ratio` is that divided by the largest natural activation, where one was given. `trace` holds
    the objective and `activations` the activation at every step, on the disturbed picture, `frames` a few pictures on
    the way, earliest first. `steps` is how many were taken, fewer than asked for where the curve was flat before.
    `code` is the line of Python that makes this again for a `net` of the same weights.
    """

    image: Image.Image
    objective: Target
    value: float
    activation: float | None
    natural_ratio: float | None
    trace: list[float]
    frames: tuple[Image.Image, ...]
    steps: int
    seed: int
    code: str
    activations: list[float] | None = field(default=None, kw_only=True)

    def __repr__(self) -> str:
        size = f"{self.image.height}×{self.image.width}"
        return f"{type(self).__name__}({self.objective}: {size} pixels after {self.steps} steps, {self._figures()})"

    def _about(self) -> str:
        """What the picture is, in words."""
        return f"Picture that excites {self.objective}"

    def _figures(self) -> str:
        """The numbers, in words."""
        figures = [f"objective {self.value:.3g}"]
        if self.activation is not None:
            figures.append(f"activation {self.activation:.3g}")
        if self.natural_ratio is not None:
            figures.append(f"{self.natural_ratio:.2f} × the strongest natural picture")
        return ", ".join(figures)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG")
        return buffer.getvalue()

    def _repr_html_(self) -> str:
        title = html.escape(str(self.objective))
        picture = images.embed(self.image, f"{self._about()}; {self._figures()}")
        return (
            f"<div>{picture}<br><b>{title}</b> · {html.escape(self._figures())} · "
            f"{self.steps} steps · seed {self.seed}<br><code>{html.escape(self.code)}</code></div>"
        )


def as_code(target: Target) -> str:
    """The Python expression for a target, with a network called `net`."""
    if isinstance(target, Goal):
        return target.code
    if isinstance(target, Unit):
        return unit_code(target)
    if isinstance(target, Logit):
        return f"net.logit({target.index})"
    if isinstance(target, Probability):
        return f"net.probability({target.index})"
    parts = [as_code(term) if weight == 1 else f"{weight!r} * {_factor(term)}" for weight, term in target.terms]
    return " + ".join(parts)


def _factor(term: Target) -> str:
    return as_code(term) if len(term.terms) == 1 else f"({as_code(term)})"
