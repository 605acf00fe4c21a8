"""Bytes of an answer as they lie in a page: small, and back to exactly what the page paints.

Numbers and maps come back bit by bit. Pictures are WebP: what the network saw and its thumbnails without loss,
synthesised ones as photographs are. Projections lie between: colour noise that WebP would blur (errors of 100 of 255
levels were seen at quality 90), on a scale where a few levels mean nothing; so they are rounded to every eighth level
around zero, which stays exact, and then kept without loss.
"""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Codec = Literal["plain", "deflate", "webp"]

ROUNDING = 8
"""Levels between two values of a projection; no byte is further than half of it from what was computed."""
QUALITY = 90
"""Of synthesised pictures as WebP."""


@dataclass(frozen=True)
class Part:
    """One buffer, packed; `channels` of a pixel where it is a picture."""

    codec: Codec
    channels: int
    data: bytes

    @property
    def text_size(self) -> int:
        """Characters of the part in a page."""
        return -(-len(self.data) // 3) * 4

    @property
    def text(self) -> str:
        """The part as a page holds it."""
        return base64.b64encode(self.data).decode()


def pack(op: str, buffer: NDArray[Any]) -> Part:
    """One buffer of an answer, packed as fits the operation; what no row names is kept without loss."""
    if buffer.dtype == np.uint8 and _is_picture(buffer):
        make: Callable[[NDArray[np.uint8]], Part] = _PICTURES.get(op, _deflated)
        return make(buffer)
    return _deflated(buffer)


def unpack(part: Part) -> bytes:
    """The bytes that the page will see."""
    if part.codec == "webp":
        pixels = np.asarray(Image.open(io.BytesIO(part.data)).convert("RGB"))
        return np.ascontiguousarray(pixels[..., : part.channels]).tobytes()
    return zlib.decompress(part.data) if part.codec == "deflate" else part.data


def _is_picture(buffer: NDArray[Any]) -> bool:
    return buffer.size > 0 and (buffer.ndim == 2 or (buffer.ndim == 3 and buffer.shape[2] in (1, 3)))


def _deflated(buffer: NDArray[Any]) -> Part:
    raw = buffer.tobytes()
    small = zlib.compress(raw, 9)
    return Part("deflate", 0, small) if len(small) < len(raw) else Part("plain", 0, raw)


def _exact(buffer: NDArray[np.uint8]) -> Part:
    return _webp(buffer, lossless=True, method=4)


def _rounded(buffer: NDArray[np.uint8]) -> Part:
    """Rounded to steps around 128, which stands for zero."""
    signed = buffer.astype(np.int16) - 128
    steps = np.sign(signed) * ((np.abs(signed) + ROUNDING // 2) // ROUNDING)
    return _webp((steps * ROUNDING + 128).clip(0, 255).astype(np.uint8), lossless=True, method=3)


def _photographic(buffer: NDArray[np.uint8]) -> Part:
    return _webp(buffer, quality=QUALITY, method=4)


def _webp(buffer: NDArray[np.uint8], **options: Any) -> Part:
    channels = 3 if buffer.ndim == 3 and buffer.shape[2] == 3 else 1
    plane = buffer.reshape(buffer.shape[:2]) if channels == 1 else buffer
    file = io.BytesIO()
    Image.fromarray(plane).convert("RGB").save(file, "webp", **options)
    return Part("webp", channels, file.getvalue())


_PICTURES: dict[str, Callable[[NDArray[np.uint8]], Part]] = {
    "picture": _exact,
    "thumbnails": _exact,
    "projection": _rounded,
    "synthesis": _photographic,
    "original": _photographic,
    "dream": _photographic,
    "inversion": _photographic,
}
