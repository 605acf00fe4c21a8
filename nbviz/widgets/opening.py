"""What a widget opens with where nothing was asked for: a view never opens empty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..address import Unit
from ..session import Session

if TYPE_CHECKING:
    from ..atlas import Atlas

OPENING_PICTURES = 4
"""Pictures that are shown where none are given."""


def opening_pictures(images: Any, atlas: Atlas | None) -> Sequence[Any]:
    """The pictures given, one or many; else the first of the atlas; else scenes of the demo."""
    if images is None and atlas is not None:
        return [atlas.input(number) for number in range(min(OPENING_PICTURES, atlas.plan.count))]
    if images is None:
        from .. import demo

        return list(demo.scenes(OPENING_PICTURES, seed=7, objects=2).pictures)
    many = isinstance(images, (list, tuple)) or (
        getattr(images, "ndim", 0) == 4 and not hasattr(images, "requires_grad")
    )
    return list(images) if many else [images]


def strongest_unit(session: Session, layer: str, image_index: int) -> Unit:
    """The channel of the layer that goes highest on the picture."""
    strongest = int(session.recording(image_index).maps(layer).detach().flatten(1).amax(1).argmax())
    return session.net.unit(layer, strongest)


def opening_method(session: Session, unit: Unit, image_index: int) -> str:
    """Deconvnet where max-pools hold switches for it, guided backprop where there are none, else the gradient."""
    from ..rules import first_unruled, remembers_picture

    value = session.recording(image_index).value(unit)
    if first_unruled(value):
        return "neuron_gradient"
    return "deconvnet" if remembers_picture(value) else "guided_backprop"
