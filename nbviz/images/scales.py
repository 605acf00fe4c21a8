"""Numbers to bytes, always with the values that the bytes stand for."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import BadRequest, NotFinite

Bytes = NDArray[np.uint8]
Numbers = Any  # a numpy array, a torch tensor on any device, or nested lists of numbers
Domain = Literal["unsigned", "signed"] | tuple[float, float]


def normalise(values: Numbers, domain: Domain) -> tuple[Bytes, float, float]:
    """Scale numbers of any shape to bytes, and say which values byte 0 and byte 255 stand for.

    "unsigned": 0..max; values below zero, which have no place there, become 0.
    "signed": ±max|v|; byte 128 is exactly zero, 1 and 255 are the two extremes.
    (lo, hi): as stated, values beyond are clipped; where lo = -hi < 0, bytes are coded as for "signed".
    Returns (uint8 array of the same shape, lo, hi). A domain without extent (nothing but zeros, or lo = hi) gives
    lo = hi and the byte of zero: 128 where signed, else 0. Raises `NotFinite` for NaN or infinity.
    """
    array = finite(values)
    lo, hi = limits_of(array, domain)
    signed = domain == "signed" or (lo == -hi and hi > 0)
    zero, span, steps = (0.0, hi, 127) if signed else (lo, hi - lo, 255)
    if span == 0:
        return np.full(array.shape, 128 if signed else 0, np.uint8), lo, hi
    scaled = np.rint((array.clip(lo, hi) - zero) / span * steps)
    return (scaled + (128 if signed else 0)).astype(np.uint8), lo, hi


def finite(values: Numbers) -> NDArray[np.float64]:
    """The values as float64; `NotFinite` where any is NaN or infinite."""
    array = plain(values).astype(np.float64)
    if bad := array.size - int(np.isfinite(array).sum()):
        raise NotFinite(
            f"{bad:,} of {array.size:,} values are NaN or infinite, so there is no scale to show them on; "
            "check the weights and the picture."
        )
    return array


def limits_of(array: NDArray[np.float64], domain: Domain) -> tuple[float, float]:
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


def robust_scale(values: Numbers, share: float = 0.99) -> float:
    """The magnitude that `share` of the values other than zero stay within; 0.0 where there is nothing but zeros.

    Projections have a few pixels of many times the usual size, on whose scale all the others are grey.
    """
    magnitudes = np.abs(finite(values))
    magnitudes = magnitudes[magnitudes > 0]
    return float(np.quantile(magnitudes, share)) if magnitudes.size else 0.0


def resize_map(values: Numbers, size: tuple[int, int]) -> NDArray[np.float32]:
    """Maps (…, H, W) bilinearly to (…, h, w), pixel centres at halves; averaged over its footprint when smaller."""
    array = plain(values).astype(np.float32)
    height, width = size
    planes = array.reshape(-1, *array.shape[-2:])
    resized = [Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR) for plane in planes]
    return np.stack([np.asarray(plane) for plane in resized]).reshape(*array.shape[:-2], height, width)


def is_tensor(value: object) -> bool:
    return hasattr(value, "detach") and hasattr(value, "cpu")


def plain(values: Numbers) -> NDArray[Any]:
    """An array of the same values; bfloat16, which numpy lacks, becomes float32."""
    if is_tensor(values):
        values = values.detach().cpu()
        values = values.float() if "bfloat16" in str(values.dtype) else values
        return np.asarray(values.resolve_conj().numpy())
    return np.asarray(values)


def by(array: NDArray[Any]) -> str:
    return "x".join(map(str, array.shape)) or "()"


def content_key(content: Numbers) -> str:
    """A 16-digit hexadecimal hash of bytes, or of the type, shape and values of an array or tensor."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        return hashlib.blake2b(content, digest_size=8).hexdigest()
    array = np.ascontiguousarray(plain(content))
    head = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.blake2b(head + array.tobytes(), digest_size=8).hexdigest()
