"""Traits are set and sent in one turn, whichever thread does it; see `turns` for why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anywidget

from .turns import TURNS


class InTurn(anywidget.AnyWidget):
    """Takes the turn wherever ipywidgets sets, holds back or sends traits."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a trait, with all that follows from it, in one turn."""
        if self.has_trait(name):
            with TURNS:
                super().__setattr__(name, value)
        else:
            super().__setattr__(name, value)

    def set_trait(self, name: str, value: Any) -> None:
        """Set a trait by name, in one turn."""
        with TURNS:
            super().set_trait(name, value)

    @contextmanager
    def hold_trait_notifications(self) -> Iterator[None]:
        """Set several traits as one, in one turn."""
        with TURNS, super().hold_trait_notifications():
            yield

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        """Send several traits as one, in one turn."""
        with TURNS, super().hold_sync():
            yield

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take the page's values in one turn."""
        with TURNS:
            super().set_state(sync_data)
