"""Pictures in and out: reading, scaling numbers to bytes with a stated domain, colour maps, overlays, encoding.

Pure functions on numpy arrays and Pillow pictures. Torch tensors are accepted wherever numbers are (they are
recognised by what they can do), but torch itself is never imported here.
"""

from __future__ import annotations

from .colour import Encoding, colormaps, colourise, default_colormap, encode, lookup, overlay, signed_picture
from .embedding import embed
from .reading import ENOUGH_PIXELS, MOST_PIXELS, name_of, note_of, read, shown_name
from .scales import Bytes, Domain, Numbers, content_key, finite, normalise, resize_map, robust_scale

__all__ = [
    "ENOUGH_PIXELS",
    "MOST_PIXELS",
    "Bytes",
    "Domain",
    "Encoding",
    "Numbers",
    "colormaps",
    "colourise",
    "content_key",
    "default_colormap",
    "embed",
    "encode",
    "finite",
    "lookup",
    "name_of",
    "normalise",
    "note_of",
    "overlay",
    "read",
    "resize_map",
    "robust_scale",
    "shown_name",
    "signed_picture",
]
