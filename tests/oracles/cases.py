"""Tiny networks, each the smallest that shows one property, written twice: `forward` in torch, `slowly` on a tape.

Names given on the tape are those that nbviz gives to the layers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import nbviz

from .tape import Array, Tape

SIZE = (11, 9)
CLASSES = 3


class Case(nn.Module):
    """conv1 (2 → 4 channels) → `middle` → global average → fc; a subclass says what lies in the middle."""

    width = 4

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.fc = nn.Linear(self.width, CLASSES)

    def middle(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def middle_slowly(self, tape: Tape, x: str) -> str:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.middle(self.conv1(x)).mean((2, 3)))

    def slowly(self, picture: Array) -> Tape:
        tape = Tape(picture)
        last = self.middle_slowly(tape, tape.conv(self.conv1, "picture", "conv1"))
        tape.linear(self.fc, tape.adaptive_avg_pool(last, None, 1, 1), "fc")
        return tape


class OverlappingMaxPool(Case):
    def __init__(self) -> None:
        super().__init__()
        self.relu, self.pool, self.conv2 = nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(4, 4, 3)

    def middle(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(self.pool(self.relu(x))))

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.max_pool(tape.rectify(x, "relu"), "pool", 3, 2)
        return tape.rectify(tape.conv(self.conv2, x, "conv2"))


class DilatedMaxPool(Case):
    def __init__(self) -> None:
        super().__init__()
        self.pool, self.conv2 = nn.MaxPool2d(2, 1, dilation=3), nn.Conv2d(4, 4, 3)

    def middle(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(self.pool(F.relu(x))))

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.max_pool(tape.rectify(x), "pool", 2, 1, dilation=3)
        return tape.rectify(tape.conv(self.conv2, x, "conv2"))


class CeilModePools(Case):
    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(3, 2, padding=1, ceil_mode=True)
        self.mean = nn.AvgPool2d(3, 2, padding=1, ceil_mode=True)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

    def middle(self, x: Tensor) -> Tensor:
        return F.relu(self.mean(self.conv2(self.pool(F.relu(x)))))

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.conv(self.conv2, tape.max_pool(tape.rectify(x), "pool", 3, 2, 1, ceils=True), "conv2")
        return tape.rectify(tape.avg_pool(x, "mean", 3, 2, 1, ceils=True))


class BatchNorm(Case):
    def __init__(self) -> None:
        super().__init__()
        self.bn, self.relu, self.conv2 = nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3)
        self.bn2 = nn.BatchNorm2d(4)

    def middle(self, x: Tensor) -> Tensor:
        return self.relu(self.bn2(self.conv2(self.relu(self.bn(x)))))

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.rectify(tape.batch_norm(self.bn, x, "bn"), "relu")
        return tape.rectify(tape.batch_norm(self.bn2, tape.conv(self.conv2, x, "conv2"), "bn2"), "relu#2")


class ResidualSum(Case):
    def __init__(self) -> None:
        super().__init__()
        self.relu, self.conv2, self.bn = nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)

    def middle(self, x: Tensor) -> Tensor:
        x = self.relu(x)
        return self.relu(x + self.bn(self.conv2(x)))

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.rectify(x, "relu")
        branch = tape.batch_norm(self.bn, tape.conv(self.conv2, x, "conv2"), "bn")
        return tape.rectify(tape.add(x, branch), "relu#2")


class ResidualSumInPlace(ResidualSum):
    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU(inplace=True)

    def middle(self, x: Tensor) -> Tensor:
        x = self.relu(x)
        out = self.bn(self.conv2(x))
        out += x
        return self.relu(out)


class ReLU6(Case):
    def __init__(self) -> None:
        super().__init__()
        self.act, self.conv2 = nn.ReLU6(), nn.Conv2d(4, 4, 3)

    def middle(self, x: Tensor) -> Tensor:
        return self.act(8 * self.conv2(self.act(8 * x)))  # so that a good part of the values exceeds 6

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.rectify(self._eightfold(tape, x), "act", high=6)
        return tape.rectify(self._eightfold(tape, tape.conv(self.conv2, x, "conv2")), "act#2", high=6)

    @staticmethod
    def _eightfold(tape: Tape, x: str) -> str:
        twice = tape.add(x, x)
        return tape.add(tape.add(twice, twice), tape.add(twice, twice))


class ReusedModules(Case):
    """One rectifier and one convolution, both called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.relu, self.conv2 = nn.ReLU(inplace=True), nn.Conv2d(4, 4, 3, padding=1)

    def middle(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = self.conv2(self.relu(x))
        return x

    def middle_slowly(self, tape: Tape, x: str) -> str:
        for call in ("", "#2", "#3"):
            x = tape.conv(self.conv2, tape.rectify(x, "relu" + call), "conv2" + call)
        return x


class Concatenation(Case):
    width = 9

    def __init__(self) -> None:
        super().__init__()
        self.narrow, self.wide = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 3, 3, padding=1)

    def middle(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        return torch.cat([F.relu(self.narrow(x)), x, F.relu(self.wide(x))], 1)

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.rectify(x)
        narrow = tape.rectify(tape.conv(self.narrow, x, "narrow"))
        return tape.cat([narrow, x, tape.rectify(tape.conv(self.wide, x, "wide"))])


class AdaptivePool(Case):
    def __init__(self) -> None:
        super().__init__()
        self.pool, self.conv2 = nn.AdaptiveAvgPool2d((4, 5)), nn.Conv2d(4, 4, 2)

    def middle(self, x: Tensor) -> Tensor:
        return F.relu(self.conv2(self.pool(F.relu(x))))

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.adaptive_avg_pool(tape.rectify(x), "pool", 4, 5)
        return tape.rectify(tape.conv(self.conv2, x, "conv2"))


class StridedDilatedGroupedConvolutions(Case):
    def __init__(self) -> None:
        super().__init__()
        self.strided = nn.Conv2d(4, 6, 3, stride=(2, 1), padding=(1, 2), groups=2)
        self.dilated = nn.Conv2d(6, 4, 2, dilation=(1, 3), bias=False)

    def middle(self, x: Tensor) -> Tensor:
        return F.relu(self.dilated(F.relu(self.strided(F.relu(x)))))

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.rectify(tape.conv(self.strided, tape.rectify(x), "strided"))
        return tape.rectify(tape.conv(self.dilated, x, "dilated"))


class Rectified(Case):
    """Two rectifiers in whatever spelling, at module or function level."""

    def __init__(self, act: Callable[[Tensor], Tensor], high: float = np.inf) -> None:
        super().__init__()
        self.act, self.high, self.conv2 = act, high, nn.Conv2d(4, 4, 3)

    def middle(self, x: Tensor) -> Tensor:
        return self.act(self.conv2(self.act(x)))

    def middle_slowly(self, tape: Tape, x: str) -> str:
        x = tape.conv(self.conv2, tape.rectify(x, high=self.high), "conv2")
        return tape.rectify(x, high=self.high)


CASES: list[type[Case]] = [
    OverlappingMaxPool,
    DilatedMaxPool,
    CeilModePools,
    BatchNorm,
    ResidualSum,
    ResidualSumInPlace,
    ReLU6,
    ReusedModules,
    Concatenation,
    AdaptivePool,
    StridedDilatedGroupedConvolutions,
]


def _dropping_the_result(in_place: Callable[[Tensor], Any]) -> Callable[[Tensor], Tensor]:
    def act(x: Tensor) -> Tensor:
        in_place(x)
        return x

    return act


SPELLINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "nn.ReLU": nn.ReLU(),
    "nn.ReLU in place": nn.ReLU(inplace=True),
    "nn.Threshold(0, 0)": nn.Threshold(0, 0),
    "F.relu": F.relu,
    "F.relu(input=…)": lambda x: F.relu(input=x),
    "F.relu in place": lambda x: F.relu(x, inplace=True),
    "F.relu_, result dropped": _dropping_the_result(F.relu_),
    "F.threshold_": lambda x: F.threshold_(x, 0, 0),
    "torch.relu": torch.relu,
    "torch.relu_": torch.relu_,
    "torch.threshold": lambda x: torch.threshold(x, 0, 0),
    "Tensor.relu": lambda x: x.relu(),
    "Tensor.relu_, result dropped": _dropping_the_result(lambda x: x.relu_()),
    "torch.clamp": lambda x: torch.clamp(x, min=0),
    "torch.clamp_": lambda x: torch.clamp_(x, min=0),
    "torch.clip": lambda x: torch.clip(x, 0),
    "Tensor.clamp": lambda x: x.clamp(0),
    "Tensor.clamp_, result dropped": _dropping_the_result(lambda x: x.clamp_(min=0)),
    "Tensor.clip": lambda x: x.clip(min=0.0),
    "Tensor.clip_": lambda x: x.clip_(min=0.0),
    "torch.clamp_min": lambda x: torch.clamp_min(x, 0),
    "Tensor.clamp_min": lambda x: x.clamp_min(0),
    "Tensor.clamp_min_": lambda x: x.clamp_min_(0),
}
SPELLINGS_UP_TO_HALF: dict[str, Callable[[Tensor], Tensor]] = {
    "nn.Hardtanh(0, ½)": nn.Hardtanh(0, 0.5),
    "nn.Hardtanh(0, ½) in place": nn.Hardtanh(0, 0.5, inplace=True),
    "F.hardtanh": lambda x: F.hardtanh(x, 0, 0.5),
    "F.hardtanh_": lambda x: F.hardtanh_(x, 0, 0.5),
    "torch.clamp": lambda x: torch.clamp(x, 0, 0.5),
    "Tensor.clamp_": lambda x: x.clamp_(0, 0.5),
    "Tensor.clip": lambda x: x.clip(0, 0.5),
}


class Microscope:
    """A case in float64 with seeded weights and picture, its network, and its tape."""

    def __init__(self, case: Case, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.model = case.double()
        with torch.no_grad():
            for tensor in (*case.parameters(), *case.buffers()):
                if tensor.is_floating_point():
                    tensor.copy_(torch.randn(tensor.shape, generator=generator, dtype=tensor.dtype) * 0.5)
            for name, tensor in case.named_buffers():
                if name.endswith("running_var"):
                    tensor.abs_().add_(0.1)
            case.fc.bias.add_(5)  # every class fires, so that each can be projected
        self.net = nbviz.Network(case, input_size=SIZE, device="cpu")
        self.x = torch.randn(1, 2, *SIZE, generator=generator, dtype=torch.float64)
        self.tape = case.slowly(self.x[0].numpy())
        self.named = [name for name in self.tape.values if name in self.net.layers]

    def value(self, layer: str) -> Array:
        """The tape's maps of a layer, a vector as (C, 1, 1)."""
        value = self.tape.values[layer]
        return value if value.ndim == 3 else value[:, None, None]

    def projected(self, layer: str, place: tuple[int, int, int], rule: str, seed: float = 1.0) -> Array:
        """What arrives at the picture for `seed` at (channel, row, column) of a layer."""
        start = np.zeros_like(self.tape.values[layer])
        start[place[: start.ndim]] = seed
        return self.tape.back(layer, start, rule)
