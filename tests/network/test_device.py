"""Where a network computes, and that it computes the same there."""

from __future__ import annotations

import pytest
import torch

import nbviz
from nbviz.errors import BadModel
from nbviz.methods import METHODS
from nbviz.network import Network
from nbviz.network.device import choose_device


@pytest.fixture
def with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("with_cuda")
def test_auto_follows_the_model_and_else_takes_the_best() -> None:
    assert choose_device("auto", torch.device("cpu")) == torch.device("cuda")
    assert choose_device("auto", torch.device("cuda:1")) == torch.device("cuda:1")
    assert choose_device("auto", torch.device("mps")) == torch.device("mps")
    assert choose_device("cpu", torch.device("cuda:1")) == torch.device("cpu")
    assert choose_device("cuda:1", None) == torch.device("cuda:1")
    with pytest.raises(BadModel, match="'cuda:2' is not available"):
        choose_device("cuda:2", None)


@pytest.mark.usefixtures("without_cuda")
def test_a_device_that_is_not_here_is_told() -> None:
    assert choose_device("auto", torch.device("cpu")) == torch.device("cpu")
    with pytest.raises(BadModel, match=r"'cuda' is not available to torch here \(there is cpu\)"):
        Network.demo(device="cuda")
    with pytest.raises(BadModel, match="'gpu' is no device"):
        Network.demo(device="gpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no CUDA device to compare with.")
def test_methods_agree_between_cpu_and_cuda() -> None:
    scene = nbviz.demo.scenes(1, seed=1).pictures[0]
    nets = [Network.demo(device=device) for device in ("cpu", "cuda")]
    for method in METHODS.values():
        if method.asks not in ("unit", "class"):
            continue
        target = nets[0].unit("layer3", 4) if method.asks == "unit" else nets[0].logit(3)
        here, there = (method.function(net, scene, target).values for net in nets)
        assert there.device.type == "cpu", method.name
        assert (here - there).norm() <= 1e-3 * here.norm(), method.name
