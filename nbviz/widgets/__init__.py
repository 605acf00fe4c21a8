"""One widget a file: traits and layout, no tensor arithmetic."""

from .bookmarks import View
from .dreamer import Dreamer
from .explorer import Explorer, compare, explore
from .filter_grid import FilterGrid
from .heatmap_overlay import HeatmapOverlay
from .layer_grid import LayerGrid
from .pins import Pin
from .unit_inspector import UnitInspector

__all__ = [
    "Dreamer",
    "Explorer",
    "FilterGrid",
    "HeatmapOverlay",
    "LayerGrid",
    "Pin",
    "UnitInspector",
    "View",
    "compare",
    "explore",
]
