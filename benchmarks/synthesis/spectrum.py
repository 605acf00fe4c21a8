"""How far a picture's spectrum is from that of natural pictures, in octaves of amplitude a band."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from nbviz.synthesis.statistics import frequencies

BANDS = 6
"""Octaves of frequency, from ¼ … ½ cycles per pixel downwards."""
_LUMINANCE = (0.299, 0.587, 0.114)


def bands(pixels: Tensor) -> Tensor:
    """log₂ of the mean amplitude of the luminance of (3, H, W) in [0, 1] in each octave of frequency, finest first."""
    luminance = torch.einsum("c,chw->hw", torch.tensor(_LUMINANCE), pixels)
    height, width = luminance.shape
    window = torch.outer(torch.hann_window(height, periodic=False), torch.hann_window(width, periodic=False))
    luminance = (luminance - (luminance * window).sum() / window.sum()) * window
    power = torch.fft.rfft2(luminance, norm="ortho").abs().square() / window.square().mean()
    frequency = frequencies(height, width)
    octaves = [(frequency >= 0.25 / 2**k) & (frequency < 0.5 / 2**k) for k in range(BANDS)]
    return torch.stack([0.5 * power[octave].mean().clamp_min(1e-12).log2() for octave in octaves])


@dataclass(frozen=True)
class Range:
    """The central 95 % of natural pictures, band by band, and their mean."""

    low: Tensor
    mean: Tensor
    high: Tensor

    @classmethod
    def of(cls, pictures: Iterable[Tensor]) -> Range:
        """Measured on pictures (3, H, W) in [0, 1]."""
        found = torch.stack([bands(picture) for picture in pictures])
        return cls(found.quantile(0.025, 0), found.mean(0), found.quantile(0.975, 0))

    def outside(self, pixels: Tensor) -> float:
        """By how many octaves of amplitude a picture leaves the range, averaged over the bands."""
        here = bands(pixels)
        return float(((here - self.high).clamp_min(0) + (self.low - here).clamp_min(0)).mean())

    def distance(self, pixels: Tensor) -> float:
        """By how many octaves of amplitude a picture differs from the mean, averaged over the bands."""
        return float((bands(pixels) - self.mean).abs().mean())
