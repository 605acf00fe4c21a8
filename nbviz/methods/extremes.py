"""How far every channel of every layer goes, on one picture or over several: who is silent, and on what scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..errors import BadRequest, NotFinite
from ..network import Network
from .recording import Recording


@dataclass(frozen=True, eq=False)
class Extremes:
    """Least and largest value of each channel, float32 (C,) on the CPU, by the name of a shown layer.

    `pictures` says over how many. A channel whose largest value is not above zero was silent on all of them: a
    rectifier after it lets nothing through.
    """

    least: Mapping[str, Tensor]
    largest: Mapping[str, Tensor]
    pictures: int


def extremes(net: Network, images: Sequence[Any], on_step: Callable[[int, int], None] | None = None) -> Extremes:
    """The extremes over positions and pictures of every layer that a map shows.

    A `Recording` among `images` is read, other pictures run through the network without a graph. `on_step(step,
    steps)` is called before each picture. A layer that a picture does not reach has no part in it. Raises `NotFinite`
    naming the layer, `BadRequest` without a picture.
    """
    if not images:
        raise BadRequest("The extremes of no picture are not defined; give at least one.")
    least: dict[str, Tensor] = {}
    largest: dict[str, Tensor] = {}
    for i, image in enumerate(images):
        if on_step:
            on_step(i, len(images))
        for name, plane in _planes(net, image):
            low, high = (end.float().cpu() for end in plane.aminmax(dim=1))
            if not bool(torch.isfinite(low + high).all()):
                raise NotFinite(f"Layer {name!r} computes NaN or infinity on a picture; it has no extremes.")
            least[name] = torch.minimum(least[name], low) if name in least else low
            largest[name] = torch.maximum(largest[name], high) if name in largest else high
    return Extremes(least, largest, len(images))


def _planes(net: Network, image: Any) -> Iterator[tuple[str, Tensor]]:
    """The name of each layer with its values on one picture, (C, positions)."""
    if isinstance(image, Recording):
        outputs, x = image.outputs, image.x
    else:
        x = net.preprocess(image)
        with torch.no_grad():
            run, _ = net.run(x, [layer.name for layer in net.shown_layers])
        outputs = run.outputs
    for layer in net.shown_layers:
        if layer.name in outputs:
            yield layer.name, net.as_map(layer.name, outputs[layer.name].detach(), x)[0].flatten(1)
