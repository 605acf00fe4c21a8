"""A slow second opinion: layers forward and backward in float64 numpy loops, from the formulae alone.

Nothing here uses autograd or nbviz. A `Tape` runs a network layer by layer and remembers what each layer was given;
`back` then carries a signal from any place to any other under one of three rules for rectifiers:

    gradient    R·1[x inside]        deconvnet   R·1[R > 0]        guided   R·1[x inside]·1[R > 0]

Every other layer is linear once its switches are known, and its backward is written as the transpose of its forward.
Pictures and maps are (C, H, W), vectors (C,), without a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil, floor, inf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

Array = NDArray[np.float64]
Entries = Iterator[tuple[tuple[int, ...], tuple[int, ...], float]]
RULES: dict[str, Callable[[Array, NDArray[np.bool_]], Array]] = {
    "gradient": lambda r, inside: r * inside,
    "deconvnet": lambda r, inside: r * (r > 0),
    "guided": lambda r, inside: r * inside * (r > 0),
}


@dataclass
class Step:
    """One layer as it was run: `back` takes (signal at its output, rule) to the signals at its inputs."""

    inputs: list[str]
    output: str
    back: Callable[[Array, str], list[Array]]


@dataclass
class Tape:
    """Runs layers on named arrays; `values` holds every array by name, the picture as "picture"."""

    picture: Array
    values: dict[str, Array] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values["picture"] = self.picture

    def back(self, start: str, signal: Array, rule: str, to: str = "picture") -> Array:
        """The signal that arrives at `to` when `signal` starts at `start`."""
        signals = {name: np.zeros_like(value) for name, value in self.values.items()}
        signals[start] = signal
        for step in reversed(self.steps):
            if step.output == to:
                break
            for name, part in zip(step.inputs, step.back(signals[step.output], rule), strict=True):
                signals[name] = signals[name] + part
        return signals[to]

    def _note(
        self, name: str | None, inputs: list[str], value: Array, back: Callable[[Array, str], list[Array]]
    ) -> str:
        name = name or f"unnamed {len(self.steps)}"
        self.values[name] = value
        self.steps.append(Step(inputs, name, back))
        return name

    def _linear(self, name: str | None, x: str, shape: tuple[int, ...], entries: Any, bias: Any = 0.0) -> str:
        """A layer given by the entries (output place, input place, factor) of its matrix."""
        matrix = list(entries)
        y = np.zeros(shape) + bias
        for out, source, factor in matrix:
            y[out] += factor * self.values[x][source]

        def back(r: Array, _rule: str) -> list[Array]:
            passed = np.zeros_like(self.values[x])
            for out, source, factor in matrix:
                passed[source] += factor * r[out]
            return [passed]

        return self._note(name, [x], y, back)

    # -- layers; a torch module given is only read for its weights and settings ------------------------------------

    def conv(self, module: nn.Conv2d, x: str, name: str) -> str:
        """y[o, i, j] = b[o] + Σ w[o, c, u, v] · x[c, i·stride + u·dilation − padding, …], by groups."""
        weight = module.weight.detach().numpy()
        bias = 0.0 if module.bias is None else module.bias.detach().numpy()[:, None, None]
        channels, height, width = self.values[x].shape
        (sy, sx), (py, px), (dy, dx) = module.stride, module.padding, module.dilation
        outs, ins, kh, kw = weight.shape
        oh, ow = (height + 2 * py - dy * (kh - 1) - 1) // sy + 1, (width + 2 * px - dx * (kw - 1) - 1) // sx + 1
        per_group = outs // module.groups
        assert ins == channels // module.groups

        def entries() -> Entries:
            for o, i, j, c, u, v in np.ndindex(outs, oh, ow, ins, kh, kw):
                y, z = i * sy + u * dy - py, j * sx + v * dx - px
                if 0 <= y < height and 0 <= z < width:
                    yield (o, i, j), (o // per_group * ins + c, y, z), weight[o, c, u, v]

        return self._linear(name, x, (outs, oh, ow), entries(), bias)

    def batch_norm(self, module: nn.BatchNorm2d, x: str, name: str) -> str:
        """y = (x − mean)·γ/√(var + ε) + β with the running statistics."""
        mean, var = module.running_mean.numpy(), module.running_var.numpy()
        factor = module.weight.detach().numpy() / np.sqrt(var + module.eps)
        shift = module.bias.detach().numpy() - mean * factor
        places = np.ndindex(*self.values[x].shape)
        entries = ((place, place, factor[place[0]]) for place in places)
        return self._linear(name, x, self.values[x].shape, entries, shift[:, None, None])

    def rectify(self, x: str, name: str | None = None, high: float = inf, closed: bool = False) -> str:
        """min(max(x, 0), high); at the bounds themselves the slope is 1 only where `closed`, as in clamp."""
        value = self.values[x]
        inside = (value >= 0) & (value <= high) if closed else (value > 0) & (value < high)
        return self._note(name, [x], np.minimum(np.maximum(value, 0), high), lambda r, rule: [RULES[rule](r, inside)])

    def max_pool(
        self,
        x: str,
        name: str | None,
        kernel: int,
        stride: int,
        padding: int = 0,
        dilation: int = 1,
        ceils: bool = False,
    ) -> str:
        """The largest value of each window; the first place that holds it is the switch."""
        value = self.values[x]
        reach = dilation * (kernel - 1) + 1
        sizes = [_windows(n, reach, stride, padding, ceils) for n in value.shape[1:]]
        shape = (value.shape[0], *sizes)

        def switch(c: int, i: int, j: int) -> tuple[int, int, int]:
            best, place = -inf, None
            for u, v in np.ndindex(kernel, kernel):
                y, z = i * stride - padding + u * dilation, j * stride - padding + v * dilation
                if 0 <= y < value.shape[1] and 0 <= z < value.shape[2] and value[c, y, z] > best:
                    best, place = value[c, y, z], (c, y, z)
            assert place is not None
            return place

        return self._linear(name, x, shape, ((out, switch(*out), 1.0) for out in np.ndindex(*shape)))

    def avg_pool(
        self, x: str, name: str | None, kernel: int, stride: int, padding: int = 0, ceils: bool = False
    ) -> str:
        """The mean of each window; padding counts as zeros, what a ceil-mode window hangs over does not count."""
        value = self.values[x]
        sizes = [_windows(n, kernel, stride, padding, ceils) for n in value.shape[1:]]

        def entries() -> Entries:
            for c, i, j in np.ndindex(value.shape[0], *sizes):
                (y0, y1), (z0, z1) = (
                    (k * stride - padding, min(k * stride - padding + kernel, n + padding))
                    for k, n in zip((i, j), value.shape[1:], strict=True)
                )
                for y in range(max(y0, 0), min(y1, value.shape[1])):
                    for z in range(max(z0, 0), min(z1, value.shape[2])):
                        yield (c, i, j), (c, y, z), 1 / ((y1 - y0) * (z1 - z0))

        return self._linear(name, x, (value.shape[0], *sizes), entries())

    def adaptive_avg_pool(self, x: str, name: str | None, height: int, width: int) -> str:
        """Window i of n over a length L runs from ⌊i·L/n⌋ to ⌈(i+1)·L/n⌉, so windows may overlap."""
        channels, tall, wide = self.values[x].shape

        def entries() -> Entries:
            for c, i, j in np.ndindex(channels, height, width):
                rows = range(floor(i * tall / height), ceil((i + 1) * tall / height))
                columns = range(floor(j * wide / width), ceil((j + 1) * wide / width))
                for y in rows:
                    for z in columns:
                        yield (c, i, j), (c, y, z), 1 / (len(rows) * len(columns))

        return self._linear(name, x, (channels, height, width), entries())

    def add(self, a: str, b: str, name: str | None = None) -> str:
        """a + b; a signal goes down both."""
        return self._note(name, [a, b], self.values[a] + self.values[b], lambda r, _rule: [r, r])

    def cat(self, parts: list[str], name: str | None = None) -> str:
        """Channels one after the other; a signal is cut where they were joined."""
        ends = np.cumsum([len(self.values[part]) for part in parts])[:-1]
        value = np.concatenate([self.values[part] for part in parts])
        return self._note(name, parts, value, lambda r, _rule: np.split(r, ends))

    def linear(self, module: nn.Linear, x: str, name: str) -> str:
        """y = W·flatten(x) + b."""
        shape = self.values[x].shape
        weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
        places = list(np.ndindex(*shape))
        entries = (((o,), places[i], weight[o, i]) for o, i in np.ndindex(*weight.shape))
        return self._linear(name, x, (len(weight),), entries, bias)


def _windows(length: int, reach: int, stride: int, padding: int, ceils: bool) -> int:
    """How many windows fit; with ceil mode also one that hangs over, if it starts inside of input or left padding."""
    if not ceils:
        return (length + 2 * padding - reach) // stride + 1
    count = ceil((length + 2 * padding - reach) / stride) + 1
    return count - 1 if (count - 1) * stride >= length + padding else count
