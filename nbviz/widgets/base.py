"""What all widgets share: the session behind them, put together from what a person gives, and what Python can ask."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any, ClassVar

import traitlets
from torch import nn

from ..address import Unit
from ..errors import BrokenInstallation
from ..network import Network
from ..session import Picture, Session
from ..session.opening import opened
from ..transport import Transport
from .beside import beside_facts
from .bookmarks import Bookmarked
from .facts import atlas_facts, method_facts, network_facts, picture_facts
from .in_turn import InTurn
from .opening import opening_method, opening_pictures, strongest_unit
from .options import COMMON, Types, checked_options
from .page_values import PageValues
from .pins import Pinboard
from .selection import Selection
from .shareable import Shareable
from .turns import TURNS

BUNDLE = resources.files("nbviz") / "static" / "nbviz.js"


# The order is the way of what a page sends: in one turn, only what fits, a layer and its unit together.
class Widget(Pinboard, Bookmarked, InTurn, PageValues, Selection, Shareable):
    """A view of a network and some pictures; `layer`, `unit`, `image_index`, `method` and `target` can be set, observed and linked.

    Attributes:
        layer: name of the layer shown. unit: the chosen unit, `"layer4.1.conv2:17"`, or "" for none.
        image_index: number of the picture shown. method: name of the unit projection.
        target: class index of the overlay, None for the predicted class; a label may be assigned.
        pins: units kept within reach. bookmarks: views kept under a name.
        status: "idle", "computing" or "failed". last_error: one line, "" after none.

    Raises `UnknownName` or `OutOfRange`, with what there is, when one of them is set to something that is not there.
    """  # noqa: E501

    view_name = ""
    """Which component of the page module draws this widget."""

    known_options: ClassVar[Types] = COMMON
    """Options and their types."""

    _esm = BUNDLE.read_text("utf-8") if BUNDLE.is_file() else ""

    _view = traitlets.Unicode().tag(sync=True)
    _network = traitlets.Dict().tag(sync=True)
    _methods: Any = traitlets.List().tag(sync=True)
    _images: Any = traitlets.List().tag(sync=True)
    _atlas: Any = traitlets.Dict(None, allow_none=True).tag(sync=True)
    _options = traitlets.Dict().tag(sync=True)
    _beside = traitlets.Dict(None, allow_none=True).tag(sync=True)

    status = traitlets.Unicode("idle").tag(sync=True)

    def __init__(
        self,
        model_or_net: Network | nn.Module,
        images: Any = None,
        *,
        atlas: Any = None,
        layer: str | None = None,
        unit: str | Unit | None = None,
        image_index: int = 0,
        method: str | None = None,
        target: str | int | None = None,
        pins: Iterable[Any] = (),
        bookmarks: Mapping[str, Any] | None = None,
        beside: Network | nn.Module | None = None,
        **options: Any,
    ) -> None:
        if not self._esm:
            raise BrokenInstallation(
                f"The page module {BUNDLE} is missing; run 'make' in the checkout, or reinstall nbviz."
            )
        self.net = model_or_net if isinstance(model_or_net, Network) else Network(model_or_net)
        other = beside if beside is None or isinstance(beside, Network) else Network(beside)
        facts = other and beside_facts(self.net, other)
        known = opened(self.net, atlas)
        self.session = Session(self.net, opening_pictures(images, known), other, known)
        self.session.picture(image_index)
        chosen = self._opening_unit(layer, unit, image_index)
        super().__init__(
            _view=self.view_name,
            _network=network_facts(self.net),
            _methods=self._menu(),
            _images=picture_facts(self.session),
            _atlas=atlas_facts(self.session),
            _options=checked_options(options, self.known_options, type(self).__name__),
            _beside=facts,
            layer=layer or chosen.layer,
            unit=str(chosen),
            image_index=image_index,
            method=method or self._opening_method(chosen, image_index),
            target=target,
            pins=pins,
            bookmarks=bookmarks or {},
        )
        self._transport = Transport(self, self.session)
        self.session.pictures_changed = lambda: TURNS.soon(self._show_pictures)

    def _opening_unit(self, layer: str | None, unit: str | Unit | None, image_index: int) -> Unit:
        """The unit asked for, else the strongest one of the layer: a view never opens empty."""
        if unit:
            return self.net.unit(unit)
        return strongest_unit(self.session, layer or self.net.late_convolution, image_index)

    def _menu(self) -> list[dict[str, Any]]:
        """What the page offers to be done."""
        return method_facts()

    def _opening_method(self, unit: Unit, image_index: int) -> str:
        return opening_method(self.session, unit, image_index)

    def state_changed(self, error: str | None = None) -> None:
        """Called by the transport, from any thread: show what is going on. Neither waits nor raises."""
        TURNS.soon(lambda: self._show(error))

    def _show(self, error: str | None) -> None:
        if error is not None:
            self.last_error = error
        # Read at the moment it is written, so that the last write is the newest state whoever wrote before.
        self.status = self._transport.status

    def _show_pictures(self) -> None:
        self._images = picture_facts(self.session)

    # -- for Python ---------------------------------------------------------------------------------------------

    @property
    def images(self) -> tuple[Picture, ...]:
        """The pictures in the order of their numbers: `name`, and `x` as the network gets it, (1, C, H, W)."""
        return tuple(self.session.pictures)

    def add_image(self, image: Any, name: str | None = None, show: bool = True) -> int:
        """Add a picture at any time, also while something is computed; its number, for `image_index`.

        A picture that is there already is not added again, and keeps its name.

        Args:
            image: a path, bytes, a Pillow picture, an array or a tensor, as for `Network.preprocess`.
            name: what it is called in the page; by default the file's stem, or `picture 5`.
            show: whether to turn to it.

        Raises `BadPicture` for what cannot be read as a picture; nothing has changed then.
        """
        index = self.session.add(image, name)
        if show:
            self.image_index = index
        return index

    def wait(self, timeout: float | None = None) -> bool:
        """Block until everything asked for is computed; False where `timeout` (seconds) came first.

        `BadRequest` where it would wait for itself: in an observer that the computing thread runs.
        """
        end = None if timeout is None else time.monotonic() + timeout
        done = self._transport.wait(timeout)
        return done and TURNS.settle(None if end is None else end - time.monotonic())

    def close(self) -> None:
        """Cancel what is running, take the widget off every page, and let go of what was computed."""
        if hasattr(self, "_transport"):
            self._transport.close()
            self.session.forget()
        super().close()

    def _describe(self) -> str:
        unit = f", unit {self.unit}" if self.unit else ""
        return f"{type(self).__name__} of {self.net.name}: layer {self.layer}{unit}, picture {self.image_index}"
