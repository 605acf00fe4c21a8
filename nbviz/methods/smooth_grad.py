"""Smilkov et al., 'SmoothGrad: removing noise by adding noise', 2017; squares after Hooker et al., 2019, and
variances after Adebayo et al., 2018."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import torch
from torch import Tensor

from ..address import Target, Unit
from ..network import Network
from .attribution import Attribution
from .neighbourhood import Neighbourhood, OnStep
from .recording import record
from .registry import Choice, Range, method


@method("SmoothGrad", asks="class", signed=True, colour=True)
def smooth_grad(
    net: Network,
    image: Any,
    target: Target | str | int | None = None,
    *,
    samples: Annotated[int, Range(1, 500)] = 50,
    noise: Annotated[float, Range(0, 1, label="noise, share of the range")] = 0.15,
    form: Annotated[str, Choice("plain", "square", "variance")] = "plain",
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
    on_step: OnStep | None = None,
) -> Attribution:
    """Gradients g(x + N(0, σ²)) of noisy copies of the picture: their mean, the mean of g², or their variance.

    σ = `noise`·(max x − min x) in model space. The noise of a seed is the same on every device, in every precision
    and for every batch size. The target is that of the picture without noise; a channel counts at its own place.

    Returns values (C, H, W) in input space: target units per unit of model input, signed, or their squares.
    """
    recording = record(net, image)
    aim, x = recording.resolve(target), recording.x.detach()
    near = Neighbourhood(recording, aim)
    sigma = noise * float(x.max() - x.min())
    moments = Moments(torch.zeros(x.shape[1:], dtype=near.wide, device=x.device))

    def result() -> Attribution:
        return Attribution(
            moments.form(form).float().cpu(), "input", form == "plain", "smooth_grad", aim,
            aim.layer if isinstance(aim, Unit) else None, float(recording.value(aim).detach()), recording.picture,
            recording.locate(aim) if isinstance(aim, Unit) else None, numbers={"samples": moments.count, "σ": sigma},
        )  # fmt: skip

    for noises in near.batches(_noises(x, samples, seed)):
        for slope in near.slopes(x + sigma * torch.cat(noises)):
            moments.add(slope)
        if on_step:
            on_step(moments.count, samples, result)
    return result()


def _noises(x: Tensor, samples: int, seed: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    for _ in range(samples):
        yield torch.randn(x.shape, generator=generator).to(x)


class Moments:
    """Mean and variance of tensors that come one by one, without the cancellation of E[g²] − E[g]²."""

    def __init__(self, zeros: Tensor) -> None:
        self.count, self.mean, self._spread = 0, zeros, zeros.clone()

    def add(self, g: Tensor) -> None:
        """Count one more."""
        self.count += 1
        off = g - self.mean
        self.mean = self.mean + off / self.count
        self._spread = self._spread + off * (g - self.mean)

    def form(self, name: str) -> Tensor:
        """The "plain" mean, the mean "square", or the "variance"."""
        if name == "plain":
            return self.mean
        variance = self._spread / self.count
        return variance if name == "variance" else variance + self.mean**2
