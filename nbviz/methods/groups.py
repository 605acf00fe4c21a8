"""Groups of channels that fire together: non-negative factors of a layer's maps.

Olah et al., 'The Building Blocks of Interpretability', 2018, put the factors to this use; the updates are those of
Lee & Seung, 'Algorithms for Non-negative Matrix Factorization', 2001.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import BadRequest, NotDefined
from ..network import Network
from .recording import Recording

EVERY = 5
"""Updates between two looks at the error."""
SIDE = 28
"""Maps with a longer side are averaged down to it: groups are about where, not about pixels."""

OnStep = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Factors:
    """V ≈ W·H with V (n, channels), W (n, k) and H (k, channels), none negative; each row of H has length 1.

    `errors` is ‖V − W·H‖ / ‖V‖ at the start and after every fifth update; it never rises.
    """

    W: Tensor
    H: Tensor
    errors: tuple[float, ...]


def factorise(
    V: Tensor, k: int, seed: int = 0, steps: int = 200, tolerance: float = 1e-4, on_step: OnStep | None = None
) -> Factors:
    """Multiplicative updates of Lee & Seung for the Frobenius norm, from seeded uniform noise.

    H ← H ∘ (WᵀV)/(WᵀWH), then W ← W ∘ (VHᵀ)/(WHHᵀ), until five updates lower the error by less than `tolerance`
    of itself. Groups come strongest first. Raises `BadRequest` where V has negative entries or k does not fit.
    """
    if bool((V < 0).any()):
        raise BadRequest("Non-negative factors are those of a matrix without negative entries.")
    if not 1 <= k <= min(V.shape):
        raise BadRequest(f"A matrix of {V.shape[0]}×{V.shape[1]} has 1 … {min(V.shape)} factors, not {k}.")
    total = float(V.norm())
    if total == 0:
        raise NotDefined("Nothing is above zero here, so there is nothing to group.")
    dice = torch.Generator().manual_seed(seed)
    tiny = torch.finfo(V.dtype).tiny ** 0.5
    # Noise of the size of the entries of V: the first updates then change directions rather than scales.
    size = (float(V.mean()) / k) ** 0.5
    W, H = (size * (0.1 + torch.rand(shape, generator=dice, dtype=V.dtype)) for shape in ((len(V), k), (k, V.shape[1])))
    errors = [_error(V, W, H, total)]
    for step in range(0, steps, EVERY):
        if on_step:
            on_step(step, steps)
        for _ in range(EVERY):
            H = H * (W.T @ V) / (W.T @ W @ H + tiny)
            W = W * (V @ H.T) / (W @ (H @ H.T) + tiny)
        errors.append(_error(V, W, H, total))
        if errors[-2] - errors[-1] < tolerance * errors[-2]:
            break
    lengths = H.norm(dim=1).clamp_min(tiny)
    W, H = W * lengths, H / lengths[:, None]
    order = W.norm(dim=0).argsort(descending=True, stable=True)
    return Factors(W[:, order], H[order], tuple(errors))


def _error(V: Tensor, W: Tensor, H: Tensor, total: float) -> float:
    return float((V - W @ H).norm()) / total


@dataclass(frozen=True, eq=False)
class Groups:
    """What the channels of a layer do together.

    maps: (pictures, k, h, w), how strongly each group is present. weights: (k, C), the channels of each group, each
    row of length 1. explained: 1 − ‖V − W·H‖²/‖V‖² of the positive part of the maps. positive: which share of the
    maps' squares was above zero; the rest took no part.
    """

    layer: str
    maps: Tensor
    weights: Tensor
    explained: float
    positive: float


def groups(
    net: Network, images: Sequence[Any], layer: str, k: int = 6, seed: int = 0, on_step: OnStep | None = None
) -> Groups:
    """Factorise the positive part of a layer's maps on one or several pictures into `k` groups of channels.

    Every position of every picture is a row. `on_step(step, steps)` is called every few updates. Raises `NotDefined`
    for a layer without positions or where nothing is above zero, `BadRequest` where there are fewer than `k`
    channels or positions.
    """
    chosen = net.layer(layer)
    if chosen.spatial is None or max(chosen.spatial) == 1:
        raise NotDefined(f"Layer {chosen.name!r} has one number a unit and no map: there is nothing to group by place.")
    planes = [_small(_maps(net, image, chosen.name)) for image in images]
    # Pictures given as tensors may differ in size; those of one network's transform do not.
    if len({plane.shape for plane in planes}) > 1:
        raise BadRequest(f"The maps of {chosen.name!r} differ in size from picture to picture; group them one by one.")
    rows = torch.cat([plane.flatten(1).T for plane in planes])
    positive = rows.clamp_min(0)
    found = factorise(positive, k, seed, on_step=on_step)
    _, height, width = planes[0].shape
    maps = found.W.reshape(len(planes), height, width, k).permute(0, 3, 1, 2)
    return Groups(
        chosen.name, maps, found.H, 1 - found.errors[-1] ** 2, float(positive.square().sum() / rows.square().sum())
    )


def _maps(net: Network, image: Any, layer: str) -> Tensor:
    """The maps (C, H, W) of one picture; one that is not recorded already runs without a graph."""
    if isinstance(image, Recording):
        return image.maps(layer).detach().float().cpu()
    with torch.no_grad():
        return net.tap(net.preprocess(image), [layer])[layer][0].float().cpu()


def _small(maps: Tensor) -> Tensor:
    factor = SIDE / max(maps.shape[1:])
    if factor >= 1:
        return maps
    size = [max(1, round(side * factor)) for side in maps.shape[1:]]
    return F.interpolate(maps[None], size, mode="area")[0]
