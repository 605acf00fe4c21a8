"""Values that a page sends, each checked before any is taken."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from ..errors import NbvizError


class PageValues(anywidget.AnyWidget):
    """Keeps out what does not fit, whatever else comes with it."""

    last_error = traitlets.Unicode("").tag(sync=True)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take the page's values; one that does not fit is kept out, told, and set right on the page."""
        refused = self._refused(sync_data)
        super().set_state({name: value for name, value in sync_data.items() if name not in refused})
        if refused:
            self.last_error = next(iter(refused.values()))
            self.send_state(list(refused))

    def _refused(self, sync_data: dict[str, Any]) -> dict[str, str]:
        """The values that a trait does not take, with the reason.

        traitlets would set all of them first and check afterwards, and takes back only what raised its own error.
        """
        refused = {}
        for name, value in sync_data.items():
            trait = self.traits().get(name)
            if trait is None or name not in self.keys:
                continue
            from_json = self.trait_metadata(name, "from_json", self._trait_from_json)
            try:
                trait._validate(self, from_json(value, self))
            except (NbvizError, traitlets.TraitError) as error:
                refused[name] = str(error)
        return refused
