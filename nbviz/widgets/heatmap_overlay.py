"""A class's heat map over the picture."""

from __future__ import annotations

from .base import Widget


class HeatmapOverlay(Widget):
    """Where a class decision comes from; `target` is the class shown, None the predicted one."""

    view_name = "heatmap_overlay"
