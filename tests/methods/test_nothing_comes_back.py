"""Where a rectifier lets nothing back, the note says which of its bounds it is at, and the way out."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import nbviz


@pytest.fixture(scope="module")
def clamped() -> nbviz.Network:
    """Channels of one grey pixel each: far above the upper bound, far below the lower one, in between."""
    convolution = nn.Conv2d(1, 3, 1, bias=False)
    with torch.no_grad():
        convolution.weight[:] = torch.tensor([100.0, -100.0, 1.0]).view(3, 1, 1, 1)
    model = nn.Sequential(convolution, nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2))
    return nbviz.Network(model, input_size=8, device="cpu")


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        ("1:0", "at one of their bounds; a layer before them shows more"),
        ("1:1", "the unit does not fire on this picture, its value is 0"),
        ("1:1@3,3", "the unit does not fire here, its value is 0"),
        ("1:2", ""),
    ],
)
@pytest.mark.parametrize("method", ["guided_backprop", "neuron_gradient"])
def test_the_note_names_the_reason(clamped: nbviz.Network, unit: str, says: str, method: str) -> None:
    found = getattr(nbviz, method)(clamped, torch.full((1, 8, 8), 0.5), unit)
    assert bool(found.values.any()) == (says == "")
    assert found.note.endswith(says)
    before = getattr(nbviz, method)(clamped, torch.full((1, 8, 8), 0.5), unit.replace("1:", "0:", 1))
    assert bool(before.values.any()), "the way out leads somewhere"
