"""On trained networks a synthesised picture excites its unit more than natural pictures do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from nbviz import demo
from nbviz.network import Network
from nbviz.synthesis import visualize
from tests.data.real import network


def natural_maxima(net: Network, layer: str, pictures: list[Any]) -> Tensor:
    """The strongest activation of each channel over all positions of all pictures, (C,)."""
    with torch.no_grad():
        each = [net.tap(net.preprocess(picture), [layer])[layer].amax((0, 2, 3)) for picture in pictures]
    return torch.stack(each).amax(0)


def ratios(net: Network, layer: str, channels: list[int], maxima: Tensor, steps: int) -> list[float]:
    """Activation ÷ largest natural activation of each channel, printed as well."""
    found: list[float] = []
    for channel in channels:
        result = visualize(net, net.unit(layer, channel), steps, natural_max=float(maxima[channel]))
        assert result.natural_ratio is not None
        found.append(result.natural_ratio)
    print(f"{net.name} {layer}: activation ÷ natural maximum {sorted(round(r, 2) for r in found)}")
    return found


@pytest.mark.slow
def test_channels_of_the_demo_exceed_64_scenes() -> None:
    net = Network.demo()
    layer = net.late_convolution
    maxima = natural_maxima(net, layer, list(demo.scenes(64, seed=11).pictures))
    # A channel that no scene excites has no natural measure to exceed.
    excited = [c for c in range(len(maxima)) if maxima[c] > 0]
    channels = excited[:: max(1, len(excited) // 8)][:8]
    assert len(channels) == 8
    found = ratios(net, layer, channels, maxima, steps=64)
    assert min(found) > 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2"])
def test_channels_of_a_real_network_exceed_photographs(shared_data: Path, name: str) -> None:
    net = network(shared_data, name)
    photographs = sorted((shared_data / "photos").glob("*.jpg"))[::4]
    for layer in ("features.4", "features.12"):
        maxima = natural_maxima(net, layer, photographs)
        found = ratios(net, layer, [3, 17], maxima, steps=64)
        assert min(found) > 1
