"""Inversion: a picture that looks to a layer like the given one shows what the layer remembers of it."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import torch
from PIL import Image
from torch import Tensor

from ..address import Target
from ..errors import BadRequest, NotDefined, NotFinite
from . import regularisers
from .arguments import require_numbers
from .optimise import REDIRECTED_STEPS, Adam, Step, to_bytes
from .parametrisations import Parametrisation, named
from .redirect import redirecting
from .result import Synthesis

if TYPE_CHECKING:
    from ..network import Network

STEPS = 128
LEARNING_RATE = 0.05
INTENSITY = 0.01
VARIATION = 2.0
ROW = 6
"""Layers in the row of a picture by default."""

Loss = Literal["distance", "dot"]


@dataclass(frozen=True)
class Memory(Target):
    """What a layer remembers of a picture."""

    layer: str

    def __str__(self) -> str:
        return f"inversion of {self.layer}"


@dataclass(frozen=True, eq=False, repr=False)
class Inversion(Synthesis):
    """A picture made to look to `layer` as the given one does.

    `value` is the loss and `error` the relative error ‖Φ − Φ₀‖²/‖Φ₀‖², both measured on `image` as it is here, in 8
    bits: 0 is the same to the layer, 1 as far off as no activation at all. `trace` holds, for every step,
    the loss of the best picture so far, which is the one that is kept: it never rises.
    """

    layer: str
    error: float

    def _about(self) -> str:
        return f"The picture as {self.layer} remembers it"

    def _figures(self) -> str:
        return f"relative error {self.error:.3g}"


@dataclass(frozen=True)
class _Settings:
    """The options of an inversion, checked."""

    steps: int
    loss: Loss
    intensity: float
    variation: float
    power: float
    param: str
    seed: int
    learning_rate: float

    def __post_init__(self) -> None:
        require_numbers(self.steps, self.seed, self.learning_rate)
        if self.loss not in _LOSSES:
            raise BadRequest(f"loss={self.loss!r}: there are {' and '.join(map(repr, _LOSSES))}.")
        for name in ("intensity", "variation", "power"):
            number = getattr(self, name)
            if not isinstance(number, (int, float)) or not 0 <= number < math.inf:
                raise BadRequest(f"{name}={number!r}: give a number of at least 0.")


@overload
def invert(net: Network, image: Any, layer: str, *args: Any, **options: Any) -> Inversion: ...
@overload
def invert(
    net: Network, image: Any, layer: Sequence[str] | None = None, *args: Any, **options: Any
) -> list[Inversion]: ...
@torch.inference_mode(False)
@torch.enable_grad()
def invert(
    net: Network,
    image: Any,
    layer: str | Sequence[str] | None = None,
    steps: int = STEPS,
    loss: Loss = "distance",
    intensity: float = INTENSITY,
    variation: float = VARIATION,
    power: float = 1.0,
    param: str = "fourier",
    seed: int = 0,
    learning_rate: float = LEARNING_RATE,
    on_step: Callable[[Step], None] | None = None,
) -> Inversion | list[Inversion]:
    """Find a picture that a layer cannot tell from the given one: what is missing in it, the layer has forgotten.

    image: whatever `net.preprocess` takes; the result has the size of the network's input.
    layer: a layer's name; several names make a list of results, the picture as one layer after the other remembers
        it; None takes a few layers spread over the network.
    loss: "distance" is ‖Φ − Φ₀‖²/‖Φ₀‖²; "dot" is −⟨Φ, Φ₀⟩/‖Φ₀‖² · max(0.1, cos)^`power`, which exaggerates.
    intensity, variation: weights of ‖x‖₆⁶ and of the total variation (β = 2), x the pixels from −1 to 1, both divided
        by the number of pixels.
    param, seed, learning_rate: as for `visualize`.
    on_step: called with a `Step` after each step, whose value is the loss of the best picture so far; an exception
        from it ends the run and passes through.

    Raises `BadRequest`, `BadPicture`, `UnknownName`; `NotDefined` where nothing of the picture reaches the layer;
    `NotFinite` where numbers overflow. Mahendran & Vedaldi 2015.
    """
    settings = _Settings(steps, loss, intensity, variation, power, param, seed, learning_rate)
    x = net.preprocess(image)
    if isinstance(layer, str):
        return _invert(net, x, net.layer(layer).name, settings, on_step)
    names = remembering(net) if layer is None else [net.layer(name).name for name in layer]
    return [_invert(net, x, name, settings, on_step) for name in names]


def remembering(net: Network, n: int = ROW) -> list[str]:
    """At most `n` layers spread over the course of the network, the outputs of its stops, ends included."""
    ends = [stop.layers[-1] for stop in net.stops]
    if len(ends) <= n:
        return ends
    return [ends[round(k * (len(ends) - 1) / (n - 1))] for k in range(n)] if n > 1 else ends[-1:]


def _invert(
    net: Network, x: Tensor, layer: str, settings: _Settings, on_step: Callable[[Step], None] | None
) -> Inversion:
    original = _features(net, x, layer)
    generator = torch.Generator().manual_seed(settings.seed)
    dtype = torch.float64 if net.dtype == torch.float64 else torch.float32
    picture = named(settings.param)((1, net.in_channels, *x.shape[-2:]), generator, net.device, dtype)
    trace, best = _descend(net, layer, original, picture, settings, on_step)
    shown = best.mul(255).round().div(255)
    with torch.no_grad():
        found = net.tap(net.arranged(net.normalise(shown).to(net.dtype)), [layer])[layer]
        value = float(_LOSSES[settings.loss](found, original, settings.power))
        error = float(distance(found, original))
    return Inversion(
        image=Image.fromarray(to_bytes(shown)),
        objective=Memory(layer),
        value=value,
        activation=None,
        natural_ratio=None,
        trace=trace,
        frames=(),
        steps=settings.steps,
        seed=settings.seed,
        code=_code(layer, settings),
        layer=layer,
        error=error,
    )


@torch.no_grad()
def _features(net: Network, x: Tensor, layer: str) -> Tensor:
    """Φ₀, (1, C, H, W); `NotDefined` where there is nothing in it."""
    features = net.tap(net.arranged(x), [layer])[layer]
    if not bool(torch.isfinite(features).all()):
        raise NotFinite(f"Layer {layer!r} computes NaN or infinity on this picture.")
    if not bool(features.any()):
        raise NotDefined(
            f"Nothing of the picture reaches {layer!r}: everything it computes is zero, so any picture would do; "
            f"choose an earlier layer."
        )
    return features


def _descend(
    net: Network,
    layer: str,
    original: Tensor,
    picture: Parametrisation,
    settings: _Settings,
    on_step: Callable[[Step], None] | None,
) -> tuple[list[float], Tensor]:
    """(loss of the best picture so far at every step, the best picture (1, C, H, W))."""
    adam = Adam(picture.free, settings.learning_rate)
    least = torch.full((), float("inf"), device=picture.free.device, dtype=picture.free.dtype)
    best = picture.pixels().detach()
    alive = torch.zeros((), dtype=torch.bool, device=picture.free.device)
    trace = []
    for i in range(settings.steps):
        pixels = picture.pixels()
        loss, way = _way_down(net, layer, original, pixels.detach(), settings, i < REDIRECTED_STEPS)
        # Without asking the device: a comparison on the host would wait for it at every step.
        better = loss < least
        least, best = torch.where(better, loss, least), torch.where(better, pixels.detach(), best)
        trace.append(least)
        alive |= way.any()
        if i + 1 in (REDIRECTED_STEPS, settings.steps):
            _require_response(layer, bool(alive), float(least))
        way = way - _roughness(pixels.detach(), settings)
        adam.step(torch.autograd.grad(pixels, picture.free, way)[0])
        if on_step:
            on_step(Step(i + 1, settings.steps, least, best))
    return [float(value) for value in torch.stack(trace).cpu()], best


def _way_down(
    net: Network, layer: str, original: Tensor, pixels: Tensor, settings: _Settings, redirect: bool
) -> tuple[Tensor, Tensor]:
    """(loss, minus its gradient with respect to the pixels) of a picture."""
    free = pixels.requires_grad_()
    x = net.normalise(free).to(net.dtype)
    with redirecting() if redirect else contextlib.nullcontext():
        loss = _LOSSES[settings.loss](net.tap(net.arranged(x), [layer])[layer], original, settings.power)
    way = torch.autograd.grad(-loss, free, allow_unused=True)[0] if loss.requires_grad else None
    if way is None:
        raise NotDefined(
            f"Nothing of the picture reaches {layer!r}: it has no gradient path to the input, so there is nothing to "
            f"go by; choose an earlier layer."
        )
    return loss.detach().to(pixels.dtype), way


def _roughness(pixels: Tensor, settings: _Settings) -> Tensor:
    """The gradient of the regularisers with respect to the pixels."""
    centred = (2 * pixels - 1).requires_grad_()
    cost = settings.intensity * regularisers.intensity(centred)
    cost = cost + settings.variation * regularisers.total_variation(centred)
    return 2 * torch.autograd.grad(cost / pixels.numel(), centred)[0]


def _require_response(layer: str, alive: bool, least: float) -> None:
    if not math.isfinite(least):
        raise NotFinite(f"The inversion of {layer!r} met NaN or infinity; try a lower learning rate.")
    if not alive:
        raise NotDefined(
            f"Nothing of the picture reaches {layer!r}: no change of a picture changes what it computes; choose an "
            f"earlier layer."
        )


def distance(found: Tensor, original: Tensor, power: float = 0.0) -> Tensor:
    """‖Φ − Φ₀‖²/‖Φ₀‖²."""
    return (found - original).square().sum() / original.square().sum()


def likeness(found: Tensor, original: Tensor, power: float) -> Tensor:
    """−⟨Φ, Φ₀⟩/‖Φ₀‖² · max(0.1, cos)^p: the more of the same, the better."""
    product = (found * original).sum()
    cosine = product / (found.norm() * original.norm()).clamp_min(1e-12)
    exaggerated: Tensor = -product / original.square().sum() * cosine.clamp_min(0.1) ** power
    return exaggerated


_LOSSES: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {"distance": distance, "dot": likeness}


def _code(layer: str, settings: _Settings) -> str:
    """The call that makes this picture again; what a later version may change by default is written out."""
    options = ", ".join(f"{name}={value!r}" for name, value in vars(settings).items())
    return f"nbviz.invert(net, image, {layer!r}, {options})"
