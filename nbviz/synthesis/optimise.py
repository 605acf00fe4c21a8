"""Gradient ascent on a picture: forward as far as needed, backward to the picture, one step of Adam, again.

Nothing outlives a run: gradients are taken, not accumulated; random numbers come from an own generator; the only
mode is active during a forward pass. An exception from `on_step` therefore ends a run without traces.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import NotDefined, NotFinite
from .objectives import Objective
from .parametrisations import Parametrisation
from .redirect import redirecting
from .transforms import Transform, disturb

if TYPE_CHECKING:
    from ..network import Network

REDIRECTED_STEPS = 16
"""For how many steps blocked rectifiers let the gradient through that opens them (lucid)."""


@dataclass(frozen=True, eq=False)
class Step:
    """One step as `on_step` sees it. Numbers and pictures are only fetched from the device when asked for."""

    step: int
    steps: int
    _value: Tensor
    _pixels: Tensor

    @property
    def value(self) -> float:
        """The objective on the disturbed picture of this step."""
        return float(self._value)

    def picture(self) -> NDArray[np.uint8]:
        """The undisturbed picture before this step's change, (H, W, 3)."""
        return to_bytes(self._pixels)

    @torch.no_grad()
    def reading(self, net: Network, objective: Objective) -> float:
        """The activation, or for a sum the value, of `objective` on that picture in 8 bits; one forward pass."""
        taps = objective.tap(net, net.normalise(self._pixels.mul(255).round().div(255)).to(net.dtype))
        activation = objective.activation(taps)
        return float(objective.value(taps) if activation is None else activation)


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
    def step(self, gradient: Tensor) -> None:
        """Change the tensor in place so that what `gradient` belongs to grows."""
        self.steps += 1
        keep_mean, keep_square = self.betas
        self.mean.lerp_(gradient, 1 - keep_mean)
        self.square.mul_(keep_square).addcmul_(gradient, gradient, value=1 - keep_square)
        scale = (self.square / (1 - keep_square**self.steps)).sqrt_().add_(self.eps)
        self.free.addcdiv_(self.mean, scale, value=self.rate / (1 - keep_mean**self.steps))


def ascend(
    net: Network,
    objective: Objective,
    picture: Parametrisation,
    steps: int,
    transforms: Sequence[Transform],
    generator: torch.Generator,
    learning_rate: float,
    on_step: Callable[[Step], None] | None = None,
) -> list[float]:
    """Change `picture.free` in place over `steps` steps; returns the objective at each (summed over the batch).

    Raises `NotDefined` where no gradient reaches the picture, `NotFinite` where the objective stops being a number.
    """
    adam = Adam(picture.free, learning_rate)
    trace = torch.zeros(steps, device=picture.free.device)
    alive = torch.zeros((), dtype=torch.bool, device=picture.free.device)
    for i in range(steps):
        value, gradient, pixels = _climb(net, objective, picture, transforms, generator, i < REDIRECTED_STEPS)
        adam.step(gradient)
        trace[i] = value
        alive |= gradient.any()
        # Asking the device for a number makes it wait, so it is asked only now and then.
        if i + 1 in (REDIRECTED_STEPS, steps):
            _require_response(objective, bool(alive), trace[: i + 1])
        if on_step:
            on_step(Step(i + 1, steps, trace[i], pixels))
    return [float(value) for value in trace.cpu()]


def _climb(
    net: Network,
    objective: Objective,
    picture: Parametrisation,
    transforms: Sequence[Transform],
    generator: torch.Generator,
    redirect: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """(value, gradient with respect to the free numbers, undisturbed pixels) of the present picture."""
    pixels = picture.pixels()
    x = net.normalise(disturb(pixels, transforms, generator)).to(net.dtype)
    if x.device.type == "cpu":
        # Convolutions on a CPU follow the input's layout, and this one took .58 to .90 of the time of the other.
        x = x.contiguous(memory_format=torch.channels_last)
    with redirecting() if redirect else contextlib.nullcontext():
        value = objective.value(objective.tap(net, x)).sum()
    gradient = torch.autograd.grad(value, picture.free, allow_unused=True)[0] if value.requires_grad else None
    if gradient is None:
        raise NotDefined(
            f"'{objective.target}' has no gradient path to the input: something on the way cuts it (detach, rounding, "
            f"arg max), so no picture can be made for it; choose a layer before that."
        )
    return value.detach(), gradient, pixels.detach()


def _require_response(objective: Objective, alive: bool, trace: Tensor) -> None:
    """Raise where the steps so far show that the run is pointless."""
    if not bool(torch.isfinite(trace).all()):
        first = int((~torch.isfinite(trace)).nonzero()[0])
        raise NotFinite(
            f"'{objective.target}' became {float(trace[first])} at step {first + 1}; a lower learning rate or float32 "
            f"weights may help."
        )
    if not alive:
        raise NotDefined(
            f"'{objective.target}' stays silent: over {len(trace)} steps no change of the picture moved it from "
            f"{float(trace[-1]):g}, even with closed rectifiers redirected; try the layer before the rectifier."
        )


def to_bytes(pixels: Tensor) -> NDArray[np.uint8]:
    """The first picture of (N, C, H, W) in [0, 1] as (H, W, 3); planes side by side where C is neither 1 nor 3."""
    planes = pixels.detach()[0].float().clamp(0, 1).mul(255).round().to(torch.uint8).cpu()
    if len(planes) == 3:
        return np.ascontiguousarray(planes.permute(1, 2, 0).numpy())
    strip = torch.cat(list(planes), 1).numpy()
    return np.repeat(strip[..., None], 3, 2)
