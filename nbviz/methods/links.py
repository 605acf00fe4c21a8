"""Which channels before and after a channel it is linked to by weights, through batch-norm, rectifiers and pooling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import NotDefined
from .wiring import Joint, Wire


class Gap(NotDefined):
    """Weights do not tell what matters to whom here."""


class FromPicture(Gap):
    """What lies before is the picture, which has no units."""


_PICTURE = "it is computed from the picture itself"


@dataclass(frozen=True, eq=False)
class Link:
    """To channel `channel` of `layer` by `kernel` (h, w), with the gains of what is passed on the way."""

    layer: str
    channel: int
    kernel: Tensor


def links_in(wire: Wire, channel: int, gain: float = 1.0, branch: bool = False) -> Iterator[Link]:
    """What the channel is computed from: the inputs of the nearest weights before it.

    A sum is looked through into each of its branches; a value that others use, too, is a short cut and counts as it
    is. Raises `Gap` where something else lies between.
    """
    joint = wire.made
    if joint is None:
        raise FromPicture(_PICTURE)
    if branch and (len(wire.used) > 1 or joint.kind == "sum"):
        yield _itself(*_named_before(wire, channel, gain))
    elif joint.kind == "pass":
        yield from links_in(joint.inputs[0], channel, gain * _gain(joint, channel), branch)
    elif joint.kind == "weights":
        assert joint.weight is not None
        per_group = joint.weight.shape[1]
        first = channel // (len(joint.weight) // joint.groups) * per_group
        for i, kernel in enumerate(joint.weight[channel]):
            source, place, factor = _named_before(joint.inputs[0], first + i, gain)
            yield Link(source, place, factor * kernel.detach())
    elif joint.kind == "sum":
        for operand, sign in zip(joint.inputs, joint.signs, strict=True):
            yield from links_in(operand, channel, gain * sign, branch=True)
    elif joint.kind == "cat":
        yield from links_in(*_part(joint, channel), gain, branch)
    else:
        raise Gap("what computes it is no sum of weighted channels")


def links_out(wire: Wire, channel: int, gain: float = 1.0) -> Iterator[Link]:
    """What is computed from the channel by the nearest weights after it, and the sums that it is a term of."""
    for joint in wire.used:
        if joint.kind == "pass":
            yield from links_out(joint.output, channel, gain * _gain(joint, channel))
        elif joint.kind == "weights":
            assert joint.weight is not None
            group, place = divmod(channel, joint.weight.shape[1])
            size = len(joint.weight) // joint.groups
            for out in range(group * size, (group + 1) * size):
                target, unit, factor = _named_after(joint.output, out, gain)
                yield Link(target, unit, factor * joint.weight[out, place].detach())
        elif joint.kind == "sum":
            sign = joint.signs[joint.inputs.index(wire)]
            yield _itself(*_named_after(joint.output, channel, gain * sign))
        elif joint.kind == "cat":
            yield from links_out(joint.output, _place_in(joint, wire, channel), gain)
        else:
            raise Gap("what uses it is no sum of weighted channels")


def layers_before(wire: Wire) -> list[str]:
    """The nearest layers that a layer is computed from, other than those that only pass it on."""
    return _nearest(wire, lambda w: [(j, w) for j in [w.made] if j for w in j.inputs])


def layers_after(wire: Wire) -> list[str]:
    """The nearest layers that are computed from a layer, other than those that only pass it on."""
    return _nearest(wire, lambda w: [(joint, joint.output) for joint in w.used])


def _nearest(wire: Wire, steps: Callable[[Wire], list[tuple[Joint, Wire]]]) -> list[str]:
    found: dict[str, None] = {}
    waiting, seen = [(wire, False)], set()
    while waiting:
        at, crossed = waiting.pop(0)
        if crossed and at.layer is not None:
            found[at.layer] = None
            continue
        for joint, following in steps(at):
            state = following, crossed or joint.kind != "pass"
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return list(found)


def _itself(layer: str, channel: int, gain: float) -> Link:
    return Link(layer, channel, torch.full((1, 1), gain))


def _named_before(wire: Wire, channel: int, gain: float) -> tuple[str, int, float]:
    """The layer's channel that this one is, going back through what only passes it on."""
    while wire.layer is None:
        joint = wire.made
        if joint is None:
            raise FromPicture(_PICTURE)
        if joint.kind == "pass":
            wire, gain = joint.inputs[0], gain * _gain(joint, channel)
        elif joint.kind == "cat":
            wire, channel = _part(joint, channel)
        else:
            raise Gap("what it is computed from is no layer")
    return wire.layer, channel, gain


def _named_after(wire: Wire, channel: int, gain: float) -> tuple[str, int, float]:
    """The layer's channel that this one becomes, going on through what only passes it on."""
    while wire.layer is None:
        if len(wire.used) != 1 or wire.used[0].kind not in ("pass", "cat"):
            raise Gap("what is computed from it is no layer")
        joint = wire.used[0]
        if joint.kind == "cat":
            channel = _place_in(joint, wire, channel)
        else:
            gain *= _gain(joint, channel)
        wire = joint.output
    return wire.layer, channel, gain


def _gain(joint: Joint, channel: int) -> float:
    return 1.0 if joint.gains is None else float(joint.gains[channel])


def _part(joint: Joint, channel: int) -> tuple[Wire, int]:
    for wire in joint.inputs:
        if channel < wire.channels:
            return wire, channel
        channel -= wire.channels
    raise AssertionError("unreachable: a joined value has the channels of its parts")


def _place_in(joint: Joint, wire: Wire, channel: int) -> int:
    before = joint.inputs[: joint.inputs.index(wire)]
    return channel + sum(other.channels for other in before)
