"""What a page asks the kernel for, panel by panel; mirrors `js/src/wants.ts`.

Both are held to `tests/contract/sharing/wants.json`. A `Place` is where a person has gone to in a view. To record a
place is to answer what the page would ask there, so a panel that is new in the page is one row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..address import Unit
from ..session import Session
from .archive import Question

STEPS, SEED = 128, 0
"""Of a synthesis, where the widget's options say nothing else."""
TILE_STEPS = 64
"""Of each search for what excites one of a layer's units."""
MOST_GROUPED = 16
"""Pictures whose maps are put into groups."""
DREAM_SIDE = 512
"""Longer side of a picture that is dreamt on, likewise."""
MOST_READ = 64
"""Pictures whose extremes are read unasked."""
BATCH = 64
"""Channels whose strongest patches travel together."""


@dataclass(frozen=True)
class Place:
    """What is chosen in a page: traits of the widget, and what Python does not know of."""

    image: int
    layer: str
    unit: str
    method: str
    target: int | None
    class_method: str
    synthesised: bool = False
    class_layer: str = "automatic"
    show: str = "activations"
    sort: str = "index"
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: int | None = None
    drawn: bool = False
    contrast: str | None = None


@dataclass(frozen=True)
class Facts:
    """What the page knows: the widget's state, and the classes predicted for each picture, strongest first, by the
    network and by the one beside it."""

    state: Mapping[str, Any]
    predicted: Callable[[int], Sequence[int]] = field(default=lambda _image: ())
    predicted_beside: Callable[[int], Sequence[int]] = field(default=lambda _image: ())

    def method(self, name: str) -> Mapping[str, Any]:
        """The menu's entry of a method."""
        return next((m for m in self.state["_methods"] if m["name"] == name), {})

    @property
    def opening(self) -> Place:
        """Where a page opens."""
        state = self.state
        view = {name: state[name] for name in ("layer", "unit", "image_index", "method", "target")}
        return self.place({**view, "page": state.get("_page", {})})

    @property
    def kept(self) -> list[Place]:
        """Where pins and bookmarks lead, as far as the pictures and layers are still there."""
        pinned = [pin["unit"] for pin in self.state.get("pins", ())]
        places = [replace(self.opening, unit=unit, layer=unit.rpartition(":")[0]) for unit in pinned]
        places += [self.place(view) for view in self.state.get("bookmarks", {}).values()]
        layers = [layer["name"] for layer in self.state["_network"]["layers"]]
        return [at for at in places if at.layer in layers and at.image < len(self.state["_images"])]

    def place(self, view: Mapping[str, Any]) -> Place:
        """Where a view is: traits, and in `page` what only the page chooses, as `js/src/choices.ts` names it."""
        page = view["page"]
        by_class = [m["name"] for m in self.state["_methods"] if m["asks"] == "class"]
        preferred = "grad_cam" if "grad_cam" in by_class else (by_class or [""])[0]
        return Place(
            image=view["image_index"],
            layer=view["layer"],
            unit=view["unit"],
            method=view["method"] or self.state["method"],
            target=view["target"],
            class_method=page.get("classMethod", preferred),
            class_layer=page.get("classLayer", "automatic"),
            show=page.get("grid.show", "activations"),
            sort=page.get("grid.sort", "index"),
            params=page.get("params", {}),
            groups=page.get("grid.groups"),
            contrast=page.get("look.contrast", "network" if self.state.get("_beside") else None),
        )


def facts_of(session: Session, state: Mapping[str, Any]) -> Facts:
    """What the page of a widget knows."""

    def predicted_by(number: int) -> Callable[[int], list[int]]:
        def predicted(image: int) -> list[int]:
            answer = session.of(number).answer("picture", {"image": image})
            return [p["index"] for p in answer.meta["predictions"]]

        return predicted

    return Facts(state, predicted_by(0), predicted_by(1))


def picture(facts: Facts, at: Place) -> Question | None:
    """The picture itself."""
    return Question("picture", {"image": at.image})


def thumbnails(facts: Facts, at: Place) -> Question | None:
    """Small pictures to choose from, where there are several."""
    return Question("thumbnails", {}) if len(facts.state["_images"]) > 1 else None


def maps(facts: Facts, at: Place) -> Question | None:
    """The channels of the layer."""
    return Question("maps", {"image": at.image, "layer": at.layer}) if at.layer else None


def overlay(facts: Facts, at: Place) -> Question | None:
    """The heat map of a class; where it costs little, all predicted classes travel together."""
    if not at.class_method:
        return None
    strongest = list(facts.predicted(at.image))
    among = bool(strongest) and (at.target is None or at.target in strongest)
    if among and facts.method(at.class_method).get("cheap"):
        targets: list[int | None] = [*strongest]
    else:
        targets = [at.target if at.target is not None else next(iter(strongest), None)]
    chosen = at.class_layer == "chosen" and facts.method(at.class_method).get("layer")
    args = {
        "image": at.image,
        "method": at.class_method,
        "targets": targets,
        "layer": at.layer if chosen else None,
        "params": at.params.get(at.class_method, {}),
    }
    return Question("overlay", args)


def projection(facts: Facts, at: Place) -> Question | None:
    """The unit carried back to the pixels."""
    if not (at.unit and at.method):
        return None
    params = at.params.get(at.method, {})
    return Question("projection", {"image": at.image, "unit": at.unit, "method": at.method, "params": params})


def excites(facts: Facts, at: Place) -> Question | None:
    """What excites the unit; nothing is synthesised unasked."""
    if not (at.unit and at.synthesised):
        return None
    options = facts.state["_options"]
    args = {
        "target": {"unit": at.unit},
        "steps": options.get("steps", STEPS),
        "size": options.get("size"),
        "seed": options.get("seed", SEED),
    }
    return Question("synthesis", args)


def gallery(facts: Facts, at: Place) -> Question | None:
    """What excites each unit of the layer; nothing is drawn unasked."""
    if not (at.layer and at.drawn):
        return None
    seed = facts.state["_options"].get("seed", SEED)
    return Question("gallery", {"layer": at.layer, "steps": TILE_STEPS, "size": None, "seed": seed})


def groups(facts: Facts, at: Place) -> Question | None:
    """The layer's channels in groups, over the first pictures and the one that is shown."""
    if at.groups is None or not at.layer:
        return None
    images = list(range(len(facts.state["_images"])))[:MOST_GROUPED]
    if at.image >= MOST_GROUPED:
        images[-1] = at.image
    seed = facts.state["_options"].get("seed", SEED)
    return Question("groups", {"images": images, "layer": at.layer, "count": at.groups, "seed": seed})


def neighbours(facts: Facts, at: Place) -> Question | None:
    """What comes in to the unit and goes out of it."""
    return Question("neighbours", {"image": at.image, "unit": at.unit}) if at.unit else None


def patches(facts: Facts, at: Place) -> Question | None:
    """What the data set says of the unit, where there is one that knows its layer."""
    atlas = facts.state.get("_atlas")
    if not atlas or not at.unit:
        return None
    unit = Unit.parse(at.unit).whole
    return Question("patches", {"unit": str(unit), "method": at.method}) if unit.layer in atlas["layers"] else None


def strongest(facts: Facts, at: Place) -> Iterable[Question]:
    """The units' strongest patches, where the grid shows those, in batches."""
    atlas = facts.state.get("_atlas")
    if at.show != "patches" or not atlas or at.layer not in atlas["layers"]:
        return
    channels = next(layer["channels"] for layer in facts.state["_network"]["layers"] if layer["name"] == at.layer)
    for first in range(0, channels, BATCH):
        yield Question("strongest", {"layer": at.layer, "first": first, "count": min(BATCH, channels - first)})


def filters(facts: Facts, at: Place) -> Question | None:
    """The filters of a convolution, where the view is of those or the grid shows weights."""
    if facts.state["_view"] == "filter_grid":
        return Question("filters", {"layer": at.layer or None})
    return Question("filters", {"layer": at.layer}) if at.layer and at.show == "weights" else None


def survey(facts: Facts, at: Place) -> Question | None:
    """How far each layer goes on the picture."""
    return Question("extremes", {"images": [at.image]}) if facts.state["_view"] == "explorer" else None


def census(facts: Facts, at: Place) -> Question | None:
    """The same over the atlas's pictures, else over those that are here."""
    here = list(range(min(len(facts.state["_images"]), MOST_READ)))
    images = None if facts.state.get("_atlas") else here
    return Question("extremes", {"images": images}) if facts.state["_view"] == "explorer" else None


def contributions(facts: Facts, at: Place) -> Question | None:
    """What each channel adds to the class, where the grid is in that order."""
    if at.sort != "contribution" or not at.layer:
        return None
    return Question("contributions", {"image": at.image, "layer": at.layer, "target": at.target})


def original(facts: Facts, at: Place) -> Question | None:
    """The picture in its own size; dreams of it are never made unasked, and those that were made are kept."""
    return Question("original", {"image": at.image, "size": facts.state["_options"].get("size", DREAM_SIDE)})


ROWS: dict[str, Callable[[Facts, Place], Question | Iterable[Question] | None]] = {
    "thumbnails": thumbnails,
    "picture": picture,
    "maps": maps,
    "overlay": overlay,
    "neighbours": neighbours,
    "patches": patches,
    "projection": projection,
    "excites": excites,
    "strongest": strongest,
    "filters": filters,
    "survey": survey,
    "census": census,
    "contributions": contributions,
    "original": original,
    "gallery": gallery,
    "groups": groups,
}

UNIT = ("patches", "neighbours", "projection", "excites")

GRID = ("filters", "strongest", "survey", "census", "contributions")

PANELS: dict[str, tuple[str, ...]] = {
    "explorer": ("thumbnails", "picture", "maps", "overlay", *UNIT, *GRID, "gallery", "groups"),
    "layer_grid": ("thumbnails", "maps", *GRID, "gallery", "groups"),
    "filter_grid": ("filters",),
    "heatmap_overlay": ("thumbnails", "picture", "overlay"),
    "unit_inspector": ("thumbnails", "picture", *UNIT),
    "dreamer": ("thumbnails", "picture", "original"),
}
"""The panels that a view consists of."""


def at(facts: Facts, place: Place) -> list[Question]:
    """Everything that the widget's panels ask for at a place."""
    return asked(facts, place, PANELS[facts.state["_view"]])


def asked(facts: Facts, place: Place, panels: Sequence[str]) -> list[Question]:
    """What these panels ask for at a place."""
    answers = (ROWS[panel](facts, place) for panel in panels)
    return [question for one in answers for question in ([one] if isinstance(one, Question) else one or ())]
