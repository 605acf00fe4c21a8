"""How a picture is written as free numbers: what the optimiser changes decides which pictures it finds easily.

Every parametrisation draws its start on the CPU, so that a seed means the same start on every device.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from ..errors import BadRequest, close_matches
from .statistics import Statistics, colour_matrix, frequencies

START_DEVIATION = 0.01
"""Standard deviation of the free numbers at the start (lucid): nearly grey, so that no structure is given."""

Shape = tuple[int, int, int, int]
Generators = torch.Generator | Sequence[torch.Generator]
"""One for the whole batch, or one a picture, with which a picture is drawn as it would be alone."""


class Parametrisation(Protocol):
    """A batch of pictures written as `free` numbers that an optimiser may change in place."""

    learning_rate: ClassVar[float]
    """What a step of Adam may change in a free number, by default."""
    free: Tensor

    def pixels(self) -> Tensor:
        """The pictures (N, C, H, W) in [0, 1], differentiable in `free`."""
        ...

    def draw(self, pixels: Tensor) -> None:
        """Start from these pictures (N, C, H, W) in [0, 1] instead, as far as they can be written this way."""
        ...


class Pixel:
    """x = σ(p): every pixel on its own. Easily falls for high-frequency patterns; the honest base line."""

    learning_rate: ClassVar[float] = 0.05

    def __init__(
        self,
        shape: Shape,
        generator: Generators,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        statistics: Statistics | None = None,
    ) -> None:
        self.free = _start(shape, generator, device, dtype)
        self.offset = _offset(shape[1], statistics).to(device, dtype)

    def pixels(self) -> Tensor:
        """σ(p), (N, C, H, W)."""
        return torch.sigmoid(self.free + self.offset)

    def draw(self, pixels: Tensor) -> None:
        """Start from these pictures (N, C, H, W) in [0, 1] instead."""
        with torch.no_grad():
            self.free.copy_(_logit(pixels) - self.offset)


class Fourier:
    """x = σ(C·t), t = ¼·√(wh)·irfft2(s / max(f, 1/max(w, h))): lucid's decorrelated spectrum image.

    s is the free complex spectrum, f the frequency in cycles per pixel, C the colour matrix of natural pictures
    (three channels only; any other number of channels is left uncoloured). Dividing by f gives each octave the
    same say in a step, so that structure appears at every scale. With `statistics`, their spectrum stands in the place
    of 1/f, their colours in that of C, and their mean colour in that of grey.
    """

    learning_rate: ClassVar[float] = 0.07

    def __init__(
        self,
        shape: Shape,
        generator: Generators,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        statistics: Statistics | None = None,
    ) -> None:
        n, channels, height, width = shape
        self.size = (height, width)
        self.free = _start((n, channels, height, width // 2 + 1, 2), generator, device, dtype)
        # norm="ortho" below multiplies by √(wh), which leaves ¼ for the gain.
        self.gain = 0.25 * _spectrum(channels, height, width, statistics).unsqueeze(-1).to(device, dtype)
        self.colour, self.offset = (part.to(device, dtype) for part in _colours(channels, statistics))

    def pixels(self) -> Tensor:
        """The pictures (N, C, H, W) in [0, 1]."""
        t = torch.fft.irfft2(torch.view_as_complex(self.free * self.gain), s=self.size, norm="ortho")
        return torch.sigmoid(mix(self.colour, t) + self.offset)

    def draw(self, pixels: Tensor) -> None:
        """Start from these pictures (N, C, H, W) in [0, 1] instead."""
        t = mix(torch.linalg.inv(self.colour), _logit(pixels).to(self.free) - self.offset)
        with torch.no_grad():
            self.free.copy_(torch.view_as_real(torch.fft.rfft2(t, norm="ortho")) / self.gain)


class Maco:
    """x = σ(C·t), t = γ·std(irfft2(r·e^{iφ})): the spectrum's magnitude r is nature's, only the phases φ are free.

    std takes the mean away and divides by the standard deviation; γ makes the contrast that of photographs. Whatever
    is found lies among pictures with a natural spectrum (Fel et al. 2023). r comes from `statistics`, else it is 1/f.
    """

    learning_rate: ClassVar[float] = 0.1
    CONTRAST: ClassVar[float] = 1.8

    def __init__(
        self,
        shape: Shape,
        generator: Generators,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        statistics: Statistics | None = None,
    ) -> None:
        n, channels, height, width = shape
        self.size = (height, width)
        start = _noise((n, channels, height, width // 2 + 1), generator) * math.pi
        self.free = start.to(device, dtype).requires_grad_()
        magnitude = _spectrum(channels, height, width, statistics)
        magnitude[..., 0, 0] = 0
        self.magnitude = magnitude.to(device, dtype)
        self.colour, self.offset = (part.to(device, dtype) for part in _colours(channels, statistics))

    def pixels(self) -> Tensor:
        """The pictures (N, C, H, W) in [0, 1]."""
        spectrum = torch.complex(self.magnitude * self.free.cos(), self.magnitude * self.free.sin())
        t = torch.fft.irfft2(spectrum, s=self.size, norm="ortho")
        t = t - t.mean((1, 2, 3), keepdim=True)
        t = self.CONTRAST * t / t.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-12)
        return torch.sigmoid(mix(self.colour, t) + self.offset)

    def draw(self, pixels: Tensor) -> None:
        """Start from the phases of these pictures (N, C, H, W); their magnitudes cannot be taken over."""
        t = mix(torch.linalg.inv(self.colour), _logit(pixels).to(self.free) - self.offset)
        with torch.no_grad():
            self.free.copy_(torch.fft.rfft2(t).angle())


PARAMETRISATIONS: dict[str, type[Fourier] | type[Pixel] | type[Maco]] = {
    "fourier": Fourier,
    "maco": Maco,
    "pixel": Pixel,
}


def named(name: object) -> type[Fourier] | type[Pixel] | type[Maco]:
    """The parametrisation of this name; `BadRequest` lists what there is."""
    *others, last = map(repr, PARAMETRISATIONS)
    if not isinstance(name, str) or name not in PARAMETRISATIONS:
        hint = close_matches(str(name), PARAMETRISATIONS)
        raise BadRequest(f"There is no parametrisation {name!r}; there are {', '.join(others)} and {last}.{hint}")
    return PARAMETRISATIONS[name]


def mix(matrix: Tensor, planes: Tensor) -> Tensor:
    """`matrix` (D, C) applied to the channels of `planes` (N, C, H, W)."""
    mixed: Tensor = torch.einsum("dc,nchw->ndhw", matrix, planes)
    return mixed


def _spectrum(channels: int, height: int, width: int, statistics: Statistics | None) -> Tensor:
    """The magnitude of each coefficient of `rfft2`, (1 or C, H, W//2 + 1), 1/f where nothing was measured."""
    plain = 1 / frequencies(height, width).clamp_min(1 / max(height, width))
    if statistics is None or statistics.magnitude is None:
        return plain.unsqueeze(0)
    measured = statistics.spectrum(channels, height, width)
    # On the same scale, so that a learning rate means the same.
    return measured * (plain.log().mean() - measured.clamp_min(1e-12).log().mean()).exp()


def _colours(channels: int, statistics: Statistics | None) -> tuple[Tensor, Tensor]:
    """(colour matrix (C, C), offset (C, 1, 1) before the sigmoid)."""
    if statistics is not None and statistics.colour is not None:
        return statistics.colour, _offset(channels, statistics)
    matrix = colour_matrix() if channels == 3 else torch.eye(channels)
    return matrix, _offset(channels, statistics)


def _offset(channels: int, statistics: Statistics | None) -> Tensor:
    if statistics is None or statistics.mean is None:
        return torch.zeros(channels, 1, 1)
    return _logit(statistics.mean)[:, None, None]


def _start(shape: tuple[int, ...], generator: Generators, device: torch.device | str, dtype: torch.dtype) -> Tensor:
    return (_noise(shape, generator) * START_DEVIATION).to(device, dtype).requires_grad_()


def _noise(shape: tuple[int, ...], generator: Generators) -> Tensor:
    """Gaussian noise; with a generator a picture, each as it would be alone."""
    if isinstance(generator, torch.Generator):
        return torch.randn(shape, generator=generator)
    return torch.cat([torch.randn((1, *shape[1:]), generator=one) for one in generator])


def _logit(pixels: Tensor) -> Tensor:
    """The inverse of σ; black and white lie at ±∞ and are drawn in by half a grey level."""
    margin = 0.5 / 255
    return torch.logit(pixels.clamp(margin, 1 - margin))
