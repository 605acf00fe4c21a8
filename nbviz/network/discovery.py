"""One forward pass on noise teaches every layer's address, shape, layout and receptive field."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Any

import torch

from ..errors import BadModel, OutOfRange, UnknownName, close_matches
from ..receptive_field import Propagation, ReceptiveField
from .layers import Layer, Layout, channels_first, layout_of
from .taps import Taps


def discover(taps: Taps, x: torch.Tensor) -> tuple[dict[str, Layer], Any]:
    """The layers with units, in the order of execution, and the model's output for `x` (1, C, H, W)."""
    fields: dict[str, ReceptiveField | None] = {}

    def note(name: str, output: torch.Tensor) -> None:
        fields[name] = propagation.field(output)

    with torch.inference_mode(False), torch.no_grad(), Propagation(x) as propagation:
        run, output = taps.forward(x, None, on_output=note, values=False)
    size = (x.shape[-2], x.shape[-1])
    maps = {tuple(out.shape) for name, out in run.outputs.items() if channels_first(run.kinds[name])}
    found: dict[str, Layer] = {}
    first_with: dict[tuple[int, int], str] = {}
    for name, out in run.outputs.items():
        shape = tuple(out.shape)
        layout = layout_of(shape, size, maps)
        if layout is None or shape[0] != 1 or not out.is_floating_point():
            continue
        source = first_with.setdefault((id(out), run.versions[name]), name)
        found[name] = Layer(
            name,
            run.kinds[name],
            shape[1:],
            layout.channels,
            layout.spatial,
            _laid_out(fields.get(name), layout),
            layout,
            same_as=None if source == name else source,
        )
    return found, output


def _laid_out(field: ReceptiveField | None, layout: Layout) -> ReceptiveField | None:
    """The boxes on the grid of the layer's map (tokens come as one row); none where the axes were not followed."""
    if field is None or layout.spatial is None:
        return field
    try:
        return field.reshaped(*layout.spatial, skip=layout.prefix)
    except OutOfRange:
        return None


def selected(found: dict[str, Layer], patterns: Iterable[str] | None, model: str) -> dict[str, Layer]:
    """The layers that match any of the names or glob patterns; all of them where none are given."""
    if patterns is None:
        if not found:
            raise BadModel(f"{model} has no layer with units: none of its modules returns a tensor of maps.")
        return found
    kept: set[str] = set()
    for pattern in patterns:
        matches = fnmatch.filter(found, pattern)
        if not matches:
            raise UnknownName(f"No layer matches {pattern!r}.{close_matches(pattern, found)}")
        kept.update(matches)
    return {name: layer for name, layer in found.items() if name in kept}
