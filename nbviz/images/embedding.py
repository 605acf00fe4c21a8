"""Pictures inside of HTML, for outputs that are read where nothing runs."""

from __future__ import annotations

import base64
import html
from typing import Any

import numpy as np
from PIL import Image

from .colour import encode
from .scales import Bytes

MOST_BYTES = 140_000
"""Of an embedded picture, as characters: an output with it stays below 200 KB."""
WIDTH = 224
"""Pixels that a picture has at least, about."""


def embed(picture: Any, alt: str, most: int = MOST_BYTES, width: int = WIDTH) -> str:
    """An `<img>` of uint8 (H, W, 3) or a Pillow picture, of `most` characters, without styles or classes.

    Pictures smaller than `width` pixels are enlarged by a whole factor, larger ones than twice that are made smaller.
    As PNG where that is small enough, else as JPEG. Sanitisers of notebook hosts let it through.
    """
    pixels = _sized(np.asarray(picture.convert("RGB") if isinstance(picture, Image.Image) else picture), width)
    kind, data = _encoded(pixels, most * 3 // 4)
    return (
        f'<img alt="{html.escape(alt)}" width="{pixels.shape[1]}" height="{pixels.shape[0]}" '
        f'src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'
    )


def _sized(pixels: Bytes, width: int) -> Bytes:
    longest = max(pixels.shape[:2])
    factor = width // longest
    if factor > 1:
        return pixels.repeat(factor, 0).repeat(factor, 1)
    if longest > 2 * width:
        small = Image.fromarray(pixels)
        small.thumbnail((2 * width, 2 * width))
        return np.asarray(small)
    return pixels


def _encoded(pixels: Bytes, most: int) -> tuple[str, bytes]:
    data = encode(pixels, "png")
    if len(data) <= most:
        return "png", data
    while len(data := encode(pixels, "jpeg")) > most:
        pixels = np.ascontiguousarray(pixels[::2, ::2])
    return "jpeg", data
