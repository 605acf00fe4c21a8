"""Runs in a notebook's kernel when the notebook is frozen: its widgets are there, and what they need to be recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from . import page
from .document import Document, Link
from .precompute import MEGABYTE

ROWS = ("HBox", "GridBox")
"""Boxes whose children lie side by side; those of all others lie below each other."""

LINKS = (traitlets.link, traitlets.directional_link)


def deliver(folder: str, shown: Sequence[str], max_mb: float, options: Mapping[str, Any]) -> None:
    """Record the widgets with these model ids, as far as they are or hold nbviz's, into pages in `folder`.

    Writes `<model id>.html`, `<model id>.json` with title and contact sheet; `options` are those of `precompute`.
    The size is shared out evenly.
    """
    roots = {name: root for name in shown if (root := _instance(name)) is not None}
    ours = {name: list(_ours(root)) for name, root in roots.items()}
    widgets = list(dict.fromkeys(widget for found in ours.values() for widget in found))
    share = (max_mb * MEGABYTE - page.size(0)) / max(1, len(widgets)) + page.size(0)
    for widget, own in zip(widgets, _options_of(widgets, options), strict=True):
        widget.precompute(**own, max_mb=share / MEGABYTE)
    for name, root in roots.items():
        if ours[name]:
            _write(Path(folder), name, root, ours[name])


def _options_of(widgets: Sequence[Any], options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Of several widgets, each has layers and pictures of its own; what none of them has is an error."""
    layers, images = options.get("layers") or (), options.get("images") or ()
    for layer in layers:
        if widgets and not any(layer in widget.net.layers for widget in widgets):
            widgets[0].net.layer(layer)
    for image in images:
        if widgets and not any(image < len(widget.session.pictures) for widget in widgets):
            widgets[0].session.picture(image)
    for widget in widgets:
        own = [layer for layer in layers if layer in widget.net.layers]
        pictures = [image for image in images if image < len(widget.session.pictures)]
        yield {**options, "layers": own or None, "images": pictures or None}


def _instance(name: str) -> Any:
    return ipywidgets.widgets.widget._instances.get(name)


def _ours(root: Any) -> Iterator[Any]:
    """nbviz's widgets in a box, or the one widget itself."""
    if hasattr(root, "recorded"):
        yield root
    for child in getattr(root, "children", ()):
        yield from _ours(child)


def _write(folder: Path, name: str, root: Any, widgets: Sequence[Any]) -> None:
    number = {id(widget): i for i, widget in enumerate(widgets)}
    recorded = [widget.recorded() for widget in widgets]
    document = Document([one.view for one in recorded], _layout(root, number), list(_links(widgets)))
    title = " · ".join(one.title for one in recorded)
    still = "".join(one.still for one in recorded)
    (folder / f"{name}.html").write_text(page.page(document, title, still), "utf-8")
    (folder / f"{name}.json").write_text(json.dumps({"title": title, "still": still}), "utf-8")


def _layout(root: Any, number: Mapping[int, int]) -> dict[str, Any]:
    if id(root) in number:
        return {"model": number[id(root)]}
    kind = type(root).__name__
    if not hasattr(root, "children"):
        return {"missing": kind}
    children = [_layout(child, number) for child in root.children]
    titles = [str(title) for title in getattr(root, "titles", ())]
    return {"box": "row" if kind in ROWS else "column", "titles": titles, "children": children}


def _links(widgets: Sequence[Any]) -> Iterator[Link]:
    """What `ipywidgets.link` and `dlink` had tied together: they observe, and so they are found among the observers."""
    number = {id(widget): i for i, widget in enumerate(widgets)}
    seen = set()
    for widget in widgets:
        for link in _observing_links(widget):
            (source, first), (target, second) = link.source, link.target
            if id(link) in seen or id(source) not in number or id(target) not in number:
                continue
            seen.add(id(link))
            both = isinstance(link, traitlets.link)
            yield Link((number[id(source)], first), (number[id(target)], second), both)


def _observing_links(widget: Any) -> Iterator[Any]:
    for by_kind in widget._trait_notifiers.values():
        for notified in by_kind.values():
            for handler in notified:
                link = getattr(handler, "__self__", None)
                # A page can keep values equal; what a person's own function makes of them, it cannot know.
                if isinstance(link, LINKS) and link._transform.__module__ == traitlets.link.__module__:
                    yield link
