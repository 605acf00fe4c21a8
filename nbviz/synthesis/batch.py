"""Several pictures, each with its own objective, in one forward pass – or in as many as the memory needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..errors import NotDefined, OutOfMemory
from .objectives import Objective, Taps
from .redirect import redirecting

if TYPE_CHECKING:
    from ..network import Network


class Batch:
    """Objectives side by side: the k-th picture is driven by the k-th.

    penalty: what a resemblance costs, in units of the objective, between pictures whose activations in `layer` are
    alike; 0 leaves every picture to itself. at_once: how many go through the network together; by default all of them,
    on a CPU one, which is no slower for pictures of usual size, and bit for bit the same as each alone. It is halved
    whenever the device's memory is full.
    """

    def __init__(
        self, objectives: list[Objective], penalty: float = 0.0, layer: str = "", at_once: int | None = None
    ) -> None:
        self.objectives, self.penalty, self.layer = objectives, penalty, layer
        self.at_once = at_once
        layers = [name for objective in objectives for name in objective.layers]
        self.layers = tuple(dict.fromkeys([*layers, *([layer] if layer else [])]))
        self.logits = any(objective.logits for objective in objectives)

    def __len__(self) -> int:
        return len(self.objectives)

    @property
    def plain(self) -> bool:
        """Whether the first objective is one unit or class, whose activation can be told."""
        return len(self.objectives[0].terms) == 1 and self.objectives[0].terms[0][0] == 1

    def climb(self, net: Network, x: Tensor, redirect: bool = False) -> tuple[Tensor, Tensor, Tensor]:
        """(values (N,), activations (N,), gradient of the drives (N, C, H, W)) for pictures `x` in model space."""
        self.at_once = self.at_once or (1 if x.device.type == "cpu" else len(self))
        while True:
            try:
                others = self._grams(net, x) if self.penalty else None
                parts = [self._climb(net, x[part], part, others, redirect) for part in self._parts()]
                return tuple(torch.cat(part) for part in zip(*parts, strict=True))  # type: ignore[return-value]
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
            # Out of the handler, whose traceback keeps alive what filled the memory.
            self._use_less(x)

    def _parts(self) -> Iterator[slice]:
        step = self.at_once or len(self)
        return (slice(k, k + step) for k in range(0, len(self), step))

    def _use_less(self, x: Tensor) -> None:
        if x.device.type == "cuda":
            torch.cuda.empty_cache()
        step = min(self.at_once or len(self), len(self))
        if step == 1:
            raise OutOfMemory(
                f"The memory of {x.device} does not hold one picture of {x.shape[-2]}×{x.shape[-1]} on its way to "
                f"'{self.objectives[0].target}'; give a smaller size=, or Network(…, device='cpu')."
            )
        self.at_once = (step + 1) // 2

    def _climb(
        self, net: Network, x: Tensor, part: slice, others: Tensor | None, redirect: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        x = x.requires_grad_()
        with redirecting() if redirect else contextlib.nullcontext():
            taps = net.tap(net.arranged(x), self.layers, logits=self.logits)
        rows = list(enumerate(self.objectives[part]))
        each = [{name: maps[k : k + 1] for name, maps in taps.items()} for k, _ in rows]
        drives = torch.cat([objective.drive(each[k]) for k, objective in rows])
        if others is not None:
            drives = drives - self.penalty * drives.detach().abs() * self._likeness(taps, part, others)
        with torch.no_grad():
            values = torch.cat([objective.value(each[k]) for k, objective in rows])
            reached = [objective.activation(each[k]) for k, objective in rows]
            activations = torch.cat([values[k : k + 1] if a is None else a for k, a in enumerate(reached)])
        return values, activations, self._slope(drives, x, part)

    def _slope(self, drives: Tensor, x: Tensor, part: slice) -> Tensor:
        slope = torch.autograd.grad(drives.sum(), x, allow_unused=True)[0] if drives.requires_grad else None
        if slope is None:
            raise NotDefined(
                f"'{self.objectives[part][0].target}' has no gradient path to the input: something on the way cuts it "
                f"(detach, rounding, arg max), so no picture can be made for it; choose a layer before that."
            )
        return slope

    @torch.no_grad()
    def _grams(self, net: Network, x: Tensor) -> Tensor:
        """Ĝ of every picture, (N, C, C)."""
        taps = [net.tap(net.arranged(x[part]), self.layers, logits=self.logits) for part in self._parts()]
        return torch.cat([gram(some[self.layer]) for some in taps])

    def _likeness(self, taps: Taps, part: slice, others: Tensor) -> Tensor:
        """2·Σ_{j≠i} ⟨Ĝ_i, Ĝ_j⟩ / N for the pictures i of this part, the others held fast.

        The slope is that of Σ_{i≠j} ⟨Ĝ_i, Ĝ_j⟩ / N over all pictures, in which every pair stands twice.
        """
        own = gram(taps[self.layer])
        rest = others.sum(0) - others[part]
        return 2 * (own * rest).flatten(1).sum(1) / len(self)


def gram(maps: Tensor) -> Tensor:
    """Ĝ (N, C, C): which channels are active together, A·Aᵀ over positions, scaled to unit norm."""
    flat = maps.flatten(2)
    product: Tensor = flat @ flat.transpose(1, 2)
    lengths: Tensor = product.flatten(1).norm(dim=1)
    return product / lengths.clamp_min(1e-12)[:, None, None]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this error, or the one that it was raised from, says that a device's memory is full."""
    cause: Any = error
    while cause is not None:
        if isinstance(cause, torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(cause):
            return True
        cause = cause.__cause__
    return False
