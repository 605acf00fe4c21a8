"""Anything a person may give as a picture to a Pillow picture, or one sentence why not."""

from __future__ import annotations

import io
import os
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import BadPicture
from .scales import Bytes, by, is_tensor, plain

MOST_PIXELS = 100_000_000
"""Larger pictures are refused, except JPEG files that can be decoded at a fraction of their size."""
ENOUGH_PIXELS = 16_000_000
"""Larger files are reduced while or after they are decoded: no network looks at more."""
LONGEST_NAME = 80
"""Names are cut to as many characters."""

_FILTERS = threading.Lock()


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
    elif is_tensor(image):
        picture = _convert(_from_tensor(image), channels)
    elif hasattr(image, "__array__"):
        picture = _convert(from_array(np.asarray(image)), channels)
    else:
        raise BadPicture(
            f"A {type(image).__name__} is not a picture; give a path, bytes, a Pillow picture, an HxWx3 array "
            "or a CHW tensor."
        )
    return picture


def name_of(image: object, index: int) -> str:
    """A short name to show: the file's stem where there is a file, else `picture 1` for index 0."""
    source = image if isinstance(image, (str, os.PathLike)) else getattr(image, "filename", None)
    stem = Path(source).stem if isinstance(source, (str, os.PathLike)) else ""
    return shown_name(stem) or f"picture {index + 1}"


def shown_name(name: str) -> str:
    """A name of any origin as a short line: without line ends and marks that turn the direction of writing."""
    kept = "".join(character for character in name if character.isprintable()).strip()
    return kept if len(kept) <= LONGEST_NAME else f"{kept[: LONGEST_NAME - 1]}…"


def note_of(image: object) -> str:
    """What to say of a file that `read` reduces because it is very large; empty for all others."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        image = io.BytesIO(image)
    if isinstance(image, (str, os.PathLike, io.BytesIO)):
        with _opened(image) as picture:
            width, height = picture.size
    elif isinstance(image, Image.Image):
        width, height = image.size
    else:
        return ""
    return f"scaled down from {width:,}×{height:,} pixels" if width * height > ENOUGH_PIXELS else ""


def _opened(source: str | os.PathLike[str] | io.BytesIO) -> Image.Image:
    """The picture of a file, not decoded yet."""
    # Pillow warns from half the size it refuses; sizes are checked when it is decoded, with a sentence.
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(source)


def _decode(source: Path | io.BytesIO, what: str, channels: int) -> Image.Image:
    try:
        opened = _opened(source)
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
    array = plain(tensor)
    if array.ndim == 4:
        raise BadPicture(f"A tensor of shape {by(array)} is a batch; give one picture of it, such as x[0].")
    if array.ndim == 3 and array.shape[0] not in (1, 3, 4) and array.shape[2] in (1, 3, 4):
        raise BadPicture(f"A tensor of shape {by(array)} has its channels last; give x.permute(2, 0, 1).")
    return from_array(array.transpose(1, 2, 0) if array.ndim == 3 else array, f"A tensor of shape {by(array)}")


def from_array(array: NDArray[Any], what: str = "") -> Image.Image:
    """HxW or HxWxC of uint8 in 0..255 or floats in 0..1."""
    what = what or f"An array of shape {by(array)}"
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
