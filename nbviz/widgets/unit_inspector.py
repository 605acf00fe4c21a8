"""One unit: why it fires on the picture, and what excites it."""

from __future__ import annotations

from .base import Widget


class UnitInspector(Widget):
    """The projection of `unit` by `method`, and its activation maximisation, live."""

    view_name = "unit_inspector"
