"""References from plain autograd on the original model: hooks, loops and formulae, nothing of nbviz."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

import torch
from torch import Tensor, nn

Read = Callable[[Tensor, dict[str, Tensor]], Tensor]


@dataclass
class Plain:
    """The original model in eval mode, and a picture (1, 3, H, W); float64."""

    model: nn.Module
    x: Tensor

    def forward(self, x: Tensor, layers: list[str]) -> tuple[Tensor, dict[str, Tensor]]:
        """(logits, outputs of layers); what follows works on copies, so that nothing is overwritten in place."""
        found: dict[str, Tensor] = {}

        def keep(name: str) -> Callable[..., Tensor]:
            def hook(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
                found[name] = output
                return output.clone()

            return hook

        hooks = [self.model.get_submodule(name).register_forward_hook(keep(name)) for name in layers]
        try:
            return self.model(x), found
        finally:
            for hook in hooks:
                hook.remove()

    def value(self, x: Tensor, read: Read, layers: list[str]) -> float:
        """What `read` takes out of a forward pass."""
        with torch.no_grad():
            return float(read(*self.forward(x, layers)))

    def slope(self, x: Tensor, read: Read, layers: list[str]) -> Tensor:
        """∂read/∂x as (3, H, W)."""
        x = x.detach().clone().requires_grad_()
        (found,) = torch.autograd.grad(read(*self.forward(x, layers)), x)
        return found[0]

    def along(self, direction: Tensor, read: Read, layers: list[str], step: float = 1e-7) -> float:
        """The derivative along a direction of length 1, by a central difference."""
        high, low = (self.value(self.x + sign * step * direction, read, layers) for sign in (1, -1))
        return (high - low) / (2 * step)

    def maps_and_slopes(self, layer: str, read: Read, layout: str) -> tuple[Tensor, Tensor]:
        """A layer's maps and ∂read/∂maps, both (C, H, W)."""
        logits, outputs = self.forward(self.x.detach().clone().requires_grad_(), [layer])
        (slopes,) = torch.autograd.grad(read(logits, outputs), outputs[layer])
        return as_maps(outputs[layer].detach(), layout), as_maps(slopes, layout)


def logit(index: int) -> Read:
    """Reads a class's logit."""
    return lambda logits, _outputs: logits[0, index]


def neuron(layer: str, channel: int, y: int, x: int) -> Read:
    """Reads a neuron of a layer that is laid out (1, C, H, W)."""
    return lambda _logits, outputs: outputs[layer][0, channel, y, x]


def as_maps(output: Tensor, layout: str) -> Tensor:
    """(C, H, W) of an output (1, C, H, W), or of tokens (1, 1 + H·W, C) of a square picture behind a class token."""
    if layout == "NCHW":
        return output[0]
    tokens = output[0, 1:]
    side = round(len(tokens) ** 0.5)
    return torch.stack([tokens[y * side : (y + 1) * side].T for y in range(side)], 1)


def grad_cam(maps: Tensor, slopes: Tensor) -> Tensor:
    """Σ_k A_k·mean(∂S/∂A_k), signed."""
    found = torch.zeros_like(maps[0])
    for a, g in zip(maps, slopes, strict=True):
        found += g.sum() / g.numel() * a
    return found


def grad_cam_pp(maps: Tensor, slopes: Tensor) -> Tensor | None:
    """ReLU(Σ_k A_k Σ_ij α·ReLU(g)) with α = g²/(2g² + g³ΣA); None where a denominator is not above 0."""
    found = torch.zeros_like(maps[0])
    for a, g in zip(maps, slopes, strict=True):
        g = g[g > 0]
        below = 2 * g**2 + g**3 * a.sum()
        if bool((below <= 0).any()):
            return None
        found += (g**2 / below * g).sum() * a
    return found.relu()


def layer_cam(maps: Tensor, slopes: Tensor) -> Tensor:
    """ReLU(Σ_k ReLU(∂S/∂A_k)·A_k)."""
    return sum((g.relu() * a for a, g in zip(maps, slopes, strict=True)), torch.zeros_like(maps[0])).relu()


def enlarged(values: Tensor, height: int, width: int) -> Tensor:
    """Bilinear, pixel centres at halves, clamped at the border: rows · values · columnsᵀ."""
    return _spread(values.shape[0], height) @ values @ _spread(values.shape[1], width).T


def _spread(short: int, long: int) -> Tensor:
    matrix = torch.zeros(long, short, dtype=torch.float64)
    for i in range(long):
        at = min(max((i + 0.5) * short / long - 0.5, 0), short - 1)
        low, high = floor(at), ceil(at)
        matrix[i, low] += 1 - (at - low)
        matrix[i, high] += at - low
    return matrix


def occlusion(plain: Plain, read: Read, grey: Tensor, window: int, stride: int) -> Tensor:
    """(H, W): at each pixel the mean drop over all windows that cover it; windows stand flush at the far borders."""
    whole = plain.value(plain.x, read, [])
    height, width = plain.x.shape[-2:]
    drops, counts = (torch.zeros(height, width, dtype=torch.float64) for _ in range(2))
    for top in sorted({*range(0, height - window, stride), height - window}):
        for left in sorted({*range(0, width - window, stride), width - window}):
            covered = plain.x.clone()
            covered[0, :, top : top + window, left : left + window] = grey[:, None, None]
            drops[top : top + window, left : left + window] += whole - plain.value(covered, read, [])
            counts[top : top + window, left : left + window] += 1
    return drops / counts


def path_mean(plain: Plain, read: Read, black: Tensor, steps: int) -> Tensor:
    """(x − x′)·mean of ∂S/∂x at the middles of `steps` equal parts of the way from x′."""
    way = plain.x - black
    total = sum(plain.slope(black + (i + 0.5) / steps * way, read, []) for i in range(steps))
    return way[0] * total / steps


def noisy_slopes(plain: Plain, read: Read, samples: int, noise: float, seed: int) -> Tensor:
    """(samples, 3, H, W): gradients at x + σ·noise, noise drawn as float32 from a generator of its own."""
    generator = torch.Generator().manual_seed(seed)
    sigma = noise * (plain.x.max() - plain.x.min())
    noises = [torch.randn(plain.x.shape, generator=generator) for _ in range(samples)]
    return torch.stack([plain.slope(plain.x + sigma * n.double(), read, []) for n in noises])
