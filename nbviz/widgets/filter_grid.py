"""The filters of the first convolution as pictures."""

from __future__ import annotations

from ..address import Unit
from ..methods import filters
from .base import Widget


class FilterGrid(Widget):
    """The weights of a convolution, by default the first; choosing one sets `unit`."""

    view_name = "filter_grid"

    def _opening_unit(self, layer: str | None, unit: str | Unit | None, image_index: int) -> Unit:
        first = filters(self.net, layer).layer
        return super()._opening_unit(first, unit, image_index)
