"""A target's values and slopes at many inputs near one picture, in batches that fit the memory.

Shared by the methods that sample: SmoothGrad, integrated gradients, occlusion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

import torch
from torch import Tensor

from ..address import Logit, Probability, Sum, Target, Unit
from ..errors import ForwardFailed, NotDefined, NotFinite
from ..network import Network
from .attribution import Attribution
from .recording import Recording

# Called as on_step(step, steps, partial); `partial()` is the result so far. What it raises ends the run.
OnStep = Callable[[int, int, Callable[[], Attribution]], None]

T = TypeVar("T")

# Bytes that one batch's activations may take on a CPU, and inputs in a batch at most: a run that nobody waits for
# any more ends within one batch.
_CPU_BYTES, _CPU_INPUTS, _GPU_INPUTS = 2**29, 8, 64

# Bytes of activations kept for a backward pass, in relation to the outputs of the layers alone.
_KEPT = 2.5


class Neighbourhood:
    """Evaluates one target at inputs (N, C, H, W) in model space, under the weights of the recording.

    A channel means the neuron where it is strongest on the picture itself, so that all inputs are asked the same.
    `wide` is the type to sum in: float32, or float64 for a network in float64. `batch` is how many inputs fit.
    """

    def __init__(self, recording: Recording, target: Target) -> None:
        self.recording, self.net = recording, recording.net
        self.target = pinned(recording, target)
        self.wide = torch.promote_types(recording.x.dtype, torch.float32)
        self.batch = _batch(self.net, recording.x)

    def batches(self, inputs: Iterable[T]) -> Iterator[list[T]]:
        """The inputs in groups of at most `batch`."""
        rest = iter(inputs)
        while group := list(islice(rest, self.batch)):
            yield group

    def values(self, x: Tensor) -> Tensor:
        """The target's value at each input, (N,) in `wide`."""
        with self.net.running(), torch.no_grad():
            self._require_same_weights()
            return self._finite(self._alone_if_needed(self._evaluated, x.detach().clone()))

    def slopes(self, x: Tensor) -> Tensor:
        """The gradient of the target at each input, as the inputs, in `wide`."""
        with self.net.running(), torch.enable_grad():
            self._require_same_weights()
            return self._finite(self._alone_if_needed(self._gradient, x.detach().clone()))

    def _gradient(self, x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        values = self._evaluated(x)
        try:
            back = torch.autograd.grad(values, x, torch.ones_like(values), allow_unused=True)[0]
        except RuntimeError as error:
            raise ForwardFailed(f"No gradient can be taken through {self.net.name}: {error}") from error
        if back is None:
            raise NotDefined("Nothing leads from the target back to the picture: the gradient stops before.")
        return back

    def _evaluated(self, x: Tensor) -> Tensor:
        values = evaluate(self.net, x, self.target)
        if values.shape != x.shape[:1]:
            raise ForwardFailed(f"{self.net.name} gave values of shape {tuple(values.shape)} for {len(x)} inputs.")
        return values

    def _finite(self, found: Tensor) -> Tensor:
        if not bool(torch.isfinite(found).all()):
            raise NotFinite(f"{self.net.name} computes NaN or infinity on a picture near the one given.")
        return found.to(self.wide)

    def _alone_if_needed(self, compute: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """All inputs at once; one by one where the network takes no batches or the memory does not hold them."""
        try:
            return compute(x)
        except ForwardFailed:
            if len(x) == 1:
                raise
        return torch.cat([compute(x[i : i + 1]) for i in range(len(x))])

    def _require_same_weights(self) -> None:
        if self.net.sync() != self.recording.revision:
            raise ForwardFailed("The weights changed while this was computed, as in training; try again.")


def pinned(recording: Recording, target: Target) -> Target:
    """The target with every channel replaced by its strongest neuron on the picture."""
    if isinstance(target, Unit):
        return Unit(target.layer, target.channel, *recording.locate(target))
    if isinstance(target, Sum):
        return Sum(tuple((weight, pinned(recording, part)) for weight, part in target.parts))
    return target


def evaluate(net: Network, x: Tensor, target: Target) -> Tensor:
    """The values (N,) of a pinned target at inputs (N, C, H, W), differentiable; runs only as far as needed."""
    parts = list(_parts(target))
    layers = [part.layer for part in parts if isinstance(part, Unit)]
    taps = net.tap(x, layers, logits=any(not isinstance(part, Unit) for part in parts))
    return _read(target, taps)


def _parts(target: Target) -> Iterator[Target]:
    if isinstance(target, Sum):
        for _, part in target.parts:
            yield from _parts(part)
    else:
        yield target


def _read(target: Target, taps: dict[str, Tensor]) -> Tensor:
    if isinstance(target, Sum):
        return torch.stack([weight * _read(part, taps) for weight, part in target.parts]).sum(0)
    if isinstance(target, Unit):
        y, x = target.position or (0, 0)
        return taps[target.layer][:, target.channel, y, x]
    if isinstance(target, Probability):
        return taps[""].softmax(1)[:, target.index]
    assert isinstance(target, Logit)
    return taps[""][:, target.index]


def _batch(net: Network, x: Tensor) -> int:
    outputs = sum(math.prod(layer.shape) for layer in net.layers.values() if layer.same_as is None)
    area = x.shape[-2] * x.shape[-1] / math.prod(net.input_size)
    each = max(1.0, outputs * area * x.element_size() * _KEPT)
    if x.device.type == "cuda":
        return int(min(max(torch.cuda.mem_get_info(x.device)[0] / 4 // each, 1), _GPU_INPUTS))
    return int(min(max(_CPU_BYTES // each, 1), _CPU_INPUTS))
