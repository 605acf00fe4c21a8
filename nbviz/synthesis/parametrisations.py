"""How a picture is written as free numbers: what the optimiser changes decides which pictures it finds easily.

Every parametrisation draws its start on the CPU, so that a seed means the same start on every device.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from ..errors import BadRequest, close_matches

START_DEVIATION = 0.01
"""Standard deviation of the free numbers at the start (lucid): nearly grey, so that no structure is given."""

_COLOUR_COVARIANCE_ROOT = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Square root of the colour covariance of natural pictures (lucid, from ImageNet); rows are red, green, blue."""


class Parametrisation(Protocol):
    """A batch of pictures written as `free` numbers that an optimiser may change in place."""

    free: Tensor

    def pixels(self) -> Tensor:
        """The pictures (N, C, H, W) in [0, 1], differentiable in `free`."""
        ...


class Pixel:
    """x = σ(p): every pixel on its own. Easily falls for high-frequency patterns; the honest base line."""

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        generator: torch.Generator,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.free = _start(shape, generator, device, dtype)

    def pixels(self) -> Tensor:
        """σ(p), (N, C, H, W)."""
        return torch.sigmoid(self.free)

    def draw(self, pixels: Tensor) -> None:
        """Start from these pictures (N, C, H, W) in [0, 1] instead."""
        with torch.no_grad():
            self.free.copy_(_logit(pixels))


class Fourier:
    """x = σ(C·t), t = ¼·√(wh)·irfft2(s / max(f, 1/max(w, h))): lucid's decorrelated spectrum image.

    s is the free complex spectrum, f the frequency in cycles per pixel, C the colour matrix of natural pictures
    (three channels only; any other number of channels is left uncoloured). Dividing by f gives each octave the
    same say in a step, so that structure appears at every scale.
    """

    def __init__(
        self,
        shape: tuple[int, int, int, int],
        generator: torch.Generator,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        n, channels, height, width = shape
        self.size = (height, width)
        self.free = _start((n, channels, height, width // 2 + 1, 2), generator, device, dtype)
        frequency = frequencies(height, width).clamp_min(1 / max(height, width))
        # norm="ortho" below multiplies by √(wh), which leaves ¼ for the gain.
        self.gain = (0.25 / frequency).unsqueeze(-1).to(device, dtype)
        self.colour = colour_matrix().to(device, dtype) if channels == 3 else None

    def pixels(self) -> Tensor:
        """The pictures (N, C, H, W) in [0, 1]."""
        t = torch.fft.irfft2(torch.view_as_complex(self.free * self.gain), s=self.size, norm="ortho")
        return torch.sigmoid(t if self.colour is None else mix(self.colour, t))

    def draw(self, pixels: Tensor) -> None:
        """Start from these pictures (N, C, H, W) in [0, 1] instead."""
        t = _logit(pixels).to(self.free)
        t = t if self.colour is None else mix(torch.linalg.inv(self.colour), t)
        with torch.no_grad():
            self.free.copy_(torch.view_as_real(torch.fft.rfft2(t, norm="ortho")) / self.gain)


PARAMETRISATIONS: dict[str, type[Fourier] | type[Pixel]] = {"fourier": Fourier, "pixel": Pixel}


def named(name: object) -> type[Fourier] | type[Pixel]:
    """The parametrisation of this name; `BadRequest` lists what there is."""
    known = " and ".join(map(repr, PARAMETRISATIONS))
    if not isinstance(name, str) or name not in PARAMETRISATIONS:
        hint = close_matches(str(name), PARAMETRISATIONS)
        raise BadRequest(f"There is no parametrisation {name!r}; there are {known}.{hint}")
    return PARAMETRISATIONS[name]


def frequencies(height: int, width: int) -> Tensor:
    """Cycles per pixel of each coefficient of `rfft2`, (H, W//2 + 1)."""
    return torch.hypot(torch.fft.fftfreq(height).unsqueeze(1), torch.fft.rfftfreq(width).unsqueeze(0))


def colour_matrix() -> Tensor:
    """C (3, 3): from decorrelated colours to red, green, blue; its longest column has length one."""
    root = torch.tensor(_COLOUR_COVARIANCE_ROOT)
    longest: Tensor = root.square().sum(0).max().sqrt()
    return root / longest


def mix(matrix: Tensor, planes: Tensor) -> Tensor:
    """`matrix` (D, C) applied to the channels of `planes` (N, C, H, W)."""
    mixed: Tensor = torch.einsum("dc,nchw->ndhw", matrix, planes)
    return mixed


def _start(
    shape: tuple[int, ...], generator: torch.Generator, device: torch.device | str, dtype: torch.dtype
) -> Tensor:
    return (torch.randn(shape, generator=generator) * START_DEVIATION).to(device, dtype).requires_grad_()


def _logit(pixels: Tensor) -> Tensor:
    """The inverse of σ; black and white lie at ±∞ and are drawn in by half a grey level."""
    margin = 0.5 / 255
    return torch.logit(pixels.clamp(margin, 1 - margin))
