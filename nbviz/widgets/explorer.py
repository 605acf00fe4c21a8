"""The whole place: map, grid, picture and unit side by side."""

from __future__ import annotations

from typing import Any

from torch import nn

from ..network import Network
from .base import Widget


class Explorer(Widget):
    """Browse a network: choose a layer on the map, a channel in its grid, and see why it fires and what excites it."""

    view_name = "explorer"


def explore(model_or_net: Network | nn.Module, images: Any = None, atlas: Any = None, **options: Any) -> Explorer:
    """Open a network on some pictures; one line in a notebook cell.

    Args:
        model_or_net: a `Network`, or any `torch.nn.Module` (then see `Network` for what is assumed).
        images: one picture or a list – paths, PIL pictures, arrays, tensors; None shows scenes of the demo.
        atlas: what `nbviz.scan` returns, also while the scan still runs, or its path: of each unit the strongest
            patches in a data set, and how its maxima are spread. Without `images` its first pictures are shown.
        options: `layer`, `unit`, `image_index`, `method`, `target` to start with; `pins` and `bookmarks`, of another
            widget or as written down; `height` in pixels; `colormap`; `name`, for links where there are several.

    Raises `NbvizError`s that say what is wrong with a model, picture, name or option.
    """
    return Explorer(model_or_net, images, atlas=atlas, **options)


def compare(a: Network | nn.Module, b: Network | nn.Module, images: Any = None, **options: Any) -> Explorer:
    """Open a network on some pictures with another one beside it, such as two checkpoints of a training.

    Whatever is chosen for `a` – picture, layer, unit, class, method – is shown of `b` as well, on one scale.

    Args:
        a, b: `Network`s or modules; units are compared by the names of their layers, classes by their index.
        images, options: as for `explore`.

    Raises `BadModel` where no layer of one has a namesake in the other; see `explore` for the rest.
    """
    return Explorer(a, images, beside=b, **options)
