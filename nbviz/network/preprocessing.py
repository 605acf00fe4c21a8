"""From whatever a person calls a picture to the model's input space, and back to pixels that can be shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.nn import functional as F

from .. import images
from ..errors import BadModel, BadPicture, NotDefined

# Enlarging fewer pixels than this to an input shows the interpolation, not a picture.
SMALLEST = 8

# (height, width) of the plain pictures; wider than high, so that a transform that resizes the short side shows itself.
_PROBE = (480, 640)


class Preprocessing:
    """A transform (PIL picture → CHW tensor) with the affine map from pixels in [0, 1] to model space behind it.

    The affine map x = M·p + b over a pixel's channels is measured by sending plain pictures through the transform, so
    every torchvision-style transform works as it is, also one that turns RGB into BGR. `size` is the (height, width)
    of the input; where a transform keeps a picture's size, pictures are cropped and resized to `size` before it.
    """

    # What is measured in a surrounding inference mode could not take part in gradients later.
    @torch.inference_mode(False)
    def __init__(self, transform: Callable[[Any], Any] | None, channels: int, size: tuple[int, int] | None) -> None:
        self.transform, self.channels = transform, channels
        self.offset, self.matrix = torch.zeros(channels), torch.eye(channels)
        self.affine = True
        self.resizes = transform is not None
        if transform is not None and channels in (1, 3):
            size = self._measure(size)
        self.size = size or (224, 224)

    def _measure(self, size: tuple[int, int] | None) -> tuple[int, int] | None:
        """Measure the map; returns the size the transform makes, or `size` where it keeps that of the picture."""
        black = self._transformed(self._plain([0] * self.channels))
        made = black.shape[1], black.shape[2]
        self.resizes = made != _PROBE
        if size is not None and self.resizes and made != size:
            raise BadModel(
                f"The transform makes pictures of {made[0]}×{made[1]} pixels, "
                f"input_size says {size[0]}×{size[1]}; give one of the two."
            )
        colours = [[255 * (i == k) for i in range(self.channels)] for k in range(self.channels)]
        self.offset = _centre(black)
        self.matrix = torch.stack([self._answer(colour) - self.offset for colour in colours], 1)
        self.affine = _invertible(self.matrix) and all(map(self._predicts, (51, 255)))
        return made if self.resizes else size

    def _answer(self, colour: list[int]) -> torch.Tensor:
        return _centre(self._transformed(self._plain(colour)))

    def _predicts(self, level: int) -> bool:
        """Whether the measured map gives what the transform makes of a grey picture."""
        expected = self.offset + level / 255 * self.matrix.sum(1)
        return torch.allclose(self._answer([level] * self.channels), expected, rtol=1e-2, atol=1e-2)

    def _plain(self, colour: list[int]) -> Image.Image:
        rgb = self.channels == 3
        return Image.new("RGB" if rgb else "L", (_PROBE[1], _PROBE[0]), tuple(colour) if rgb else colour[0])

    def _transformed(self, picture: Image.Image) -> torch.Tensor:
        assert self.transform is not None
        try:
            out = self.transform(picture)
        except Exception as error:
            raise BadModel(
                f"The transform failed on a {picture.mode} picture of {picture.height}×{picture.width} "
                f"({type(error).__name__}: {error}); it must turn a PIL picture into a CHW tensor."
            ) from error
        if not isinstance(out, torch.Tensor) or out.dim() != 3 or out.shape[0] != self.channels:
            got = tuple(out.shape) if isinstance(out, torch.Tensor) else type(out).__name__
            raise BadModel(
                f"The transform returned {got}; the network takes a tensor ({self.channels}, height, width)."
            )
        return out.float()

    def __call__(self, image: object) -> torch.Tensor:
        """(1, C, H, W) in model space, float32 on the CPU; `BadPicture` where it cannot be read."""
        pixels = self._as_pixels(image)
        if pixels is not None:
            resized = F.interpolate(pixels[None], self.size, mode="bilinear", antialias=True, align_corners=False)
            return self.normalise(resized)
        picture = self._read(image)
        if not self.resizes:
            picture = self._fit(picture)
        if self.transform is not None:
            return self._transformed(picture)[None]
        fitted = np.asarray(picture, dtype=np.float32).reshape(*self.size, self.channels) / 255
        return self.normalise(torch.from_numpy(fitted).permute(2, 0, 1)[None])

    def pixels(self, image: object) -> torch.Tensor:
        """The whole picture in its own size as pixels (1, C, H, W) in [0, 1], float32 on the CPU."""
        given = self._as_pixels(image)
        if given is not None:
            return given[None]
        picture = self._read(image)
        values = torch.from_numpy(np.array(picture, dtype=np.float32)).reshape(picture.height, picture.width, -1)
        return values.permute(2, 0, 1)[None] / 255

    def _read(self, image: object) -> Image.Image:
        """A picture of as many channels as the network takes; `BadPicture` where that or its size does not fit."""
        if self.channels not in (1, 3):
            raise BadPicture(
                f"The network takes {self.channels} channels; give pictures as float tensors "
                f"({self.channels}, height, width) with values in [0, 1]."
            )
        picture = images.read(image, channels=self.channels)
        if min(picture.size) < SMALLEST:
            raise BadPicture(
                f"The picture has only {picture.height}×{picture.width} pixels; give one of at least "
                f"{SMALLEST}×{SMALLEST}, or a tensor (1, channels, height, width) to use it as it is."
            )
        return picture

    def _fit(self, picture: Image.Image) -> Image.Image:
        """The largest centred part of the input's proportions, resized to its size."""
        return ImageOps.fit(picture, (self.size[1], self.size[0]), Image.Resampling.BILINEAR)

    def _as_pixels(self, image: object) -> torch.Tensor | None:
        """Float tensors (C, H, W) and float arrays (H, W, C) with as many channels as the network; else None."""
        if isinstance(image, np.ndarray) and image.dtype.kind == "f" and image.ndim == 3:
            if image.shape[2] != self.channels:
                return None
            pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).float()
        elif isinstance(image, torch.Tensor) and image.is_floating_point() and image.dim() == 3:
            if image.shape[0] != self.channels:
                raise BadPicture(
                    f"The picture tensor has {image.shape[0]} channels, the network takes {self.channels}; "
                    "give it as (channels, height, width)."
                )
            pixels = image.detach().cpu().float()
        else:
            return None
        if pixels.numel() == 0 or not bool(torch.isfinite(pixels).all()):
            raise BadPicture("The picture tensor is empty or has NaN values; give finite pixels in [0, 1].")
        low, high = float(pixels.min()), float(pixels.max())
        if low < 0 or high > 1:
            raise BadPicture(
                f"The picture tensor has values {low:.3g} … {high:.3g}; pixels lie in [0, 1]. "
                "A tensor that is preprocessed already is given with its batch axis, (1, C, H, W)."
            )
        return pixels

    def normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        """Pixels (N, C, H, W) in [0, 1] to model space, differentiable."""
        if not self.affine:
            raise NotDefined(
                "The transform is not an affine map per channel, so pixels cannot be turned into inputs without it; "
                "give pictures as files or PIL pictures, and a transform that ends in Normalize."
            )
        return _mix(self.matrix, pixels) + self.offset.to(pixels)[:, None, None]

    def denormalise(self, x: torch.Tensor) -> torch.Tensor:
        """Model space (N, C, H, W) to pixels, 0 black and 1 white, not clamped; shown by range if not affine."""
        if not self.affine:
            low, high = x.amin(), x.amax()
            return (x - low) / (high - low).clamp_min(1e-12)
        return _mix(torch.linalg.inv(self.matrix), x - self.offset.to(x)[:, None, None])


def _centre(picture: torch.Tensor) -> torch.Tensor:
    """The colour (C,) in the middle, where no transform has put a border."""
    return picture[:, picture.shape[1] // 2, picture.shape[2] // 2]


def _invertible(matrix: torch.Tensor) -> bool:
    return bool(torch.isfinite(matrix).all()) and bool(torch.linalg.cond(matrix) < 1e3)


def _mix(matrix: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """`matrix` applied to the channels of (N, C, H, W); per channel where it is diagonal, as it nearly always is."""
    factors = matrix.diagonal()
    if torch.equal(matrix, torch.diag(factors)):
        return x * factors.to(x)[:, None, None]
    return torch.einsum("oc,nchw->nohw", matrix.to(x), x)
