"""Contact sheets: what a reader sees where nothing runs. Pictures with alternative text, captions, numbers.

Nothing but tables, images and text, without classes or styles: that is what the sanitisers of notebook hosts let
through. A sheet stays below `MOST_BYTES`.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import images
from .._version import __version__

if TYPE_CHECKING:
    from ..atlas import Patches

MOST_BYTES = 200_000
"""Of a sheet, everything included."""
TEXT_BYTES = 20_000
"""Of these for captions and lines."""
PATCH_BYTES = 45_000
"""Of these for the pictures of a unit's strongest patches, at most."""

MARK = "<figure data-nbviz="
"""What every contact sheet begins with."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Still:
    """A picture (H, W, 3) uint8 with the sentence that describes it, and its caption."""

    pixels: Pixels
    alt: str
    caption: str


@dataclass(frozen=True)
class Strongest:
    """A unit's strongest patches in a data set, and the sentence that says which those are."""

    patches: Patches
    about: str

    @property
    def text(self) -> str:
        """One line."""
        return f"{self.about}: {'; '.join(patch.brief for patch in self.patches)}"

    @property
    def html(self) -> str:
        """A table below its sentence."""
        return f"<div><small>{html.escape(self.about)}</small></div>{self.patches.table(PATCH_BYTES)}"


def sheet(title: str, stills: Sequence[Still], lines: Sequence[str] = (), strongest: Strongest | None = None) -> str:
    """HTML of a figure: the pictures side by side, each with its caption; below them patches, and lines of text."""
    patches = strongest.html if strongest else ""
    share = (MOST_BYTES - TEXT_BYTES - len(patches)) // max(1, len(stills))
    cells = "".join(f'<td align="center" valign="top">{_figure(still, share)}</td>' for still in stills)
    table = f"<table><tr>{cells}</tr></table>" if cells else ""
    text = "".join(f"<div><small>{html.escape(line)}</small></div>" for line in lines)
    return f'{MARK}"{__version__}"><figcaption><b>{html.escape(title)}</b></figcaption>{table}{patches}{text}</figure>'


def _figure(still: Still, most: int) -> str:
    # JupyterLab's style sheet ranges the text of cells to the right, which a block of their own is not subject to.
    picture = images.embed(still.pixels, still.alt, most)
    return f'<div align="center">{picture}<br><small>{html.escape(still.caption)}</small></div>'


def overlay_still(base: Any, heat: Any, which: int = 0) -> Still:
    """A heat map over its picture; both are answers of a session."""
    facts = heat.meta["maps"][which]
    pixels = base.buffers[0]
    shape = heat.meta["height"], heat.meta["width"]
    codes = heat.buffers[which].reshape(shape).astype(np.float32)
    values = (codes - 128) / 127 if heat.meta["signed"] else codes / 255
    if not facts["empty"]:
        pixels = images.overlay(pixels, values, 0.75, signed=heat.meta["signed"])
    target = facts["target"]
    at = f" at {heat.meta['layer']}" if heat.meta["layer"] else ""
    about = f"{heat.meta['label']} of {target['label']}{at}"
    value = f"logit {target['logit']:.3g}, probability {target['probability']:.1%}"
    none = " – no evidence for it" if facts["empty"] else ""
    return Still(pixels, f"Heat map over the picture: {about}{none}", f"{about} · {value} · to {facts['hi']:.3g}{none}")


def projection_still(found: Any) -> Still:
    """A unit's projection."""
    meta = found.meta
    codes = found.buffers[0]
    pixels = codes if codes.ndim == 3 and codes.shape[2] == 3 else images.lookup(images.default_colormap(True))[codes]
    about = f"{meta['label']} of unit {meta['unit']} at {meta['position'][0]},{meta['position'][1]}"
    return Still(
        pixels.reshape(meta["height"], meta["width"], 3),
        f"Why the unit fires on this picture: {about}",
        f"{about} · value {meta['value']:.3g} · ±{meta['scale']:.2g}",
    )


def maps_still(found: Any, most: int = 16) -> Still:
    """A layer's strongest channels, each on its own scale."""
    meta = found.meta
    maxima = found.buffers[3]
    strongest = np.argsort(-maxima, kind="stable")[: min(most, meta["channels"])]
    codes, lows, highs = (found.buffers[i] for i in range(3))
    tiles = codes.reshape(meta["channels"], meta["height"], meta["width"])
    domain: images.Domain = "signed" if meta["lo"] < 0 else "unsigned"
    colours = [
        images.colourise(lows[unit] + tiles[unit] / 255 * (highs[unit] - lows[unit]), domain=domain)
        for unit in strongest
    ]
    columns = min(4, len(colours))
    named = ", ".join(f"{unit} ({maxima[unit]:.2g})" for unit in strongest[:4])
    about = f"the {len(strongest)} strongest of {meta['channels']} channels of {meta['layer']}"
    return Still(
        montage(colours, columns),
        f"Maps of {about}",
        f"{about}, each {'±' if meta['lo'] < 0 else '0 … '}its own largest value; unit (maximum): {named}",
    )


def filters_still(found: Any) -> Still:
    """The filters of a convolution."""
    meta = found.meta
    codes = found.buffers[0].reshape(meta["count"] * meta["planes"], meta["height"], meta["width"], meta["channels"])
    tiles = np.broadcast_to(codes, (*codes.shape[:3], 3))[:96]
    return Still(
        montage(list(tiles), min(12, len(tiles))),
        f"The filters of {meta['layer']} as pictures",
        f"{len(tiles)} of {meta['count'] * meta['planes']} filters of {meta['layer']} · {meta['note']}",
    )


def montage(tiles: Sequence[Pixels], columns: int, gap: int = 1) -> Pixels:
    """Tiles of one size on a white sheet."""
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    whole = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, tile in enumerate(tiles):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        whole[y : y + height, x : x + width] = tile
    return whole
