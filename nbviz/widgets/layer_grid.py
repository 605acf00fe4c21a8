"""The channels of one layer as a grid of maps."""

from __future__ import annotations

from .base import Widget


class LayerGrid(Widget):
    """All channels of `layer` on the picture; choosing one sets `unit`."""

    view_name = "layer_grid"
