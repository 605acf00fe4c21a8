"""The result of a method: values with everything that is needed to read them, able to show itself."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from .. import images
from ..address import Target
from ..errors import NotDefined


@dataclass(frozen=True, eq=False, repr=False)
class Attribution:
    """Values over the input or over a layer's positions.

    Attributes:
        values: float32 on the CPU; (H, W), or (C, H, W) where colour or channels are meant.
        space: "input" (pixels of the preprocessed picture) or "layer" (positions of `layer`'s maps).
        signed: whether negative values mean something; the scale is then symmetric around zero.
        method: the method's name. target: what was asked about. layer: the layer it was computed at, if any.
        score: the target's value on this picture, in the network's own units.
        picture: what the network saw, uint8 (H, W, 3). position: (row, column) of the neuron, if one was chosen.
        note: a sentence a reader of the picture must know, such as why it is empty.
        numbers: what the method can say of itself, by name, such as {"completeness": 0.998}; shown in the caption.
        additive: whether the values of a pixel's colours add up to the pixel's, as shares of a whole do.
    """

    values: torch.Tensor
    space: str
    signed: bool
    method: str
    target: Target | None
    layer: str | None
    score: float | None
    picture: NDArray[np.uint8] | None = field(repr=False, default=None)
    position: tuple[int, int] | None = None
    note: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    additive: bool = False

    def heatmap(self, size: tuple[int, int] | None = None) -> NDArray[np.float32]:
        """One map (h, w), resized to `size` (by default: not).

        Colours of a pixel are summed where they are shares of a whole, else the one of largest magnitude counts.
        """
        values = self.values
        if values.dim() == 3 and self.additive:
            values = values.sum(0)
        elif values.dim() == 3:
            strongest = values.abs().argmax(0, keepdim=True)
            values = values.gather(0, strongest)[0]
        if values.dim() != 2:
            raise NotDefined(
                f"{self.method} gives values of shape {tuple(self.values.shape)}, which are no single map."
            )
        return images.resize_map(values, size or (values.shape[0], values.shape[1]))

    def overlay(self, alpha: float = 0.6, colormap: str | None = None) -> Image.Image:
        """The map laid over the picture; `colormap` by default "tide" for signed values, else "ember"."""
        if self.picture is None:
            raise NotDefined(f"{self.method} is not about a picture, so there is none to lay it over.")
        return Image.fromarray(images.overlay(self.picture, self.heatmap(), alpha, colormap, self.signed))

    @property
    def image(self) -> Image.Image:
        """The result as a picture: signed colour around grey, shares of pixels around zero, else over the picture."""
        if self.values.dim() == 3 and self.values.shape[0] in (1, 3) and self.space == "input":
            scale = images.robust_scale(self.values)
            return Image.fromarray(images.signed_picture(self.values, scale or None))
        if self.values.dim() == 2 and self._by_pixel:
            scale = images.robust_scale(self.values)
            return Image.fromarray(images.colourise(self.values, None, (-scale, scale) if scale else "signed"))
        if self.picture is not None and self.values.dim() == 2:
            return self.overlay()
        return contact_sheet(self.values)

    @property
    def caption(self) -> str:
        """Method, target, layer, value and scale in one line."""
        top = images.robust_scale(self.values) if self._by_pixel else float(self.values.abs().max())
        parts = [self.method]
        parts += [str(self.target)] if self.target is not None else []
        parts += [f"at {self.layer}"] if self.layer and self.layer not in str(self.target) else []
        parts += [f"position {self.position[0]},{self.position[1]}"] if self.position else []
        parts += [f"value {self.score:.4g}"] if self.score is not None else []
        parts += [f"{name} {number:.4g}" for name, number in self.numbers.items()]
        parts += [f"scale {'±' if self.signed else '0 … '}{top:.3g}"]
        return " · ".join(parts) + (f" – {self.note}" if self.note else "")

    @property
    def _by_pixel(self) -> bool:
        """Whether every pixel speaks for itself: such values are heavy-tailed, and vanish laid over a picture."""
        return self.space == "input" and (self.values.dim() == 3 or self.additive)

    def _repr_png_(self) -> bytes:
        return images.encode(np.asarray(self.image), "png")

    def _repr_html_(self) -> str:
        picture = images.embed(self.image, self.caption)
        return f"<figure>{picture}<figcaption>{html.escape(self.caption)}</figcaption></figure>"

    def __repr__(self) -> str:
        """In one line."""
        return f"Attribution of shape {tuple(self.values.shape)}: {self.caption}"


def contact_sheet(values: torch.Tensor, columns: int = 16, gap: int = 1) -> Image.Image:
    """Maps (N, h, w) or signed pictures (N, 1 or 3, h, w) as one sheet, each on its own scale."""
    tiles = [_tile(value) for value in values]
    h, w = tiles[0].shape[:2]
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // columns * (h + gap), i % columns * (w + gap)
        sheet[y : y + h, x : x + w] = tile
    enlarge = max(1, 24 // max(h, w))
    return Image.fromarray(sheet.repeat(enlarge, 0).repeat(enlarge, 1))


def _tile(value: Any) -> NDArray[np.uint8]:
    if value.dim() == 2:
        return images.colourise(value, "ember", "unsigned")
    picture = images.signed_picture(value)
    return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
