"""Colour maps, overlays, and pictures as the bytes of a file."""

from __future__ import annotations

import functools
import importlib.resources
import io
import json
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import BadPicture, BadRequest, UnknownName, close_matches
from .reading import from_array
from .scales import Bytes, Domain, Numbers, by, finite, limits_of, normalise, plain, resize_map

Encoding = Literal["png", "webp", "jpeg"]


@functools.cache
def colormaps() -> dict[str, dict[str, Any]]:
    """`{name: {"signed": bool, "anchors": 33 colours "#rrggbb"}}`; computed by tools/colormaps.py."""
    text = importlib.resources.files("nbviz").joinpath("colormaps.json").read_text("utf-8")
    maps: dict[str, dict[str, Any]] = json.loads(text)
    return maps


@functools.cache
def lookup(name: str) -> Bytes:
    """The colours of bytes 0..255 as (256, 3) sRGB, read-only, linear between anchors; `UnknownName` otherwise."""
    if name not in colormaps():
        known = ", ".join(colormaps())
        raise UnknownName(f"There is no colour map {name!r}; there are {known}.{close_matches(name, colormaps())}")
    anchors = np.array([list(bytes.fromhex(colour[1:])) for colour in colormaps()[name]["anchors"]], np.float64)
    places = np.linspace(0, len(anchors) - 1, 256)
    columns = [np.interp(places, np.arange(len(anchors)), column) for column in anchors.T]
    table: Bytes = np.rint(np.stack(columns, -1)).astype(np.uint8)
    table.flags.writeable = False
    return table


def default_colormap(signed: bool) -> str:
    """ "tide" where zero lies in the middle, "ember" where it lies at the bottom."""
    return "tide" if signed else "ember"


def colourise(values: Numbers, colormap: str | None = None, domain: Domain = "unsigned") -> Bytes:
    """A map (H, W) as colours (H, W, 3); the domain as in `normalise`, the colour map by default to fit it."""
    codes, lo, _ = normalise(values, domain)
    chosen = colormap or default_colormap(domain == "signed" or lo < 0)
    colours: Bytes = lookup(chosen)[codes]
    return colours


def overlay(
    picture: Bytes,
    heat: Numbers,
    alpha: float = 0.5,
    colormap: str | None = None,
    signed: bool = False,
    domain: Domain | None = None,
    proportional: bool = True,
) -> Bytes:
    """Lay a map (h, w) over a picture (H, W, 3) of uint8; the map is resized bilinearly to the picture.

    alpha: opacity in 0..1. Where `proportional`, a place is covered by alpha times its strength |v| / max|v|, so
    that where there is no evidence the picture itself stays; otherwise every place is covered by alpha.
    domain: scale of the colours, by default taken from the map before it is resized. A map of zeros leaves the
    picture as it is where proportional.
    """
    if picture.dtype != np.uint8 or picture.shape[2:] != (3,):
        raise BadPicture("An overlay needs a picture of HxWx3 uint8; images.read gives one.")
    if not 0 <= alpha <= 1:
        raise BadRequest(f"The opacity {alpha:g} is not in 0..1.")
    limits = limits_of(finite(heat), domain or ("signed" if signed else "unsigned"))
    values = resize_map(heat, (picture.shape[0], picture.shape[1])).astype(np.float64)
    colours = lookup(colormap or default_colormap(signed))[_codes_for(values, limits, signed)]
    top = max(map(abs, limits))
    strength = np.abs(values.clip(*limits)) / top if top else np.zeros_like(values)
    weight = alpha * (strength if proportional else np.ones_like(values))[..., None]
    blend: Bytes = np.rint(picture * (1 - weight) + colours * weight).astype(np.uint8)
    return blend


def _codes_for(values: NDArray[np.float64], limits: tuple[float, float], signed: bool) -> Bytes:
    """Bytes within limits taken from elsewhere; all-zero signed limits still mean 128."""
    codes, lo, hi = normalise(values, limits)
    return np.full_like(codes, 128) if signed and lo == hi else codes


def signed_picture(values: Numbers, scale: float | None = None) -> Bytes:
    """A signed picture (3, H, W), (1, H, W) or (H, W) as uint8 (H, W, 3) or (H, W): 128 is zero, 255 is +scale.

    scale: by default the largest |v|, so that one scale holds for all colours; larger values are clipped to it.
    """
    array = plain(values)
    if array.ndim == 3 and array.shape[0] in (1, 3):
        array = array[0] if array.shape[0] == 1 else array.transpose(1, 2, 0)
    elif array.ndim != 2:
        raise BadRequest(f"A signed picture has the shape 3xHxW, 1xHxW or HxW, not {by(array)}.")
    codes, lo, hi = normalise(array, "signed" if scale is None else (-scale, scale))
    return np.full_like(codes, 128) if lo == hi else codes


_OPTIONS: dict[str, dict[str, Any]] = {
    "png": {"compress_level": 6},
    "webp": {"quality": 90, "method": 2},
    "jpeg": {"quality": 85},
}


def encode(array: Bytes, encoding: Encoding = "png") -> bytes:
    """uint8 (H, W), (H, W, 1), (H, W, 3) or (H, W, 4: not JPEG) as a file's bytes; only PNG is lossless."""
    options = _OPTIONS.get(encoding)
    if options is None:
        raise BadRequest(f"{encoding!r} is not an encoding; there are {', '.join(_OPTIONS)}.")
    buffer = io.BytesIO()
    from_array(np.asarray(array)).save(buffer, encoding, **options)
    return buffer.getvalue()
