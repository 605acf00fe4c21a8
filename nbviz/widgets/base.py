"""What all widgets share: the traits, the session behind them, and the way to open on something worth seeing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import resources
from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets
from torch import nn

from .. import images as pictures
from ..address import Unit
from ..errors import BadRequest, BrokenInstallation, NbvizError, UnknownName, close_matches
from ..methods import METHODS
from ..network import Layer, Network, Node
from ..session import Picture, Session
from ..session.opening import opened
from ..synthesis import PARAMETRISATIONS
from ..transport import Transport
from .beside import beside_facts
from .bookmarks import Bookmarked
from .pins import Pinboard
from .shareable import Shareable
from .turns import TURNS

if TYPE_CHECKING:
    from ..atlas import Atlas

OPENING_PICTURES = 4
"""Pictures that are shown where none are given."""
BUNDLE = resources.files("nbviz") / "static" / "nbviz.js"


class UnitText(traitlets.Unicode):  # type: ignore[type-arg]  # older traitlets are not generic
    """A unit as text; a `Unit` may be assigned."""

    def validate(self, obj: Any, value: Any) -> Any:
        """The text of a unit."""
        return super().validate(obj, str(value) if isinstance(value, Unit) else value)


class Widget(Pinboard, Bookmarked, Shareable):
    """A view of a network and some pictures; `layer`, `unit`, `image_index`, `method` and `target` can be set, observed and linked.

    Attributes:
        layer: name of the layer shown. unit: the chosen unit, `"layer4.1.conv2:17"`, or "" for none.
        image_index: number of the picture shown. method: name of the unit projection.
        target: class index of the overlay, None for the predicted class; a label may be assigned.
        pins: units kept within reach. bookmarks: views kept under a name.
        status: "idle", "computing" or "failed". last_error: one line, "" after none.

    Raises `UnknownName` or `OutOfRange`, with what there is, when one of them is set to something that is not there.
    """  # noqa: E501

    _esm = BUNDLE.read_text("utf-8") if BUNDLE.is_file() else ""

    _view = traitlets.Unicode().tag(sync=True)
    _network = traitlets.Dict().tag(sync=True)
    _methods: Any = traitlets.List().tag(sync=True)
    _images: Any = traitlets.List().tag(sync=True)
    _atlas: Any = traitlets.Dict(None, allow_none=True).tag(sync=True)
    _options = traitlets.Dict().tag(sync=True)
    _beside = traitlets.Dict(None, allow_none=True).tag(sync=True)

    layer = traitlets.Unicode().tag(sync=True)
    unit = UnitText().tag(sync=True)
    image_index = traitlets.Int(0).tag(sync=True)
    method = traitlets.Unicode().tag(sync=True)
    target = traitlets.Any(None, allow_none=True).tag(sync=True)
    status = traitlets.Unicode("idle").tag(sync=True)
    last_error = traitlets.Unicode("").tag(sync=True)

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
        self.session = Session(self.net, _as_pictures(images, known), other, known)
        self.session.picture(image_index)
        chosen = self._opening_unit(layer, unit, image_index)
        super().__init__(
            _view=self.view_name,
            _network=_network_facts(self.net),
            _methods=self._menu(),
            _images=_picture_facts(self.session),
            _atlas=_atlas_facts(self.session),
            _options=self._checked(options),
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

    _layer_given = False
    view_name = ""
    """Which component of the page module draws this widget."""

    known_options: ClassVar[dict[str, type | tuple[type, ...]]] = {"height": int, "colormap": str, "name": str}
    """Options and their types."""

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        for name, value in options.items():
            if name not in self.known_options:
                known = self.known_options
                there_are = f"there are {', '.join(known)}.{close_matches(name, known)}"
                raise UnknownName(f"{type(self).__name__} has no option {name!r}; {there_are}")
            if not isinstance(value, self.known_options[name]):
                raise traitlets.TraitError(f"Option {name!r} of {type(self).__name__} cannot be {value!r}.")
        if "colormap" in options:
            pictures.lookup(options["colormap"])
        return options

    def _opening_unit(self, layer: str | None, unit: str | Unit | None, image_index: int) -> Unit:
        """The unit asked for, else the strongest one of the layer: a view never opens empty."""
        if unit:
            return self.net.unit(unit)
        name = layer or self.net.late_convolution
        strongest = int(self.session.recording(image_index).maps(name).detach().flatten(1).amax(1).argmax())
        return self.net.unit(name, strongest)

    def _menu(self) -> list[dict[str, Any]]:
        """What the page offers to be done."""
        return _menu()

    def _opening_method(self, unit: Unit, image_index: int) -> str:
        return _default_method(self.net, self.session, unit, image_index)

    # -- what may be set ----------------------------------------------------------------------------------------

    @traitlets.validate("layer")
    def _known_layer(self, proposal: Any) -> str:
        return self.net.shown_name(proposal["value"])

    @traitlets.validate("unit")
    def _known_unit(self, proposal: Any) -> str:
        return str(self._on_the_map(self.net.unit(proposal["value"]))) if proposal["value"] else ""

    def _on_the_map(self, unit: Unit) -> Unit:
        """The unit under the name that its layer has on the map, where an outer module passes the output on."""
        return replace(unit, layer=self.net.shown_name(unit.layer))

    @traitlets.validate("image_index")
    def _known_picture(self, proposal: Any) -> int:
        self.session.picture(proposal["value"])
        return int(proposal["value"])

    @traitlets.validate("method")
    def _known_method(self, proposal: Any) -> str:
        name: str = proposal["value"]
        fitting = [m.name for m in METHODS.values() if m.asks == "unit"]
        if name not in fitting:
            raise UnknownName(f"There is no method {name!r} for units; there are {', '.join(fitting)}.")
        return name

    @traitlets.validate("target")
    def _known_target(self, proposal: Any) -> int | None:
        target = proposal["value"]
        if target is None:
            return None
        if isinstance(target, bool) or not isinstance(target, (str, Integral)):
            raise BadRequest(f"{target!r} is not a class; give a label, an index, or None for the predicted class.")
        return self.net.class_index(target if isinstance(target, str) else int(target))

    @traitlets.observe("unit")
    def _follow_unit(self, change: Any) -> None:
        # What a widget opens with, and what a page sets at once, may be a layer and a unit of another one.
        if change["new"] and hasattr(self, "_transport") and not self._layer_given:
            self.layer = Unit.parse(change["new"]).layer

    # -- one thread at a time -----------------------------------------------------------------------------------

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
        """Take the page's values; one that does not fit is kept out, told, and set right on the page."""
        with TURNS:
            refused = self._refused(sync_data)
            fitting = {name: value for name, value in sync_data.items() if name not in refused}
            self._layer_given = "layer" in fitting
            try:
                super().set_state(fitting)
            finally:
                self._layer_given = False
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

    def state_changed(self, error: str | None = None) -> None:
        """Called by the transport, from any thread: show what is going on. Neither waits nor raises."""
        TURNS.soon(lambda: self._show(error))

    def _show(self, error: str | None) -> None:
        if error is not None:
            self.last_error = error
        # Read at the moment it is written, so that the last write is the newest state whoever wrote before.
        self.status = self._transport.status

    def _show_pictures(self) -> None:
        self._images = _picture_facts(self.session)

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


def _as_pictures(images: Any, atlas: Atlas | None) -> Sequence[Any]:
    if images is None and atlas is not None:
        return [atlas.input(number) for number in range(min(OPENING_PICTURES, atlas.plan.count))]
    if images is None:
        from .. import demo

        return list(demo.scenes(OPENING_PICTURES, seed=7, objects=2).pictures)
    many = isinstance(images, (list, tuple)) or (
        getattr(images, "ndim", 0) == 4 and not hasattr(images, "requires_grad")
    )
    return list(images) if many else [images]


def _picture_facts(session: Session) -> list[dict[str, Any]]:
    return [{"name": picture.name, "key": picture.key} for picture in session.pictures]


def _network_facts(net: Network) -> dict[str, Any]:
    shown = net.shown_layers
    return {
        "name": net.name,
        "device": str(net.device),
        "revision": net.revision,
        "classes": net.classes,
        "labels": net.labels,
        "input": [net.in_channels, *net.input_size],
        "notes": net.notes,
        "layers": [_layer_facts(layer) for layer in shown],
        "tree": [_node_facts(node) for node in net.outline],
        "default_layer": net.shown_name(net.late_convolution),
        "parametrisations": list(PARAMETRISATIONS),
        "cam_layer": net.last_spatial if any(layer.spatial and max(layer.spatial) > 1 for layer in shown) else None,
    }


def _layer_facts(layer: Layer) -> dict[str, Any]:
    height, width = layer.spatial or (1, 1)
    field = layer.receptive_field
    return {
        "name": layer.name, "kind": layer.kind, "channels": layer.channels, "height": height, "width": width,
        "field": None if field is None else list(field.size),
    }  # fmt: skip


def _node_facts(node: Node) -> dict[str, Any]:
    """A node of the map; what is as usual is left out, for there are hundreds."""
    facts: dict[str, Any] = {"name": node.name, "label": node.label, "layer": node.layer}
    if node.layer != node.name:
        facts["kind"] = node.kind
    if node.repeats:
        facts["repeats"] = node.repeats
    if node.children:
        facts["children"] = [_node_facts(child) for child in node.children]
    return facts


def _menu() -> list[dict[str, Any]]:
    return [
        {
            "name": m.name, "label": m.label, "asks": m.asks, "signed": m.signed, "colour": m.colour, "note": m.note,
            "cheap": m.cheap, "layer": "layer" in m.accepts, "params": [p.facts for p in m.parameters],
        }
        for m in METHODS.values()
    ]  # fmt: skip


def _default_method(net: Network, session: Session, unit: Unit, image_index: int) -> str:
    """Deconvnet where max-pools hold switches for it, guided backprop where there are none, else the gradient."""
    from ..rules import first_unruled, remembers_picture

    value = session.recording(image_index).value(unit)
    if first_unruled(value):
        return "neuron_gradient"
    return "deconvnet" if remembers_picture(value) else "guided_backprop"


def _atlas_facts(session: Session) -> dict[str, Any] | None:
    """What the page needs to know before it asks about a unit; None where there is no atlas."""
    if session.atlas is None:
        return None
    return {"name": session.atlas.path.name, "layers": list(session.atlas.layers)}
