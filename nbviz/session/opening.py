"""An atlas as a person gives it, made ready for a network."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest
from ..network import Network

if TYPE_CHECKING:
    from ..atlas import Atlas


def opened(net: Network, atlas: Any) -> Atlas | None:
    """An `Atlas`, also of a scan that still runs, or the path of one; None stays none.

    Raises `BadAtlas` where it was made with another network or the path holds none, `BadRequest` for anything else.
    """
    if atlas is None:
        return None
    from ..atlas import Atlas

    if isinstance(atlas, (str, PathLike)):
        return Atlas(str(atlas), net=net)
    if isinstance(atlas, Atlas):
        atlas.attach(net)
        return atlas
    raise BadRequest(f"A {type(atlas).__name__} is no atlas; give what nbviz.scan returns, or its path.")
