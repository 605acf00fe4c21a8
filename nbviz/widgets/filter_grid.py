"""The filters of the first convolution as pictures."""

from __future__ import annotations

from .base import Widget


class FilterGrid(Widget):
    """The weights of a convolution, by default the first; choosing one sets `unit`."""

    view_name = "filter_grid"
