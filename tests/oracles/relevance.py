"""A slow second opinion on relevance: every layer as an explicit matrix, every rule as a loop over output neurons.

Nothing here uses autograd or nbviz; numbers are float64. A `Slowly` runs a network layer by layer, each with the rule
it is to be explained by, and `back` then carries relevance from its end to the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import nn

Array = NDArray[np.float64]


def sign(z: float) -> float:
    return -1.0 if z < 0 else 1.0


def epsilon(share: float) -> Callable[..., Array]:
    """R_i = Σ_j a_i w_ij R_j / (z_j + ε·sign z_j), with ε = share·√(mean z²)."""

    def rule(a: Array, w: Array, b: Array, r: Array, **_: Array) -> Array:
        z = w @ a + b
        eps, out = share * np.sqrt(np.mean(z**2)), np.zeros_like(a)
        for j in range(len(z)):
            if r[j]:
                out += a * w[j] * r[j] / (z[j] + eps * sign(z[j]))
        return out

    return rule


def gamma(g: float) -> Callable[..., Array]:
    """z_ij + γ·(its part of z_j's own sign), over the sum of these."""

    def rule(a: Array, w: Array, b: Array, r: Array, **_: Array) -> Array:
        out = np.zeros_like(a)
        for j in range(len(b)):
            parts = a * w[j]
            z = parts.sum() + b[j]
            favoured = np.maximum if z >= 0 else np.minimum
            parts = parts + g * favoured(parts, 0)
            total = parts.sum() + b[j] + g * favoured(b[j], 0)
            if r[j]:
                out += parts * r[j] / total
        return out

    return rule


def alphabeta(alpha: float, beta: float) -> Callable[..., Array]:
    """α·z_ij⁺/z_j⁺ − β·z_ij⁻/z_j⁻; a neuron with one sign only is shared out over that one."""

    def rule(a: Array, w: Array, b: Array, r: Array, **_: Array) -> Array:
        out = np.zeros_like(a)
        for j in range(len(b)):
            parts = a * w[j]
            plus, minus = np.maximum(parts, 0), np.minimum(parts, 0)
            total_plus, total_minus = plus.sum() + max(b[j], 0), minus.sum() + min(b[j], 0)
            if total_plus and total_minus:
                out += (alpha * plus / total_plus - beta * minus / total_minus) * r[j]
            elif total_plus or total_minus:
                out += parts / (total_plus or total_minus) * r[j]
        return out

    return rule


def wsquare(a: Array, w: Array, b: Array, r: Array, **_: Array) -> Array:
    """w_ij²/Σ_i w_ij²."""
    out = np.zeros_like(a)
    for j in range(len(b)):
        out += w[j] ** 2 / (w[j] ** 2).sum() * r[j]
    return out


def flat(a: Array, w: Array, b: Array, r: Array, *, there: Array, **_: Array) -> Array:
    """1/(number of inputs of j); `there` is 1 where the layer connects them, be it with weight zero."""
    out = np.zeros_like(a)
    for j in range(len(b)):
        out += there[j] / there[j].sum() * r[j]
    return out


def zbox(a: Array, w: Array, b: Array, r: Array, *, low: Array, high: Array, **_: Array) -> Array:
    """x_i w_ij − l_i w_ij⁺ − h_i w_ij⁻ over its sum."""
    out = np.zeros_like(a)
    for j in range(len(b)):
        parts = a * w[j] - low * np.maximum(w[j], 0) - high * np.minimum(w[j], 0)
        out += parts / parts.sum() * r[j]
    return out


Rule = Callable[..., Array]


@dataclass
class Matrix:
    """y = W x + b for flattened x and y; `there` marks the connections."""

    w: Array
    b: Array
    there: Array
    shape: tuple[int, ...]

    def normed(self, bn: nn.BatchNorm2d) -> Matrix:
        """Followed by a batch-norm with running statistics."""
        factor, shift = (np.repeat(v, self.shape[1] * self.shape[2]) for v in norm(bn))
        return Matrix(self.w * factor[:, None], self.b * factor + shift, self.there, self.shape)


def norm(bn: nn.BatchNorm2d) -> tuple[Array, Array]:
    """y = x·factor + shift, by channel."""
    gamma_, beta, mean, var = (t.detach().numpy() for t in (bn.weight, bn.bias, bn.running_mean, bn.running_var))
    factor = gamma_ / np.sqrt(var + bn.eps)
    return factor, beta - mean * factor


def convolution(module: nn.Conv2d, shape: tuple[int, ...]) -> Matrix:
    """The matrix of a convolution on maps of `shape` (C, H, W), entry by entry."""
    weight = module.weight.detach().numpy()
    (sy, sx), (py, px), (dy, dx) = module.stride, module.padding, module.dilation
    outs, ins, kh, kw = weight.shape
    height, width = shape[1:]
    oh, ow = (height + 2 * py - dy * (kh - 1) - 1) // sy + 1, (width + 2 * px - dx * (kw - 1) - 1) // sx + 1
    w, there = np.zeros((2, outs, oh, ow, *shape))
    for o, i, j, c, u, v in np.ndindex(outs, oh, ow, ins, kh, kw):
        y, x = i * sy + u * dy - py, j * sx + v * dx - px
        if 0 <= y < height and 0 <= x < width:
            place = o, i, j, o // (outs // module.groups) * ins + c, y, x
            w[place], there[place] = weight[o, c, u, v], 1
    n = outs * oh * ow
    bias = np.zeros(outs) if module.bias is None else module.bias.detach().numpy()
    return Matrix(w.reshape(n, -1), np.repeat(bias, oh * ow), there.reshape(n, -1), (outs, oh, ow))


def linear(module: nn.Linear) -> Matrix:
    w = module.weight.detach().numpy()
    bias = np.zeros(len(w)) if module.bias is None else module.bias.detach().numpy()
    return Matrix(w, bias, np.ones_like(w), (len(w),))


def average(shape: tuple[int, ...], size: int) -> Matrix:
    """Means of windows of `size`×`size` that do not overlap."""
    channels, height, width = shape
    w = np.zeros((channels, height // size, width // size, *shape))
    for c, y, x in np.ndindex(channels, height // size * size, width // size * size):
        w[c, y // size, x // size, c, y, x] = 1 / size**2
    n = channels * (height // size) * (width // size)
    w = w.reshape(n, -1)
    return Matrix(w, np.zeros(n), (w != 0).astype(float), (channels, height // size, width // size))


@dataclass
class Slowly:
    """Runs layers on named arrays and remembers how relevance goes back; the picture is "picture"."""

    picture: Array
    low: Array
    high: Array
    values: dict[str, Array] = field(default_factory=dict)
    steps: list[tuple[list[str], str, Callable[[Array], list[Array]]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values["picture"] = self.picture

    def back(self, start: str, r: Array) -> Array:
        """R of the picture for R at `start`."""
        relevance = {name: np.zeros_like(value) for name, value in self.values.items()}
        relevance[start] = r
        for inputs, output, back in reversed(self.steps):
            for name, part in zip(inputs, back(relevance[output]), strict=True):
                relevance[name] = relevance[name] + part
        return relevance["picture"]

    def note(self, inputs: list[str], value: Array, back: Callable[[Array], list[Array]]) -> str:
        name = f"value {len(self.steps)}"
        self.values[name] = value
        self.steps.append((inputs, name, back))
        return name

    def apply(self, matrix: Matrix, x: str, rule: Rule) -> str:
        a = self.values[x]
        bounds = {"low": self.low.ravel(), "high": self.high.ravel()} if x == "picture" else {}
        y = (matrix.w @ a.ravel() + matrix.b).reshape(matrix.shape)

        def back(r: Array) -> list[Array]:
            return [rule(a.ravel(), matrix.w, matrix.b, r.ravel(), there=matrix.there, **bounds).reshape(a.shape)]

        return self.note([x], y, back)

    def rectify(self, x: str) -> str:
        return self.note([x], np.maximum(self.values[x], 0), lambda r: [r])

    def scaled(self, x: str, gate: Array) -> str:
        """The gate gets nothing, the signal all."""
        return self.note([x], self.values[x] * gate, lambda r: [r])

    def affine(self, bn: nn.BatchNorm2d, x: str, evenly: bool = False) -> str:
        """A batch-norm that stands alone: R_x = x·factor·R/y."""
        factor, shift = (v[:, None, None] for v in norm(bn))
        a = self.values[x]
        y = a * factor + shift
        return self.note([x], y, lambda r: [r if evenly else a * factor * r / y])

    def max_pool(self, x: str, size: int) -> str:
        a = self.values[x]
        shape = a.shape[0], a.shape[1] // size, a.shape[2] // size
        y, switches = np.zeros(shape), {}
        for c, i, j in np.ndindex(*shape):
            window = a[c, i * size : (i + 1) * size, j * size : (j + 1) * size]
            u, v = np.unravel_index(window.argmax(), window.shape)
            y[c, i, j], switches[c, i, j] = window[u, v], (c, i * size + int(u), j * size + int(v))

        def back(r: Array) -> list[Array]:
            out = np.zeros_like(a)
            for place, winner in switches.items():
                out[winner] += r[place]
            return [out]

        return self.note([x], y, back)

    def add(self, a: str, b: str, evenly: bool = False) -> str:
        u, v = self.values[a], self.values[b]

        def back(r: Array) -> list[Array]:
            if evenly:
                return [r / 2, r / 2]
            share = np.divide(r, u + v, out=np.zeros_like(r), where=u + v != 0)
            return [u * share, v * share]

        return self.note([a, b], u + v, back)

    def cat(self, a: str, b: str) -> str:
        n = len(self.values[a])
        return self.note([a, b], np.concatenate([self.values[a], self.values[b]]), lambda r: [r[:n], r[n:]])
