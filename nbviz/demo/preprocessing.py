"""From a picture to what the demo's network reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BadPicture
from .scenes import SIZE

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Transform:
    """PIL picture or (H, W, 3) uint8 array -> float32 tensor (3, size, size): (value / 255 - mean) / std per colour.

    Pictures of another size are resized, other PIL modes turned into RGB. Raises `BadPicture` for anything else.
    """

    size: int = SIZE
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.25, 0.25, 0.25)

    def __call__(self, picture: Image.Image | NDArray[np.uint8]) -> Tensor:
        import torch  # here, so that drawing scenes does not wait for torch

        picture = self._read(picture)
        if picture.size != (self.size, self.size):
            picture = picture.resize((self.size, self.size), Image.Resampling.BILINEAR)
        pixels = torch.tensor(np.asarray(picture)).permute(2, 0, 1).float() / 255
        mean, std = torch.tensor(self.mean), torch.tensor(self.std)
        return (pixels - mean[:, None, None]) / std[:, None, None]

    @staticmethod
    def _read(picture: Image.Image | NDArray[np.uint8]) -> Image.Image:
        if isinstance(picture, Image.Image):
            return picture.convert("RGB")
        if not isinstance(picture, np.ndarray):
            raise BadPicture(f"The demo's transform takes a picture or an array, not {type(picture).__name__}.")
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise BadPicture(f"The demo's transform takes uint8 arrays (H, W, 3), not {picture.dtype} {picture.shape}.")
        return Image.fromarray(picture)


transform = Transform()
