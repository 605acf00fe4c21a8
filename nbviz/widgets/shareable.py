"""What every widget can do for readers who have no kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget

from .. import sharing
from ..errors import Closed
from ..session import Session
from ..sharing import files, outputs, page

if TYPE_CHECKING:
    from ..network import Network


class Shareable(anywidget.AnyWidget):
    """Keeps answers for pages without a kernel, and writes such pages."""

    net: Network
    session: Session
    _archive: sharing.Archive | None = None
    _archived: int = -1

    def precompute(
        self,
        layers: Iterable[str] | str | None = None,
        methods: Iterable[str] | str | None = None,
        top_k: int | None = 16,
        images: Iterable[int] | None = None,
        max_mb: float = 8.0,
        progress: bool = True,
        on_step: sharing.OnStep | None = None,
    ) -> sharing.Precomputed:
        """Compute, and keep for `snapshot` and `to_html`, what a reader without a kernel may want to click.

        The most informative first: the view as it opens, bookmarks and pins, the other pictures, the classes, the
        units of the shown layer from the strongest down, the other layers. Interrupting the kernel ends it and keeps
        what is there.

        Args:
            layers: names of the layers whose units can be chosen; by default the layer shown.
            methods: of units and of classes, by name, "visualize" for what excites a unit, "gallery" for what excites
                every unit of a layer; by default the method shown and Grad-CAM.
            top_k: how many units of a layer, the strongest over the pictures; None for all of them.
            images: numbers of the pictures; by default all. max_mb: size of the page, in millions of bytes, at which
                it stops. progress: one line on the standard error output. on_step: called as (step, steps, what);
                raising ends the run.

        Returns what it took, in one sentence and as numbers. Raises `UnknownName` or `OutOfRange` for what is not
        there, `BadRequest` where `max_mb` is too small for the view as it opens.
        """
        recorder = self._recorder()
        choice = sharing.choose(recorder.facts, self.session, layers, methods, top_k, images, max_mb)
        return sharing.precompute(recorder, choice, progress, on_step)

    def snapshot(self) -> None:
        """Put the widget as it stands into this cell's output: alive without a kernel, as far as it was recorded.

        What was looked at or precomputed can be clicked; readers whose host runs no scripts see a contact sheet.
        """
        from IPython.display import display

        show: Callable[..., object] = display
        standing = self.recorded()
        data = {"text/plain": standing.text}
        outputs.share([outputs.Recorded(data, sharing.alone(standing.view), standing.title, standing.still)])
        show(data, raw=True)

    def to_html(self, path: str | Path) -> Path:
        """Write the widget as one page that needs neither a kernel nor a network; returns where.

        `page.html#layer3:17` opens at that unit. Raises `NotWritten` where the file cannot be written; what was
        there before is then untouched.
        """
        standing = self.recorded()
        return files.replace(path, page.page(sharing.alone(standing.view), standing.title, standing.still))

    def recorded(self) -> sharing.Standing:
        """The widget as it stands, with all that a page without a kernel can show of it: looked at or precomputed."""
        recorder = self._recorder()
        recorder.keep_known()
        for place in (recorder.facts.opening, *recorder.facts.kept):
            recorder.record(place)
        view = sharing.View(recorder.facts.state, recorder.archive, recorder.put_opening_first())
        return sharing.Standing(view, self._describe(), *self._fallback())

    def _recorder(self) -> sharing.Recorder:
        self._require_open()
        self.net.sync()
        if self.session.beside:
            self.session.beside.net.sync()
        revision = self.session.revision
        if self._archive is None or self._archived != revision:
            # What was recorded with other weights would be a picture of the past.
            self._archive, self._archived = sharing.Archive(), revision
        return sharing.Recorder(self.session, self._page_state(), self._archive)

    def _page_state(self) -> dict[str, Any]:
        """The traits that the page's module reads."""
        own = [name for name in self.keys if name not in _HOST_TRAITS]
        return {name: value for name, value in self.get_state(own).items() if name not in ("status", "last_error")}

    def _fallback(self) -> sharing.Fallback:
        facts = sharing.facts_of(self.session, self._page_state())
        return sharing.fallback(self._describe(), self.session, facts)

    def _require_open(self) -> None:
        if self.comm is None:
            raise Closed(f"This {type(self).__name__} was closed; make a new one.")

    def _describe(self) -> str:
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data:
            data["text/plain"], data["text/html"] = self._fallback()
        return bundle


_HOST_TRAITS = {*anywidget.AnyWidget.class_trait_names(sync=True), "_esm", "_css", "_anywidget_id"}
