"""Pictures in and out: reading them, scaling numbers to bytes with a stated domain, colour maps, overlays, encoding.

Pure functions on numpy arrays and Pillow pictures. Torch tensors are accepted wherever numbers are (they are
recognised by what they can do), but torch itself is never imported here.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import io
import json
import os
import threading
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import BadPicture, BadRequest, NotFinite, UnknownName, close_matches

Bytes = NDArray[np.uint8]
Numbers = Any  # a numpy array, a torch tensor on any device, or nested lists of numbers
Domain = Literal["unsigned", "signed"] | tuple[float, float]
Encoding = Literal["png", "webp", "jpeg"]

MOST_PIXELS = 100_000_000
"""Larger pictures are refused, except JPEG files that can be decoded at a fraction of their size."""
ENOUGH_PIXELS = 16_000_000
"""Larger files are reduced while or after they are decoded: no network looks at more."""

_FILTERS = threading.Lock()


# ---------------------------------------------------------------------------------------------- reading


def read(image: object, channels: int = 3) -> Image.Image:
    """A loaded picture of mode RGB (`channels=3`) or L (`channels=1`), turned upright by its EXIF orientation.

    image: path, encoded bytes, Pillow picture, HxW / HxWx1 / HxWx3 / HxWx4 array, or CHW tensor with 1, 3 or 4
    channels; numbers are uint8 in 0..255 or floats in 0..1. Transparency is laid over white, of an animated file
    the first frame is taken, 16-bit grey is scaled to 0..255, and files above 16 megapixels are reduced.
    Raises `BadPicture` for anything else; a Pillow picture that is given is not changed.
    """
    if channels not in (1, 3):
        raise BadPicture(f"Pictures have 1 or 3 channels, not {channels}; give this network a tensor instead.")
    if isinstance(image, (str, os.PathLike)):
        picture = _decode(Path(image), f"The file '{Path(image).name}'", channels)
    elif isinstance(image, (bytes, bytearray, memoryview)):
        picture = _decode(io.BytesIO(image), f"The picture of {len(image):,} bytes", channels)
    elif isinstance(image, Image.Image):
        picture = _loaded(image, "The Pillow picture", channels)
    elif _is_tensor(image):
        picture = _convert(_from_tensor(image), channels)
    elif hasattr(image, "__array__"):
        picture = _convert(_from_array(np.asarray(image)), channels)
    else:
        raise BadPicture(
            f"A {type(image).__name__} is not a picture; give a path, bytes, a Pillow picture, an HxWx3 array "
            "or a CHW tensor."
        )
    return picture


def name_of(image: object, index: int) -> str:
    """A short name to show: the file's stem where there is a file, else `picture 1` for index 0."""
    source = image if isinstance(image, (str, os.PathLike)) else getattr(image, "filename", None)
    if isinstance(source, (str, os.PathLike)) and (stem := Path(source).stem):
        return stem
    return f"picture {index + 1}"


def content_key(content: Numbers) -> str:
    """A 16-digit hexadecimal hash of bytes, or of the type, shape and values of an array or tensor."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        return hashlib.blake2b(content, digest_size=8).hexdigest()
    array = np.ascontiguousarray(_plain(content))
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.blake2b(head + array.tobytes(), digest_size=8).hexdigest()


def _decode(source: Path | io.BytesIO, what: str, channels: int) -> Image.Image:
    try:
        # Pillow warns from half the size it refuses; sizes are checked below, with a sentence.
        with _FILTERS, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(source)
    except FileNotFoundError:
        if str(source).startswith(("http:", "https:")):
            raise BadPicture(f"{what} is a web address; download it and give the file.") from None
        raise BadPicture(f"{what} does not exist; check the path '{source}'.") from None
    except UnidentifiedImageError:
        raise BadPicture(f"{what} is not a picture that Pillow can read; give a PNG, JPEG, WebP or TIFF.") from None
    except Image.DecompressionBombError:
        raise BadPicture(f"{what} is too large; shrink it below {MOST_PIXELS // 10**6} megapixels.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadPicture(f"{what} cannot be opened ({reason}); give a picture file that can be read.") from None
    with opened:
        _draft(opened, channels)
        return _loaded(opened, what, channels)


def _draft(picture: Image.Image, channels: int) -> None:
    """Ask a JPEG decoder for the smallest eighth of the size that still has enough pixels; others ignore it."""
    excess = picture.width * picture.height / ENOUGH_PIXELS
    if excess > 1 and picture.mode in ("RGB", "L"):
        shrink = max(2, int(excess**0.5))
        mode = "L" if channels == 1 or picture.mode == "L" else "RGB"
        picture.draft(mode, (picture.width // shrink, picture.height // shrink))


def _loaded(picture: Image.Image, what: str, channels: int) -> Image.Image:
    """Decode, reduce, turn upright, convert."""
    if not picture.width or not picture.height:
        raise BadPicture(f"{what} is {picture.width}x{picture.height} pixels; give one with at least one pixel.")
    if picture.width * picture.height > MOST_PIXELS:
        millions = picture.width * picture.height / 1e6
        raise BadPicture(
            f"{what} has {millions:.0f} million pixels; shrink it below {MOST_PIXELS // 10**6} megapixels."
        )
    try:
        picture.load()
        upright = ImageOps.exif_transpose(picture)
    except Exception as error:  # noqa: BLE001 - decoders of a dozen formats raise whatever they like on broken data
        raise BadPicture(f"{what} is damaged or cut off ({error}); copy or download it again.") from None
    converted = _convert(upright, channels)
    excess = converted.width * converted.height / ENOUGH_PIXELS
    return converted.reduce(int(np.ceil(excess**0.5))) if excess > 1 else converted


def _convert(picture: Image.Image, channels: int) -> Image.Image:
    """Any mode to a new picture of mode RGB or L."""
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = _from_deep_grey(picture)
    elif picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    elif picture.mode == "LAB":
        raise BadPicture("The picture is in the LAB colour space; save it as RGB.")
    mode = "L" if channels == 1 else "RGB"
    return picture.copy() if picture.mode == mode else picture.convert(mode)


def _from_deep_grey(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits (0..65535) or floats (0..1, else 0..255) to mode L."""
    values = np.asarray(picture).astype(np.float64)
    top = 65535.0 if picture.mode != "F" else 1.0 if values.max() <= 1 else 255.0
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= top):
        raise BadPicture(
            f"The picture holds values from {values.min():g} to {values.max():g} in mode {picture.mode}; "
            "save it with 8 bits a channel."
        )
    return Image.fromarray(np.rint(values * (255 / top)).astype(np.uint8))


def _from_tensor(tensor: object) -> Image.Image:
    array = _plain(tensor)
    if array.ndim == 4:
        raise BadPicture(f"A tensor of shape {_by(array)} is a batch; give one picture of it, such as x[0].")
    if array.ndim == 3 and array.shape[0] not in (1, 3, 4) and array.shape[2] in (1, 3, 4):
        raise BadPicture(f"A tensor of shape {_by(array)} has its channels last; give x.permute(2, 0, 1).")
    return _from_array(array.transpose(1, 2, 0) if array.ndim == 3 else array, f"A tensor of shape {_by(array)}")


def _from_array(array: NDArray[Any], what: str = "") -> Image.Image:
    """HxW or HxWxC of uint8 in 0..255 or floats in 0..1."""
    what = what or f"An array of shape {_by(array)}"
    if array.size == 0:
        raise BadPicture(f"{what} is empty; give a picture with at least one pixel.")
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        raise BadPicture(f"{what} has its channels first; give array.transpose(1, 2, 0).")
    if array.ndim == 4:
        raise BadPicture(f"{what} is a batch; give one picture of it, such as array[0].")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise BadPicture(f"{what} is not a picture; give HxWx3 or HxW.")
    if array.shape[0] * array.shape[1] > MOST_PIXELS:
        raise BadPicture(f"{what} is too large; shrink it below {MOST_PIXELS // 10**6} megapixels.")
    if array.dtype.kind == "f":
        array = _from_fractions(array, what)
    if array.dtype != np.uint8:
        raise BadPicture(f"{what} has dtype {array.dtype}; give uint8 in 0..255 or floats in 0..1.")
    return Image.fromarray(np.ascontiguousarray(array[..., 0] if array.shape[2:] == (1,) else array))


def _from_fractions(array: NDArray[Any], what: str) -> Bytes:
    """Floats in 0..1 to uint8; a millionth beyond is rounding, more is another scale."""
    if not np.isfinite(array).all():
        raise BadPicture(f"{what} contains NaN or infinity; give finite values in 0..1.")
    low, high = float(array.min()), float(array.max())
    if low < -1e-6 or high > 1 + 1e-6:
        raise BadPicture(
            f"{what} holds floats from {low:.3g} to {high:.3g}; give 0..1, or uint8 in 0..255 "
            "(undo a normalisation first)."
        )
    scaled: Bytes = np.rint(array.clip(0, 1).astype(np.float32) * 255).astype(np.uint8)
    return scaled


def _is_tensor(value: object) -> bool:
    return hasattr(value, "detach") and hasattr(value, "cpu")


def _plain(values: Numbers) -> NDArray[Any]:
    """An array of the same values; bfloat16, which numpy lacks, becomes float32."""
    if _is_tensor(values):
        values = values.detach().cpu()
        values = values.float() if "bfloat16" in str(values.dtype) else values
        return np.asarray(values.resolve_conj().numpy())
    return np.asarray(values)


def _by(array: NDArray[Any]) -> str:
    return "x".join(map(str, array.shape)) or "()"


# ------------------------------------------------------------------------------------ numbers to bytes


def normalise(values: Numbers, domain: Domain) -> tuple[Bytes, float, float]:
    """Scale numbers of any shape to bytes, and say which values byte 0 and byte 255 stand for.

    "unsigned": 0..max; values below zero, which have no place there, become 0.
    "signed": ±max|v|; byte 128 is exactly zero, 1 and 255 are the two extremes.
    (lo, hi): as stated, values beyond are clipped; where lo = -hi < 0, bytes are coded as for "signed".
    Returns (uint8 array of the same shape, lo, hi). A domain without extent (nothing but zeros, or lo = hi) gives
    lo = hi and the byte of zero: 128 where signed, else 0. Raises `NotFinite` for NaN or infinity.
    """
    array = finite(values)
    lo, hi = _limits(array, domain)
    signed = domain == "signed" or (lo == -hi and hi > 0)
    zero, span, steps = (0.0, hi, 127) if signed else (lo, hi - lo, 255)
    if span == 0:
        return np.full(array.shape, 128 if signed else 0, np.uint8), lo, hi
    scaled = np.rint((array.clip(lo, hi) - zero) / span * steps)
    return (scaled + (128 if signed else 0)).astype(np.uint8), lo, hi


def finite(values: Numbers) -> NDArray[np.float64]:
    """The values as float64; `NotFinite` where any is NaN or infinite."""
    array = _plain(values).astype(np.float64)
    if bad := array.size - int(np.isfinite(array).sum()):
        raise NotFinite(
            f"{bad:,} of {array.size:,} values are NaN or infinite, so there is no scale to show them on; "
            "check the weights and the picture."
        )
    return array


def _limits(array: NDArray[np.float64], domain: Domain) -> tuple[float, float]:
    if isinstance(domain, str):
        if domain not in ("unsigned", "signed"):
            raise BadRequest(f"{domain!r} is not a domain; give 'unsigned', 'signed' or (lo, hi).")
        if domain == "signed":
            top = float(np.abs(array).max(initial=0))
            return (-top if top else 0.0), top
        return 0.0, float(array.max(initial=0))
    lo, hi = map(float, domain)
    if not (np.isfinite([lo, hi]).all() and lo <= hi):
        raise BadRequest(f"The domain ({lo:g}, {hi:g}) is not a range; give finite lo <= hi.")
    return lo, hi


def resize_map(values: Numbers, size: tuple[int, int]) -> NDArray[np.float32]:
    """Maps (…, H, W) bilinearly to (…, h, w), pixel centres at halves; averaged over its footprint when smaller."""
    array = _plain(values).astype(np.float32)
    height, width = size
    planes = array.reshape(-1, *array.shape[-2:])
    resized = [Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR) for plane in planes]
    return np.stack([np.asarray(plane) for plane in resized]).reshape(*array.shape[:-2], height, width)


# ---------------------------------------------------------------------------------------------- colour


@functools.cache
def colormaps() -> dict[str, dict[str, Any]]:
    """`{name: {"signed": bool, "anchors": 33 colours "#rrggbb"}}`; computed by tools/colormaps.py."""
    text = importlib.resources.files(__package__).joinpath("colormaps.json").read_text("utf-8")
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
    limits = _limits(finite(heat), domain or ("signed" if signed else "unsigned"))
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
    array = _plain(values)
    if array.ndim == 3 and array.shape[0] in (1, 3):
        array = array[0] if array.shape[0] == 1 else array.transpose(1, 2, 0)
    elif array.ndim != 2:
        raise BadRequest(f"A signed picture has the shape 3xHxW, 1xHxW or HxW, not {_by(array)}.")
    codes, lo, hi = normalise(array, "signed" if scale is None else (-scale, scale))
    return np.full_like(codes, 128) if lo == hi else codes


# -------------------------------------------------------------------------------------------- encoding

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
    _from_array(np.asarray(array)).save(buffer, encoding, **options)
    return buffer.getvalue()
