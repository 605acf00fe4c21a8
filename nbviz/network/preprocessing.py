"""From whatever a person calls a picture to the model's input space, and back to pixels that can be shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from .. import images
from ..errors import BadModel, BadPicture, NotDefined

# Enlarging fewer pixels than this to an input shows the interpolation, not a picture.
SMALLEST = 8


class Preprocessing:
    """A transform (PIL picture → CHW tensor) with the affine map from pixels in [0, 1] to model space behind it.

    The affine map is measured by sending black, white and grey pictures through the transform, so every
    torchvision-style transform works as it is. `size` is the (height, width) it produces.
    """

    def __init__(self, transform: Callable[[Any], Any] | None, channels: int, size: tuple[int, int] | None) -> None:
        self.transform, self.channels = transform, channels
        self.offset, self.scale = torch.zeros(channels), torch.ones(channels)
        self.affine = True
        if transform is not None and channels in (1, 3):
            size = self._measure(size)
        self.size = size or (224, 224)

    def _measure(self, size: tuple[int, int] | None) -> tuple[int, int]:
        black, white, grey = (self._transformed(self._flat(level)) for level in (0, 255, 51))
        if size is not None and tuple(black.shape[1:]) != size:
            raise BadModel(
                f"The transform makes pictures of {black.shape[1]}×{black.shape[2]} pixels, "
                f"input_size says {size[0]}×{size[1]}; give one of the two."
            )
        low, high, mid = (t.mean(dim=(1, 2)) for t in (black, white, grey))
        self.offset, self.scale = low, high - low
        self.affine = bool(
            (self.scale.abs() > 1e-6).all() and torch.allclose(mid, low + 0.2 * self.scale, rtol=1e-2, atol=1e-2)
        )
        return black.shape[1], black.shape[2]

    def _flat(self, level: int) -> Image.Image:
        # Wider than high, so that a transform that only resizes the short side shows itself.
        return Image.new(
            "RGB" if self.channels == 3 else "L", (640, 480), (level,) * 3 if self.channels == 3 else level
        )

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
        if self.transform is not None:
            return self._transformed(picture)[None]
        return self.normalise(self._fit(picture))

    def _fit(self, picture: Image.Image) -> torch.Tensor:
        """The largest centred part of the input's proportions, resized to its size, as pixels in [0, 1]."""
        from PIL import ImageOps

        h, w = self.size
        fitted = np.asarray(ImageOps.fit(picture, (w, h), Image.Resampling.BILINEAR), dtype=np.float32) / 255
        return torch.from_numpy(fitted.reshape(h, w, self.channels)).permute(2, 0, 1)[None]

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
        offset, scale = (v.to(pixels)[None, :, None, None] for v in (self.offset, self.scale))
        return pixels * scale + offset

    def denormalise(self, x: torch.Tensor) -> torch.Tensor:
        """Model space (N, C, H, W) to pixels, 0 black and 1 white, not clamped; shown by range if not affine."""
        if not self.affine:
            low, high = x.amin(), x.amax()
            return (x - low) / (high - low).clamp_min(1e-12)
        offset, scale = (v.to(x)[None, :, None, None] for v in (self.offset, self.scale))
        return (x - offset) / scale
