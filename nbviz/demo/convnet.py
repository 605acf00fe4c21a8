"""The demo's network: a small residual network, and its trained weights."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from .scenes import CLASSES

WEIGHTS = Path(__file__).with_name("weights.safetensors")


class Block(nn.Module):
    """Two 3×3 convolutions around which the signal may also pass; a projection where the shape changes."""

    def __init__(self, channels_in: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        passed = x if self.downsample is None else self.downsample(x)
        inner = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.relu2(inner + passed)  # type: ignore[no-any-return]


class DemoNet(nn.Module):
    """Logits (N, classes) of normalised pictures (N, 3, H, W); stride 4 before the first block, 8 from the second."""

    def __init__(self, classes: int = len(CLASSES)) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(32, 32))
        self.layer2 = nn.Sequential(Block(32, 64, stride=2))
        self.layer3 = nn.Sequential(Block(64, 64))
        self.layer4 = nn.Sequential(Block(64, 128))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(128, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))  # type: ignore[no-any-return]


def trained() -> DemoNet:
    """A `DemoNet` with the shipped weights, on the CPU and in eval mode."""
    net = DemoNet()
    net.load_state_dict(load_file(WEIGHTS), strict=True)
    return net.eval()
