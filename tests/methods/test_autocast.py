"""Inside of a person's autocast the networks compute in half precision, and the pictures stay what they are."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import nbviz
from nbviz.methods import METHODS

# CAM checks that its mean is the logit, to more digits than bfloat16 has, and is then not defined.
NAMES = [m.name for m in METHODS.values() if m.asks in ("unit", "class") and m.name != "cam"]


@pytest.mark.parametrize("name", NAMES)
def test_under_autocast_the_picture_is_the_same(name: str) -> None:
    net, scene = nbviz.Network.demo(device="cpu"), nbviz.demo.scenes(1, seed=1).pictures[0]
    method = METHODS[name]
    target = net.unit("layer3", 4) if method.asks == "unit" else net.logit(3)
    expected = method.function(net, scene, target).values
    with torch.autocast("cpu", torch.bfloat16):
        found = method.function(net, scene, target).values
    assert found.dtype == torch.float32
    assert F.cosine_similarity(found.flatten(), expected.flatten(), dim=0) > 0.95
