"""What the operations share: the form of their results and the checks of what was asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BadRequest, UnknownName, close_matches
from ...methods import METHODS, Method
from ..session import Bytes, Session

if TYPE_CHECKING:
    from ...atlas import Atlas

Result = tuple[dict[str, Any], list[Bytes]]
"""The meta and the buffers of an answer."""


def method_named(name: str, asks: str) -> Method:
    """The method of that name, which has to ask for a `asks`: a unit or a class."""
    row = METHODS.get(name)
    if row is None:
        raise UnknownName(f"There is no method {name!r}.{close_matches(name, METHODS)}")
    if row.asks != asks:
        fitting = ", ".join(m.name for m in METHODS.values() if m.asks == asks)
        raise BadRequest(f"{row.label} asks for a {row.asks}, not for a {asks}; for that there are {fitting}.")
    return row


def atlas_of(session: Session) -> Atlas:
    """The data set's atlas, which has to be there."""
    if session.atlas is None:
        raise BadRequest("There is no atlas here; explore(net, images, atlas=…) opens one, nbviz.scan makes one.")
    return session.atlas


def finite(numbers: Mapping[str, float]) -> dict[str, float]:
    """Numbers as a message can carry them: JSON has no NaN and no infinity."""
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}


def joined(files: Iterable[bytes]) -> Bytes:
    """Files as one buffer, one after the other."""
    return np.frombuffer(b"".join(files), np.uint8)
