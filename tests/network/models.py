"""Small networks with everything that a careless visitor would leave traces on, and a way to see any trace."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Small(nn.Module):
    """Two convolutions with batch-norm in training mode, an in-place sum and in-place rectifiers."""

    def __init__(self, channels: int = 3, classes: int = 4) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.conv2, self.bn2 = nn.Conv2d(6, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.relu, self.pool = nn.ReLU(inplace=True), nn.MaxPool2d(2)
        self.drop, self.fc = nn.Dropout(0.5), nn.Linear(6, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.relu(self.bn1(self.conv1(x))))
        out = self.bn2(self.conv2(x))
        out += x
        return self.fc(self.drop(F.relu(out, inplace=True).mean((2, 3))))


def seeded(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model with reproducible weights and lively running statistics."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if tensor.is_floating_point():
                value = torch.randn(tensor.shape, generator=generator) * 0.4
                tensor.copy_(value.abs() + 0.2 if name.endswith("running_var") else value)
    return model


def traces(model: nn.Module) -> dict[str, Any]:
    """Everything about a model that must be the same afterwards, values as copies, objects by identity."""
    seen: dict[str, Any] = {"random state": torch.get_rng_state()}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        seen[f"{name} object"] = (id(tensor), tensor.data_ptr(), tensor._version, tensor.requires_grad)
        seen[f"{name} value"] = tensor.detach().clone()
        seen[f"{name} grad"] = None if tensor.grad is None else (id(tensor.grad), tensor.grad.clone())
    for name, module in model.named_modules():
        state = {k: v for k, v in vars(module).items() if not isinstance(v, Tensor)}
        seen[f"{name} type"] = type(module)
        seen[f"{name} attributes"] = {k: id(v) for k, v in state.items()}
        seen[f"{name} plain attributes"] = {
            k: copy.copy(v) for k, v in state.items() if isinstance(v, (bool, int, float, str, tuple))
        }
        seen[f"{name} hooks"] = {k: dict(v) for k, v in state.items() if "hooks" in k and v is not None}
    return seen


def same(a: Any, b: Any) -> bool:
    """Equality that looks into tensors bit by bit."""
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return isinstance(a, Tensor) and isinstance(b, Tensor) and torch.equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two `traces`."""
    return [key for key in before.keys() | after.keys() if not same(before.get(key), after.get(key))]
