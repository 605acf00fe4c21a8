"""A picture in its own size, neither cropped nor resized for the network."""

from __future__ import annotations

from ...synthesis import bounded, resized, to_bytes
from ..session import Report, Session
from .common import Result

MOST_PIXELS = 1600
"""Longest side of a picture that travels, whatever is asked for: 8 MB as it is."""


def original(session: Session, report: Report, image: int, size: int | None) -> Result:
    """The picture itself, its longer side at most `size` pixels."""
    one = session.picture(image)
    pixels = session.net.pixels(one.source)
    shown = to_bytes(resized(pixels, bounded((pixels.shape[-2], pixels.shape[-1]), longest(size))))
    return {"height": shown.shape[0], "width": shown.shape[1], "name": one.name}, [shown]


def longest(size: int | None) -> int:
    """The bound of a picture's longer side that is asked for, as far as it can be granted."""
    return min(size or MOST_PIXELS, MOST_PIXELS)
