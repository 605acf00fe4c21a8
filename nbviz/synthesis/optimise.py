"""Gradient ascent on pictures: forward as far as needed, backward to the picture, one step of Adam, again.

Nothing outlives a run: gradients are taken, not accumulated; random numbers come from own generators; the only mode is
active during a forward pass. An exception from `on_step` therefore ends a run without traces.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..address import Unit
from ..errors import NotDefined, NotFinite
from .batch import Batch
from .objectives import Objective
from .parametrisations import Parametrisation
from .transforms import Robustness, disturb

if TYPE_CHECKING:
    from ..network import Network

REDIRECTED_STEPS = 16
"""For how many steps blocked rectifiers let the gradient through that opens them (lucid)."""
LAST_RATE = 0.3
"""What is left of the learning rate at the end."""
FLAT_STEPS = 24
FLAT_GAIN = 0.01
"""A curve is flat where the mean of so many steps is less than this share above that of the steps before."""


@dataclass(frozen=True, eq=False)
class Step:
    """One step as `on_step` sees it. Numbers and pictures are only fetched from the device when asked for.

    Where several pictures are made at once, `value` is their sum, and `picture` takes the picture's number.
    """

    step: int
    steps: int
    _value: Tensor
    _pixels: Tensor
    _activation: Tensor | None = None

    @property
    def value(self) -> float:
        """The objective on the disturbed picture of this step."""
        return float(self._value.sum())

    @property
    def activation(self) -> float | None:
        """How strong a plain target is on the disturbed picture, over positions the strongest; None for sums."""
        return None if self._activation is None else float(self._activation[0])

    def picture(self, number: int = 0) -> NDArray[np.uint8]:
        """The undisturbed picture before this step's change, (H, W, 3)."""
        return to_bytes(self._pixels[number : number + 1])

    @torch.no_grad()
    def reading(self, net: Network, objective: Objective) -> float:
        """The activation, or for a sum the value, of `objective` on that picture in 8 bits; one forward pass."""
        taps = objective.tap(net, net.normalise(self._pixels.mul(255).round().div(255)).to(net.dtype))
        activation = objective.activation(taps)
        return float(objective.value(taps) if activation is None else activation)


@dataclass
class Schedule:
    """The course of a run: in full strength, then a finish in which the rate falls and disturbances die away.

    What survives disturbances is found under them; what the undisturbed picture lacks then is sharpness.
    """

    steps: int
    finish: int = field(init=False)
    begins: int = field(init=False)

    def __post_init__(self) -> None:
        self.finish = min(self.steps // 2, 64)
        self.begins = self.steps - self.finish

    def hasten(self, step: int) -> None:
        """Let the finish begin at this step, because nothing more is to be had before it."""
        self.begins = min(self.begins, step)
        self.steps = self.begins + self.finish

    def rate(self, step: int) -> float:
        """The share of the learning rate: one, then along a cosine to `LAST_RATE`."""
        done = min(1.0, max(0.0, self._done(step)))
        return LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * done))

    def strength(self, step: int) -> float:
        """The share of the disturbances: one, then in a straight line to none, which is reached before the end.

        They begin to fade before the rate does, while there is still the force to use what they no longer blur.
        """
        return min(1.0, max(0.0, 0.3 - self._done(step)))

    def _done(self, step: int) -> float:
        """How much of the finish has passed, negative before it."""
        return (step - self.begins) / max(1, self.finish)


class Adam:
    """Adam that climbs, on one tensor.

    torch.optim would do the same, but its first optimiser in a process imports torch.compile's machinery, which
    keeps a person waiting for more than a second before the first frame.
    """

    def __init__(self, free: Tensor, rate: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        self.free, self.rate, self.betas, self.eps = free, rate, betas, eps
        self.mean, self.square = torch.zeros_like(free), torch.zeros_like(free)
        self.steps = 0

    @torch.no_grad()
    def step(self, gradient: Tensor, share: float = 1.0) -> None:
        """Change the tensor in place so that what `gradient` belongs to grows, at a `share` of the rate."""
        self.steps += 1
        keep_mean, keep_square = self.betas
        self.mean.lerp_(gradient, 1 - keep_mean)
        self.square.mul_(keep_square).addcmul_(gradient, gradient, value=1 - keep_square)
        scale = (self.square / (1 - keep_square**self.steps)).sqrt_().add_(self.eps)
        self.free.addcdiv_(self.mean, scale, value=share * self.rate / (1 - keep_mean**self.steps))


@dataclass(frozen=True)
class Course:
    """What a run leaves behind: at each step and for each picture the objective and, for plain targets, the activation.

    Both (steps, N), on the disturbed pictures.
    """

    values: Tensor
    activations: Tensor


def ascend(
    net: Network,
    batch: Batch,
    picture: Parametrisation,
    steps: int,
    robustness: Sequence[Robustness],
    generators: Sequence[torch.Generator],
    learning_rate: float,
    on_step: Callable[[Step], None] | None = None,
    early_stop: bool = True,
) -> Course:
    """Change `picture.free` in place over at most `steps` steps, fewer where all curves are flat before.

    robustness, generators: one for each picture of the batch.

    Raises `NotDefined` where no gradient reaches a picture, `NotFinite` where an objective stops being a number,
    `OutOfMemory` where not even one picture at a time fits.
    """
    adam, schedule = Adam(picture.free, learning_rate), Schedule(steps)
    values = torch.zeros(steps, len(batch), device=picture.free.device)
    activations = torch.full_like(values, math.nan)
    alive = torch.zeros(len(batch), dtype=torch.bool, device=picture.free.device)
    i = 0
    while i < schedule.steps:
        pixels = picture.pixels()
        disturbed = _disturbed(pixels, robustness, generators, schedule.strength(i))
        x = net.normalise(disturbed).to(net.dtype)
        values[i], activations[i], slope = batch.climb(net, x.detach(), redirect=i < REDIRECTED_STEPS)
        gradient = torch.autograd.grad(x, picture.free, slope)[0]
        adam.step(gradient, schedule.rate(i))
        alive |= slope.flatten(1).any(1)
        i += 1
        # Asking the device for a number makes it wait, so it is asked only now and then.
        if i in (REDIRECTED_STEPS, schedule.steps):
            _require_response(net, batch, alive, values[:i])
        if early_stop and i < schedule.begins and i % FLAT_STEPS == 0 and _flat(values[:i]):
            schedule.hasten(i)
        if on_step:
            shown = activations[i - 1] if len(batch) == 1 and batch.plain else None
            on_step(Step(i, schedule.steps, values[i - 1], pixels.detach(), shown))
    return Course(values[:i].cpu(), activations[:i].cpu())


def _disturbed(
    pixels: Tensor, robustness: Sequence[Robustness], generators: Sequence[torch.Generator], strength: float
) -> Tensor:
    """Each picture disturbed as it would be alone."""
    each = zip(pixels.split(1), robustness, generators, strict=True)
    return torch.cat([disturb(one, r.transforms, g, strength if r.fades else 1) for one, r, g in each])


def _flat(values: Tensor) -> bool:
    """Whether none of the curves (steps, N) has risen of late."""
    if len(values) < 3 * FLAT_STEPS:
        return False
    late, before = values[-FLAT_STEPS:].mean(0), values[-2 * FLAT_STEPS : -FLAT_STEPS].mean(0)
    return bool((late - before <= FLAT_GAIN * late.abs()).all())


def _require_response(net: Network, batch: Batch, alive: Tensor, values: Tensor) -> None:
    """Raise where the steps so far show that the run is pointless."""
    for k, objective in enumerate(batch.objectives):
        value = values[:, k]
        if not bool(torch.isfinite(value).all()):
            first = int((~torch.isfinite(value)).nonzero()[0])
            raise NotFinite(
                f"'{objective.target}' became {float(value[first])} at step {first + 1}; a lower learning rate or "
                f"float32 weights may help."
            )
        if not bool(alive[k]):
            raise NotDefined(
                f"'{objective.target}' stays silent: over {len(value)} steps no change of the picture moved it from "
                f"{float(value[-1]):g}, even with closed rectifiers redirected; {_way_out(net, objective)}."
            )


def _way_out(net: Network, objective: Objective) -> str:
    """What to ask instead of a silent target: of a unit, the same one where it is not rectified yet."""
    unit = objective.terms[0][1]
    names = list(net.layers)
    if isinstance(unit, Unit) and unit.layer in net.layers:
        shape = net.layers[unit.layer].shape
        for name in reversed(names[: names.index(unit.layer)]):
            if net.layers[name].shape == shape and "ReLU" not in net.layers[name].kind:
                return f"try the layer before the rectifier, '{Unit(name, unit.channel, unit.y, unit.x)}'"
    return "choose another one"


def to_bytes(pixels: Tensor) -> NDArray[np.uint8]:
    """The first picture of (N, C, H, W) in [0, 1] as (H, W, 3); planes side by side where C is neither 1 nor 3."""
    planes = pixels.detach()[0].float().clamp(0, 1).mul(255).round().to(torch.uint8).cpu()
    if len(planes) == 3:
        return np.ascontiguousarray(planes.permute(1, 2, 0).numpy())
    strip = torch.cat(list(planes), 1).numpy()
    return np.repeat(strip[..., None], 3, 2)
