"""What pictures have in common: how strong each frequency is, which colours go together, and the mean colour.

A synthesis that starts from the statistics of a person's own pictures looks like them from the first step, whatever
their number of channels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import BadRequest

if TYPE_CHECKING:
    from ..network import Network

_COLOUR_COVARIANCE_ROOT = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""Square root of the colour covariance of natural pictures (lucid, from ImageNet); rows are red, green, blue."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """Of a set of pictures; what is None is taken as of natural pictures.

    magnitude: (h, w//2 + 1) or (C, h, w//2 + 1), of each coefficient of `rfft2` on decorrelated colours, on any scale.
    colour: (C, C), from decorrelated colours to the channels, its longest column of length one.
    mean: (C,), the mean colour in [0, 1]. pictures: how many were measured.
    """

    magnitude: Tensor | None = None
    colour: Tensor | None = None
    mean: Tensor | None = None
    pictures: int = 0

    def spectrum(self, channels: int, height: int, width: int) -> Tensor:
        """The magnitude for pictures of another size, (1 or C, H, W//2 + 1): at the same cycles per pixel."""
        assert self.magnitude is not None
        known = self.magnitude if self.magnitude.dim() == 3 else self.magnitude.unsqueeze(0)
        if len(known) not in (1, channels):
            raise BadRequest(f"The spectrum has {len(known)} channels; the network takes {channels}.")
        # Rows in the order of their frequency, from −½ to ½, so that neighbours are neighbours.
        ordered = torch.fft.fftshift(known.clamp_min(1e-12).log(), dim=-2)
        rows = torch.fft.fftshift(torch.fft.fftfreq(height))
        grid = torch.stack(torch.meshgrid(rows, torch.fft.rfftfreq(width), indexing="ij"))
        read: Tensor = torch.fft.ifftshift(_read(ordered, grid), dim=-2)
        return read.exp()


def statistics(net: Network, images: Iterable[Any], size: tuple[int, int] | None = None) -> Statistics:
    """Measure pictures as the network sees them; for `visualize(…, statistics=…)`.

    images: whatever `net.preprocess` takes, at least two. `BadRequest` for fewer, `BadPicture` for what is none.
    """
    pixels = [net.denormalise(net.preprocess(image)).cpu().float() for image in images]
    if len(pixels) < 2:
        raise BadRequest(f"Statistics need at least 2 pictures; there are {len(pixels)}.")
    mean = torch.stack([x.mean((0, 2, 3)) for x in pixels]).mean(0)
    planes = [(x - mean[:, None, None])[0] for x in pixels]
    covariance = torch.stack([torch.einsum("chw,dhw->cd", p, p) / p[0].numel() for p in planes]).mean(0)
    colour = _root(covariance)
    apart = torch.linalg.inv(colour)
    spectra = [torch.fft.rfft2(torch.einsum("cd,dhw->chw", apart, p), norm="ortho").abs() for p in planes]
    return Statistics(torch.stack(spectra).mean(0), colour, mean.clamp(0, 1), len(pixels))


def as_statistics(given: object, channels: int) -> Statistics | None:
    """`Statistics`, a plain array of magnitudes, or None; `BadRequest` for what cannot be read as one."""
    if given is None or isinstance(given, Statistics):
        found = given
    else:
        array = np.asarray(given.detach().cpu() if isinstance(given, Tensor) else given)
        if array.ndim not in (2, 3) or array.dtype.kind not in "fiu" or min(array.shape) < 1:
            raise BadRequest(
                f"statistics are what nbviz.synthesis.statistics(net, images) returns, or magnitudes of rfft2 as an "
                f"array (h, w // 2 + 1) or (channels, h, w // 2 + 1); this is {_described(given, array)}."
            )
        if not np.isfinite(array).all() or array.min() < 0 or not array.any():
            raise BadRequest("The magnitudes of a spectrum are finite, not negative, and not all zero.")
        found = Statistics(torch.from_numpy(array.astype(np.float32)))
    if found is not None and found.colour is not None and len(found.colour) != channels:
        raise BadRequest(f"The statistics have {len(found.colour)} channels; the network takes {channels}.")
    if found is not None and found.magnitude is not None:
        found.spectrum(channels, 8, 8)
    return found


def frequencies(height: int, width: int) -> Tensor:
    """Cycles per pixel of each coefficient of `rfft2`, (H, W//2 + 1)."""
    return torch.hypot(torch.fft.fftfreq(height).unsqueeze(1), torch.fft.rfftfreq(width).unsqueeze(0))


def colour_matrix() -> Tensor:
    """C (3, 3): from decorrelated colours to red, green, blue; its longest column has length one."""
    return _scaled(torch.tensor(_COLOUR_COVARIANCE_ROOT))


def _root(covariance: Tensor) -> Tensor:
    """The principal axes as columns, each as long as its deviation; never singular, however few colours there are."""
    variances, axes = torch.linalg.eigh(covariance.double())
    variances = variances.clamp_min(1e-4 * float(variances[-1].clamp_min(1e-12)))
    return _scaled((axes * variances.sqrt()).flip(1).float())


def _scaled(root: Tensor) -> Tensor:
    longest: Tensor = root.square().sum(0).max().sqrt()
    return root / longest


def _described(given: object, array: np.ndarray[Any, Any]) -> str:
    return f"an array {array.shape}" if array.ndim else f"a {type(given).__name__}"


def _read(ordered: Tensor, at: Tensor) -> Tensor:
    """`ordered` (C, h, w//2+1) by rows from −½ up, read at frequencies `at` (2: rows and columns, H, W')."""
    rows, columns = ordered.shape[-2:]
    # Row k of h lies at (k − h//2)/h cycles per pixel, column k at k/(2·(w' − 1)): both to −1 … 1 between the ends.
    first, last = -(rows // 2) / rows, (rows - 1 - rows // 2) / rows
    y = 2 * (at[0] - first) / max(last - first, 1e-12) - 1
    x = 2 * (at[1] / 0.5) - 1 if columns > 1 else torch.zeros_like(at[1])
    grid = torch.stack([x, y], -1).unsqueeze(0)
    return F.grid_sample(ordered.unsqueeze(0), grid, padding_mode="border", align_corners=True)[0]
