"""Activation maximisation: the picture that a unit, a class or a sum of them answers to most strongly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import torch
from PIL import Image
from torch import Tensor

from ..address import Target
from ..errors import BadRequest, ForwardFailed
from .arguments import explain_size, require_numbers, robustness_of, size_of
from .batch import Batch
from .goals import Diverse
from .objectives import Objective
from .optimise import Course, Step, ascend, to_bytes
from .parametrisations import named
from .result import Synthesis, as_code
from .statistics import Statistics, as_statistics
from .transforms import Transform

if TYPE_CHECKING:
    from ..network import Network

STEPS = 128
FRAMES = 8
"""How many pictures on the way are kept, closer together at the start, where more happens."""

Transforms = Sequence[Transform] | Literal["standard"] | None


@overload
def visualize(net: Network, objective: Target | str | int, *args: Any, **options: Any) -> Synthesis: ...
@overload
def visualize(
    net: Network, objective: Sequence[Target | str | int] | Diverse, *args: Any, **options: Any
) -> list[Synthesis]: ...
@torch.inference_mode(False)
@torch.enable_grad()
def visualize(
    net: Network,
    objective: Target | str | int | Sequence[Target | str | int] | Diverse,
    steps: int = STEPS,
    size: int | tuple[int, int] | None = None,
    param: str = "fourier",
    seed: int = 0,
    on_step: Callable[[Step], None] | None = None,
    transforms: Transforms = "standard",
    learning_rate: float | None = None,
    natural_max: float | Sequence[float | None] | None = None,
    statistics: Statistics | Any = None,
    early_stop: bool = True,
    at_once: int | None = None,
) -> Synthesis | list[Synthesis]:
    """Make a picture that excites `objective`.

    objective: a unit (a channel counts by its mean over positions, a neuron by its value), a logit, a probability,
        `Whole`, `Direction`, `Caricature` or `Inside` of `nbviz.synthesis`, or a sum of them with weights, also
        negative ones. The name of a unit or class will do. Of several, such as `interpolate(a, b, n)`, each gets its
        picture, all in one batch and each as it would be alone; of `diversity(a, n)` one gets n pictures that differ.
    size: (height, width) in pixels or one number for both; the network's input size by default.
    param: how the picture is written as free numbers, "fourier", "maco" or "pixel".
    seed: of the start and the disturbances; the random state of the process is neither used nor changed.
    on_step: called with a `Step` after each step; an exception from it ends the run and passes through.
    transforms: disturbances the picture must survive, `None` for none; they die away towards the end. "standard" are
        lucid's; for classes they are wider, and stay.
    learning_rate: of Adam, by default that of `param`.
    natural_max: the unit's largest activation on natural pictures (over positions, in the layer's own units).
    statistics: what `nbviz.synthesis.statistics(net, images)` measured, or an array of magnitudes
        (h, w//2 + 1) or (channels, h, w//2 + 1); by default those of natural pictures, 1/f.
    early_stop: finish as soon as the curve is flat instead of after `steps`.
    at_once: of several pictures, how many go through the network together: by default all; on a CPU one, which gives
        bit for bit what each would be alone, while more are faster only for small pictures. Fewer where memory is full.

    Raises `BadRequest` for parameters that do not fit, `UnknownName` and `OutOfRange` for targets that do not exist,
    `NotDefined` where no gradient reaches the picture, `NotFinite` where numbers overflow, `OutOfMemory` where not
    even one picture at a time fits.
    Erhan et al. 2009; Olah, Mordvintsev, Schubert 2017; Fel et al. 2023 (MACO).
    """
    require_numbers(steps, seed, learning_rate, at_once)
    batch, alone = _asked(net, objective, at_once)
    shape, maxima = size_of(net, size), _maxima(natural_max, len(batch))
    known = as_statistics(statistics, net.in_channels)
    robustness = [robustness_of(transforms, shape, goal) for goal in batch.objectives]
    kind = named(param)
    rate = kind.learning_rate if learning_rate is None else learning_rate
    # Different pictures of one target need different starts; those of different targets are compared from the same.
    seeds = [seed + k if batch.penalty else seed for k in range(len(batch))]
    generators = [torch.Generator().manual_seed(one) for one in seeds]
    dtype = torch.float64 if net.dtype == torch.float64 else torch.float32
    picture = kind((len(batch), net.in_channels, *shape), generators, net.device, dtype, known)

    frames: list[list[Image.Image]] = [[] for _ in seeds]
    kept = {round(steps ** (k / (FRAMES - 1))) for k in range(FRAMES)}

    def after(step: Step) -> None:
        if step.step in kept or step.step == step.steps:
            for k, some in enumerate(frames):
                some.append(Image.fromarray(step.picture(k)))
        if on_step:
            on_step(step)

    try:
        course = ascend(net, batch, picture, steps, robustness, generators, rate, after, early_stop)
    except ForwardFailed as error:
        raise explain_size(net, batch.objectives, shape, error) from error
    shown = picture.pixels().detach().mul(255).round().div(255)
    options = _options(steps, shape, param, seed, transforms, rate, statistics, early_stop)
    found = []
    for k, goal in enumerate(batch.objectives):
        code = f"nbviz.visualize(net, {_expression(goal.target, batch)}, {options})" + f"[{k}]" * bool(batch.penalty)
        own = shown[k : k + 1]
        found.append(_result(net, goal, own, k, course, tuple(frames[k]), maxima[k], seeds[k], code))
    return found[0] if alone else found


def _asked(net: Network, objective: Any, at_once: int | None) -> tuple[Batch, bool]:
    """(what to climb, whether a single picture was asked for)."""
    if isinstance(objective, Diverse):
        goal = Objective.of(net, objective.target)
        layer = objective.layer or (goal.layers[0] if goal.layers else net.late_convolution)
        return Batch([goal] * objective.count, objective.strength, net.layer(layer).name, at_once), False
    if isinstance(objective, (list, tuple)):
        if not objective:
            raise BadRequest("There is no objective in the list; give at least one.")
        return Batch([Objective.of(net, one) for one in objective], at_once=at_once), False
    return Batch([Objective.of(net, objective)]), True


def _maxima(natural_max: Any, n: int) -> list[float | None]:
    if isinstance(natural_max, (list, tuple)):
        if len(natural_max) != n:
            raise BadRequest(f"natural_max has {len(natural_max)} numbers for {n} pictures.")
        return list(natural_max)
    return [natural_max] * n


@torch.no_grad()
def _result(
    net: Network,
    objective: Objective,
    shown: Tensor,
    k: int,
    course: Course,
    frames: tuple[Image.Image, ...],
    natural_max: float | None,
    seed: int,
    code: str,
) -> Synthesis:
    """The picture in 8 bits, and the objective and activation of exactly that picture."""
    taps = objective.tap(net, net.normalise(shown).to(net.dtype))
    activation = objective.activation(taps)
    strongest = None if activation is None else float(activation)
    return Synthesis(
        image=Image.fromarray(to_bytes(shown)),
        objective=objective.target,
        value=float(objective.value(taps)),
        activation=strongest,
        natural_ratio=_ratio(strongest, natural_max),
        trace=course.values[:, k].tolist(),
        frames=frames,
        steps=len(course.values),
        seed=seed,
        code=code,
        activations=None if strongest is None else course.activations[:, k].tolist(),
    )


def _expression(target: Target, batch: Batch) -> str:
    """What was asked for, in Python: pictures that are to differ can only be made again together."""
    if not batch.penalty:
        return as_code(target)
    return f"nbviz.diversity({as_code(target)}, {len(batch)}, strength={batch.penalty!r}, layer={batch.layer!r})"


def _ratio(activation: float | None, natural_max: float | None) -> float | None:
    """How far beyond nature; None where that is unknown or, for a unit that nothing natural excites, has no sense."""
    if activation is None or natural_max is None or natural_max <= 0:
        return None
    return activation / natural_max


def _options(
    steps: int,
    shape: tuple[int, int],
    param: str,
    seed: int,
    transforms: Transforms,
    learning_rate: float,
    statistics: Any,
    early_stop: bool,
) -> str:
    """The options of the call that makes this picture again; what a later version may change is written out."""
    options = f"steps={steps}, size={shape}, param={param!r}, seed={seed}, learning_rate={learning_rate!r}"
    if transforms != "standard":
        chain = transforms and "".join(f"nbviz.synthesis.{transform!r}, " for transform in transforms)
        options += f", transforms={f'({chain})' if chain else None}"
    if statistics is not None:
        options += ", statistics=statistics"
    return options if early_stop else f"{options}, early_stop=False"
