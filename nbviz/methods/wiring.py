"""How the channels of a layer are wired to those of the layers before and after it, read off a tape of calls.

A call is one of five things to a channel: it *passes* (rectifiers, batch-norm, pooling: channel k stays channel k), it
is *weighted* (convolution, linear map), *added* to others of its number, *joined* to other channels (cat), or none of
these. Only through the first four can weights tell what matters to whom.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..network import Layer, Network
from ..rules.lrp import Tape, Value
from ..rules.lrp.routes import folded_norm
from ..rules.lrp.tape import Call
from ..rules.lrp.weighted import WEIGHTED


@dataclass(eq=False)
class Wire:
    """A value's channels: its `layer` if it is shown as one, their axis if that is known, what makes and uses them.

    `spread` is the (height, width) that each channel takes on that axis after flattening.
    """

    layer: str | None
    channels: int
    axis: int | None
    spread: tuple[int, int] | None = None
    made: Joint | None = None
    used: list[Joint] = field(default_factory=list)


@dataclass(eq=False)
class Joint:
    """A call. `gains` are per channel of a call that passes, `signs` of operands that are added."""

    kind: str
    inputs: list[Wire]
    output: Wire
    gains: Tensor | None = None
    signs: tuple[float, ...] = ()
    weight: Tensor | None = None
    groups: int = 1


_PASSING = {
    "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "celu", "selu", "gelu", "silu", "mish", "hardswish",
    "hardtanh", "softplus", "softsign", "tanh", "sigmoid", "hardsigmoid", "logsigmoid", "threshold", "clamp",
    "clamp_min", "clamp_max", "clip", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
    "feature_alpha_dropout", "detach", "contiguous", "clone", "to", "float", "double", "half", "bfloat16", "cpu",
    "cuda", "data", "copy", "max_pool2d", "max_pool2d_with_indices", "avg_pool2d", "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices", "adaptive_avg_pool2d", "interpolate", "upsample",
}  # fmt: skip
_SHAPING = {"flatten", "view", "reshape", "squeeze", "mean"}
_ADDING = {"add": 1.0, "sub": -1.0, "subtract": -1.0}
_JOINING = {"cat", "concat", "concatenate"}


class Wiring:
    """The wires of a network by the names of its layers."""

    def __init__(self, net: Network, tape: Tape, names: dict[Value, str]) -> None:
        wires: dict[Value, Wire] = {}
        shown = _shown(net, names)
        self.picture = wires[tape.picture] = Wire(None, tape.picture.tensor.shape[1], 1)
        for call in tape.calls:
            inputs = [wires[value] for value in call.inputs]
            for value in call.outputs:
                joint = _joint(call, value, inputs)
                _name(joint.output, shown.get(value), value)
                for wire in inputs:
                    wire.used.append(joint)
                wires[value] = joint.output
        self.layers = {wire.layer: wire for wire in wires.values() if wire.layer is not None}


def _joint(call: Call, value: Value, inputs: list[Wire]) -> Joint:
    joint = None
    if len(call.outputs) == 1:
        joint = next((j for read in _READINGS if (j := read(call, value, inputs)) is not None), None)
    joint = joint or Joint("other", inputs, Wire(None, 0, None))
    joint.output.made = joint
    return joint


def _name(wire: Wire, layer: Layer | None, value: Value) -> None:
    """Name a wire by its layer where its channels are the layer's units."""
    if layer is None:
        return
    axis = value.tensor.dim() - 1 if layer.layout.kind in ("tokens", "nhwc") else 1
    if wire.axis is None:
        wire.channels, wire.axis = layer.channels, axis
    if (wire.channels, wire.axis) == (layer.channels, axis):
        wire.layer = layer.name


# -- what a call is to a channel; each returns None where it is something else


def _weighted(call: Call, value: Value, inputs: list[Wire]) -> Joint | None:
    if call.name not in WEIGHTED or call.name.startswith("conv_transpose") or len(inputs) != 1:
        return None
    wire, weight = inputs[0], call.argument(1, "weight")
    convolution = call.name == "conv2d"
    if not (convolution or call.name == "linear") or not isinstance(weight, Tensor):
        return None
    dim = value.tensor.dim()
    if wire.axis != (1 if convolution else dim - 1):
        return None
    height, width = wire.spread or (1, 1)
    kernels = weight if convolution else weight.reshape(len(weight), -1, height, width)
    output = Wire(None, len(weight), 1 if convolution else dim - 1)
    return Joint("weights", inputs, output, weight=kernels, groups=call.argument(6, "groups", 1) if convolution else 1)


def _normalised(call: Call, value: Value, inputs: list[Wire]) -> Joint | None:
    if call.name != "batch_norm" or call.argument(5, "training", False) or inputs[0].axis != 1 or inputs[0].spread:
        return None
    return _pass(value, inputs, gains=folded_norm(call)[0].detach())


def _passed(call: Call, value: Value, inputs: list[Wire]) -> Joint | None:
    return _pass(value, inputs) if call.name in _PASSING and len(inputs) == 1 else None


def _shaped(call: Call, value: Value, inputs: list[Wire]) -> Joint | None:
    """Maps averaged over positions, or laid out one after the other, become a vector of channels."""
    before, after = call.inputs[0].tensor, value.tensor
    if call.name not in _SHAPING or len(inputs) != 1 or before.dim() != 4 or inputs[0].axis != 1 or inputs[0].spread:
        return None
    if tuple(after.shape[:2]) == tuple(before.shape[:2]) and (call.name == "mean" or after.numel() == before.numel()):
        return _pass(value, inputs)
    if call.name != "mean" and tuple(after.shape) == (1, before[0].numel()):
        height, width = before.shape[2:]
        spread = (height, width) if height * width > 1 else None
        return Joint("pass", inputs, Wire(None, inputs[0].channels, 1, spread))
    return None


def _scaled(call: Call, value: Value, inputs: list[Wire]) -> Joint | None:
    """Multiplied by, or added to, a plain number."""
    other = call.argument(1, "other")
    if len(call.inputs) != 1 or call.name not in ("mul", "div", "truediv", *_ADDING) or not _is_number(other):
        return None
    if call.name in _ADDING:
        return _pass(value, inputs)
    factor = float(other) if call.name == "mul" else 1 / float(other)
    return _pass(value, inputs, gains=torch.full((inputs[0].channels,), factor))


def _added(call: Call, value: Value, inputs: list[Wire]) -> Joint | None:
    operands = [call.argument(0, "input"), call.argument(1, "other")]
    if call.name not in _ADDING or len(inputs) != 2 or call.argument(2, "alpha", 1) != 1:
        return None
    if any(not isinstance(o, Value) or o.tensor.shape != value.tensor.shape for o in operands):
        return None
    if inputs[0].axis is None or inputs[0].axis != inputs[1].axis or any(wire.spread for wire in inputs):
        return None
    return Joint("sum", inputs, Wire(None, inputs[0].channels, inputs[0].axis), signs=(1.0, _ADDING[call.name]))


def _joined(call: Call, value: Value, inputs: list[Wire]) -> Joint | None:
    axis = inputs[0].axis
    if call.name not in _JOINING or axis is None or any(wire.axis != axis or wire.spread for wire in inputs):
        return None
    parts = call.argument(0, "tensors")
    at = call.argument(1, "dim", 0) % value.tensor.dim()
    if len(parts) != len(inputs) or at != axis or len(set(map(id, parts))) != len(parts):
        return None
    return Joint("cat", inputs, Wire(None, sum(wire.channels for wire in inputs), at))


def _pass(value: Value, inputs: list[Wire], gains: Tensor | None = None) -> Joint:
    wire = inputs[0]
    return Joint("pass", inputs, Wire(None, wire.channels, wire.axis, wire.spread), gains)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) or (isinstance(value, Tensor) and value.numel() == 1)


def _shown(net: Network, names: dict[Value, str]) -> dict[Value, Layer]:
    """The layers as they are shown, of values known by the innermost call that made them."""
    shown = {layer.same_as or layer.name: layer for layer in net.shown_layers}
    source = {layer.name: layer.same_as or layer.name for layer in net.layers.values()}
    return {value: shown[source[name]] for value, name in names.items() if source.get(name) in shown}


_READINGS = (_weighted, _normalised, _passed, _shaped, _scaled, _added, _joined)
