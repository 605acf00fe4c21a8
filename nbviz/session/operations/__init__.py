"""What a page can ask for, one file an operation: methods' results become small facts and raw bytes."""

from __future__ import annotations

from collections.abc import Callable

from .common import Result
from .contributions import contributions_to
from .dream import dream
from .extremes import extremes_over
from .filters import filters_of
from .gallery import gallery
from .groups import groups_of
from .interaction import interaction
from .inversion import inversion
from .maps import GRID_PIXELS, maps
from .neighbours import neighbours_of
from .occlude import occlude
from .original import original
from .overlay import overlay
from .patches import adopt, examples, patches
from .picture import picture, thumbnails
from .projection import projection
from .strongest import strongest
from .synthesis import synthesis
from .upload import upload

__all__ = ["GRID_PIXELS", "OPERATIONS", "UNKEPT"]

OPERATIONS: dict[str, Callable[..., Result]] = {
    "picture": picture,
    "thumbnails": thumbnails,
    "maps": maps,
    "overlay": overlay,
    "projection": projection,
    "synthesis": synthesis,
    "gallery": gallery,
    "interaction": interaction,
    "neighbours": neighbours_of,
    "patches": patches,
    "strongest": strongest,
    "examples": examples,
    "adopt": adopt,
    "filters": filters_of,
    "occlude": occlude,
    "upload": upload,
    "extremes": extremes_over,
    "contributions": contributions_to,
    "groups": groups_of,
    "original": original,
    "dream": dream,
    "inversion": inversion,
}
"""By the name a request carries."""

UNKEPT = {"occlude", "upload"}
"""Carried out every time, and not kept: asked with a free hand, hardly ever twice alike, or to change the session."""
