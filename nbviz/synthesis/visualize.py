"""Activation maximisation: the picture that a unit, a class or a sum of them answers to most strongly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import torch
from PIL import Image

from ..address import Target
from ..errors import ForwardFailed
from .arguments import chain_of, explain_size, require_numbers, size_of
from .objectives import Objective
from .optimise import Step, ascend, to_bytes
from .parametrisations import Parametrisation, named
from .result import Synthesis, as_code
from .transforms import Transform

if TYPE_CHECKING:
    from ..network import Network

STEPS = 128
LEARNING_RATE = 0.05
FRAMES = 8
"""How many pictures on the way are kept, closer together at the start, where more happens."""


@torch.inference_mode(False)
@torch.enable_grad()
def visualize(
    net: Network,
    objective: Target | str | int,
    steps: int = STEPS,
    size: int | tuple[int, int] | None = None,
    param: str = "fourier",
    seed: int = 0,
    on_step: Callable[[Step], None] | None = None,
    transforms: Sequence[Transform] | Literal["standard"] | None = "standard",
    learning_rate: float = LEARNING_RATE,
    natural_max: float | None = None,
) -> Synthesis:
    """Make a picture that excites `objective`.

    objective: a unit (a channel counts by its mean over positions, a neuron by its value), a logit, a probability,
        or a sum of them with weights, also negative ones. The name of a unit or class will do.
    size: (height, width) in pixels or one number for both; the network's input size by default.
    param: how the picture is written as free numbers, "fourier" or "pixel".
    seed: of the start and the disturbances; the random state of the process is neither used nor changed.
    on_step: called with a `Step` after each step; an exception from it ends the run and passes through.
    transforms: disturbances the picture must survive, `None` for none.
    natural_max: the unit's largest activation on natural pictures (over positions, in the layer's own units).

    Raises `BadRequest` for parameters that do not fit, `UnknownName` and `OutOfRange` for targets that do not exist,
    `NotDefined` where no gradient reaches the picture, `NotFinite` where numbers overflow.
    Erhan et al. 2009; Olah, Mordvintsev, Schubert 2017.
    """
    goal = Objective.of(net, objective)
    require_numbers(steps, seed, learning_rate)
    shape = size_of(net, size)
    chain = chain_of(transforms, shape)
    generator = torch.Generator().manual_seed(seed)
    dtype = torch.float64 if net.dtype == torch.float64 else torch.float32
    picture = named(param)((1, net.in_channels, *shape), generator, net.device, dtype)

    frames: list[Image.Image] = []
    kept = {round(steps ** (k / (FRAMES - 1))) for k in range(FRAMES)}

    def after(step: Step) -> None:
        if step.step in kept:
            frames.append(Image.fromarray(step.picture()))
        if on_step:
            on_step(step)

    try:
        trace = ascend(net, goal, picture, steps, chain, generator, learning_rate, after)
    except ForwardFailed as error:
        raise explain_size(net, goal, shape, error) from error
    image, value, activation = _measure(net, goal, picture)
    return Synthesis(
        image=image,
        objective=goal.target,
        value=value,
        activation=activation,
        natural_ratio=_ratio(activation, natural_max),
        trace=trace,
        frames=tuple(frames),
        steps=steps,
        seed=seed,
        code=_code(goal.target, steps, shape, param, seed, transforms, learning_rate),
    )


@torch.no_grad()
def _measure(net: Network, objective: Objective, picture: Parametrisation) -> tuple[Image.Image, float, float | None]:
    """The picture in 8 bits, and the objective and activation of exactly that picture."""
    shown = picture.pixels().mul(255).round().div(255)
    taps = objective.tap(net, net.normalise(shown).to(net.dtype))
    activation = objective.activation(taps)
    strongest = None if activation is None else float(activation)
    return Image.fromarray(to_bytes(shown)), float(objective.value(taps)), strongest


def _ratio(activation: float | None, natural_max: float | None) -> float | None:
    """How far beyond nature; None where that is unknown or, for a unit that nothing natural excites, has no sense."""
    if activation is None or natural_max is None or natural_max <= 0:
        return None
    return activation / natural_max


def _code(
    target: Target,
    steps: int,
    shape: tuple[int, int],
    param: str,
    seed: int,
    transforms: Sequence[Transform] | str | None,
    learning_rate: float,
) -> str:
    """The call that makes this picture again; what a later version may change by default is written out."""
    options = f"steps={steps}, size={shape}, param={param!r}, seed={seed}, learning_rate={learning_rate!r}"
    if transforms != "standard":
        chain = transforms and "".join(f"nbviz.synthesis.{transform!r}, " for transform in transforms)
        options += f", transforms={f'({chain})' if chain else None}"
    return f"nbviz.visualize(net, {as_code(target)}, {options})"
