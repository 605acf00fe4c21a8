"""What a synthesis can aim at beyond units and classes: a direction, a whole layer, a caricature, a place.

Like units they are values that add, scale and negate. Each says which layer it reads and how that becomes a field: one
number a position. To add a kind, add a class here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..address import Target, Unit
from ..errors import BadRequest, NotDefined

if TYPE_CHECKING:
    from ..network import Network

LEAST_COSINE = 0.1
"""Below this a cosine counts as this, so that a picture that points nowhere yet feels a pull (lucid)."""


class Goal(Target):
    """A target that only a synthesis understands."""

    layer: str

    def known(self, net: Network) -> Goal:
        """This goal, checked against the network and ready to be read."""
        raise NotImplementedError

    def field(self, maps: Tensor) -> Tensor:
        """From the layer's maps (N, C, h, w) to one number a position (N, h, w), differentiable."""
        raise NotImplementedError

    @property
    def code(self) -> str:
        """The Python expression that makes this goal again; arrays and pictures by the name of their argument."""
        raise NotImplementedError


@dataclass(frozen=True)
class Whole(Goal):
    """All that a layer sees: A², averaged over channels and positions (Mordvintsev et al. 2015)."""

    layer: str

    def __str__(self) -> str:
        return self.layer

    def known(self, net: Network) -> Whole:
        """`UnknownName` where there is no such layer."""
        return Whole(net.layer(self.layer).name)

    def field(self, maps: Tensor) -> Tensor:
        """Mean of A² over channels."""
        return maps.square().mean(1)

    @property
    def code(self) -> str:
        """A call of the class."""
        return f"nbviz.synthesis.Whole({self.layer!r})"


@dataclass(frozen=True)
class Direction(Goal):
    """A direction v in the space of a layer's channels: (v·a)·max(0.1, cos(v, a))^power at each position.

    vector: one number a channel. power: how much the direction counts beside the length; 0 is the plain product.
    """

    layer: str
    vector: Any = field(repr=False)
    power: float = 2.0

    def __post_init__(self) -> None:
        vector = self.vector.detach().cpu() if isinstance(self.vector, Tensor) else self.vector
        numbers = np.asarray(vector)
        if numbers.ndim != 1 or numbers.dtype.kind not in "fiu":
            raise BadRequest(f"A direction is one number a channel; this has the shape {numbers.shape}.")
        object.__setattr__(self, "vector", tuple(numbers.tolist()))
        _require_power(self.power)

    def __str__(self) -> str:
        return f"a direction in {self.layer}"

    def known(self, net: Network) -> Direction:
        """`BadRequest` where the vector does not have the layer's channels, or says nothing."""
        layer = net.layer(self.layer)
        if len(self.vector) != layer.channels:
            raise BadRequest(
                f"The direction has {len(self.vector)} numbers; layer {layer.name!r} has {layer.channels} channels."
            )
        if not any(self.vector) or not np.isfinite(self.vector).all():
            raise BadRequest(f"The direction in {layer.name!r} is zero or not finite; give one with a length.")
        return replace(self, layer=layer.name)

    def field(self, maps: Tensor) -> Tensor:
        """The projection on v/|v|, weighted by the cosine."""
        v = torch.tensor(self.vector, device=maps.device, dtype=maps.dtype)
        return _along(maps, v[:, None, None] / v.norm(), self.power)

    @property
    def code(self) -> str:
        """A call of the class with an array called `vector`."""
        return f"nbviz.synthesis.Direction({self.layer!r}, vector, power={self.power!r})"


@dataclass(frozen=True, eq=False)
class Caricature(Goal):
    """What a layer sees in a picture, exaggerated: at each position the direction of the picture's own activations.

    picture: whatever `net.preprocess` takes. Olah et al., 'Activation atlas', 2019.
    """

    layer: str
    picture: Any = field(repr=False)
    power: float = 1.0
    features: Tensor | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _require_power(self.power)

    def __str__(self) -> str:
        return f"caricature in {self.layer}"

    @torch.no_grad()
    def known(self, net: Network) -> Caricature:
        """With the picture's activations; `NotDefined` where there are none."""
        name = net.layer(self.layer).name
        features = net.tap(net.preprocess(self.picture), [name])[name].detach()
        if not bool(features.any()):
            raise NotDefined(f"All of '{name}' is zero on the picture, so there is nothing to exaggerate.")
        # In units of its typical length, so that the value does not depend on how strong the picture was.
        return replace(self, layer=name, features=features / features.norm(dim=1).mean())

    def field(self, maps: Tensor) -> Tensor:
        """Projections on the picture's activations, brought to the size of these maps."""
        assert self.features is not None
        aim = self.features.to(maps)
        if aim.shape[-2:] != maps.shape[-2:]:
            aim = F.interpolate(aim, maps.shape[-2:], mode="bilinear", antialias=True, align_corners=False)
        return _along(maps, aim[0], self.power)

    @property
    def code(self) -> str:
        """A call of the class with a picture called `image`."""
        return f"nbviz.synthesis.Caricature({self.layer!r}, image, power={self.power!r})"


@dataclass(frozen=True, eq=False)
class Inside(Goal):
    """A channel, direction, layer or caricature that counts only where a mask says so.

    mask: (H, W) in [0, 1] or bool, spread over the picture whatever its size.
    """

    target: Target
    mask: NDArray[Any] = field(repr=False)

    def __post_init__(self) -> None:
        mask = np.asarray(self.mask)
        if mask.ndim != 2 or mask.dtype.kind not in "bfiu" or not mask.size:
            raise BadRequest(f"A mask is an array (height, width); this has the shape {mask.shape}.")
        mask = mask.astype(np.float32)
        if not np.isfinite(mask).all() or mask.min() < 0 or mask.max() > 1 or not mask.any():
            raise BadRequest("A mask has values from 0 (outside) to 1 (inside), and something inside.")
        object.__setattr__(self, "mask", mask)

    @property
    def layer(self) -> str:  # type: ignore[override]
        """That of the target."""
        return str(getattr(self.target, "layer", ""))

    def __str__(self) -> str:
        return f"{self.target} inside of a mask"

    def known(self, net: Network) -> Inside:
        """`BadRequest` where the target has no positions that a mask could choose among."""
        if isinstance(self.target, Goal) and not isinstance(self.target, Inside):
            return Inside(self.target.known(net), self.mask)
        if not isinstance(self.target, Unit) or self.target.position is not None:
            raise BadRequest(
                f"'{self.target}' has no positions to choose among; a mask goes with a channel, a direction, a layer "
                f"or a caricature."
            )
        return Inside(net.unit(self.target), self.mask)

    def field(self, maps: Tensor) -> Tensor:
        """The target's own field; `weights` says where it counts."""
        return self.target.field(maps) if isinstance(self.target, Goal) else maps[:, self.target.channel]  # type: ignore[attr-defined]

    def weights(self, like: Tensor) -> Tensor:
        """The mask on the positions (h, w) of a field; `BadRequest` where it falls between all of them."""
        size = (like.shape[-2], like.shape[-1])
        weights = F.interpolate(torch.from_numpy(self.mask)[None, None], size, mode="area")[0, 0]
        if not bool(weights.any()):
            raise BadRequest(f"Nothing of the mask is left on the {size[0]}×{size[1]} positions of {self.layer!r}.")
        return weights.to(like)

    @property
    def code(self) -> str:
        """A call of the class with an array called `mask`."""
        inner = self.target.code if isinstance(self.target, Goal) else unit_code(self.target)
        return f"nbviz.synthesis.Inside({inner}, mask)"


@dataclass(frozen=True)
class Diverse(Goal):
    """One target in `count` pictures that are to differ in what `layer` computes of them; made by `diversity`."""

    target: Target
    count: int
    strength: float
    layer: str = ""

    def __str__(self) -> str:
        return f"{self.target}, {self.count} different ones"


def diversity(target: Target, n: int = 4, strength: float = 1.0, layer: str | None = None) -> Diverse:
    """The same target `n` times, with a penalty for pictures that resemble each other; for `visualize`.

    The penalty is Σ_{i≠j} ⟨Ĝ_i, Ĝ_j⟩ / n with the Gram matrices G = A·Aᵀ of a layer's activations, scaled to unit
    norm (Olah et al. 2017). strength: in units of the objective itself. layer: by default the target's own.
    """
    if not isinstance(target, Target):
        raise BadRequest(f"A {type(target).__name__} is not a target; give a unit, a class or a sum of them.")
    if not isinstance(n, int) or isinstance(n, bool) or n < 2:
        raise BadRequest(f"n={n!r}: to differ takes at least 2 pictures.")
    if not isinstance(strength, (int, float)) or not 0 < strength < float("inf"):
        raise BadRequest(f"strength={strength!r}: the strength of the penalty is a number above 0.")
    return Diverse(target, n, float(strength), layer or "")


def interpolate(a: Target, b: Target, n: int = 5) -> list[Target]:
    """`n` targets from `a` to `b`: (1 − t)·a + t·b, the ends being `a` and `b` themselves; for `visualize`."""
    for end in (a, b):
        if not isinstance(end, Target):
            raise BadRequest(f"A {type(end).__name__} is not a target; give a unit, a class or a sum of them.")
    if not isinstance(n, int) or isinstance(n, bool) or n < 2:
        raise BadRequest(f"n={n!r}: from one end to the other takes at least 2 steps.")
    inner = [(1 - k / (n - 1)) * a + (k / (n - 1)) * b for k in range(1, n - 1)]
    return [a, *inner, b]


def unit_code(unit: Target) -> str:
    """The Python expression of a unit."""
    assert isinstance(unit, Unit)
    place = "" if unit.position is None else f", {unit.y}, {unit.x}"
    return f"net.unit({unit.layer!r}, {unit.channel}{place})"


def _along(maps: Tensor, aim: Tensor, power: float) -> Tensor:
    """(v·a)·max(0.1, cos)^p for `aim` (C, h or 1, w or 1) and maps (N, C, h, w)."""
    product: Tensor = (maps * aim).sum(1)
    if not power:
        return product
    lengths = maps.norm(dim=1) * aim.norm(dim=0)
    cosine = product / lengths.clamp_min(1e-12)
    weighted: Tensor = product * cosine.clamp_min(LEAST_COSINE) ** power
    return weighted


def _require_power(power: object) -> None:
    if not isinstance(power, (int, float)) or not 0 <= power < float("inf"):
        raise BadRequest(f"power={power!r}: the power of the cosine is a number of at least 0.")
