"""What both parties are asked: sampled channels of three networks, and classes of one, with what nature reaches."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torchvision import models

import nbviz

from .spectrum import Range

NETWORKS = ("mobilenet_v2", "squeezenet1_1", "demo")
JUDGES = {"mobilenet_v2": "squeezenet1_1"}
"""Who is shown the class pictures of a network."""
CHANNELS = 64
CLASSES = 20
SIZE = 224
SCENES = 256
DEPTHS = ("early", "middle", "late")
# What people click on: results of convolutions and blocks. After a ReLU6 nothing can exceed 6, so its channels cannot
# be compared with nature; the batch-norm before it is asked instead.
_KINDS = {
    "mobilenet_v2": ("BatchNorm2d", "InvertedResidual"),
    "squeezenet1_1": ("Conv2d", "ReLU", "Fire"),
    "demo": ("BatchNorm2d", "ReLU", "Block"),
}


@dataclass(frozen=True)
class Question:
    """A channel of a layer, or (layer "") a class; `natural` is the largest value on natural pictures."""

    network: str
    layer: str
    channel: int
    depth: str
    natural: float

    @property
    def key(self) -> str:
        return f"{self.network}/{self.layer or 'logits'}:{self.channel}"


class Subject:
    """A network, its natural maxima, and the channels sampled from it."""

    def __init__(self, name: str, data: Path) -> None:
        self.name, self.data = name, data
        model = nbviz.demo.model() if name == "demo" else _real(name, data)
        options = {"transform": nbviz.demo.transform} if name == "demo" else {"input_size": SIZE}
        self.net = nbviz.Network(model, device="cpu", **options)  # type: ignore[arg-type]
        self.net.name = name

    def pictures(self) -> Iterator[object]:
        """What counts as nature: the demo's scenes, else all photographs."""
        if self.name == "demo":
            yield from nbviz.demo.scenes(SCENES, seed=11).pictures
        else:
            yield from sorted((self.data / "photos").glob("*.jpg"))

    @cached_property
    def natural(self) -> dict[str, torch.Tensor]:
        """By layer, the strongest activation of each channel over all positions of all pictures."""
        kinds = _KINDS[self.name]
        names = [layer.name for layer in self.net.layers.values() if layer.kind in kinds and layer.spatial]
        found: dict[str, torch.Tensor] = {}
        with torch.no_grad():
            for picture in self.pictures():
                for layer, maps in self.net.tap(self.net.preprocess(picture), names, logits=True).items():
                    most = maps.flatten(2).amax(2)[0] if maps.dim() == 4 else maps[0]
                    found[layer] = most.maximum(found[layer]) if layer in found else most
        return found

    @cached_property
    def nature(self) -> Range:
        """The spectra of what counts as nature."""
        net = self.net
        return Range.of(net.denormalise(net.preprocess(picture))[0].clamp(0, 1) for picture in self.pictures())

    @cached_property
    def judge(self) -> Subject:
        """The network that is shown this one's class pictures."""
        return Subject(JUDGES[self.name], self.data)

    def channels(self) -> list[Question]:
        """`CHANNELS` channels, early, middle and late in turn; only such as some natural picture excites."""
        layers = [name for name in self.natural if name]
        draw = random.Random(0)
        asked: list[Question] = []
        while len(asked) < CHANNELS:
            third = len(asked) % 3
            layer = draw.choice(layers[third * len(layers) // 3 : (third + 1) * len(layers) // 3])
            channel = draw.randrange(len(self.natural[layer]))
            natural = float(self.natural[layer][channel])
            question = Question(self.name, layer, channel, DEPTHS[third], natural)
            if natural > 0.01 and question not in asked:
                asked.append(question)
        return asked

    def classes(self) -> list[Question]:
        """`CLASSES` classes by their logit."""
        picked = random.Random(1).sample(range(self.net.classes), CLASSES)
        return [Question(self.name, "", index, "class", float(self.natural[""][index])) for index in picked]

    def activation(self, question: Question, pixels: torch.Tensor) -> float:
        """As `Synthesis.activation`: on the picture (1, 3, H, W) undisturbed in 8 bits, the strongest position."""
        x = self.net.normalise(pixels.mul(255).round().div(255))
        with torch.no_grad():
            if not question.layer:
                return float(self.net.tap(x, [], logits=True)[""][0, question.channel])
            return float(self.net.tap(x, [question.layer])[question.layer][0, question.channel].max())


def _real(name: str, data: Path) -> nn.Module:
    model: nn.Module = models.get_model(name, weights=None)
    model.load_state_dict(load_file(data / f"{name}_imagenet.safetensors"), strict=True)
    return model


def in_turn(subjects: dict[str, Subject], wanted: Callable[[Question], bool]) -> list[Question]:
    """All questions, networks and depths interleaved, so that the first n are a fair sample of them."""
    rows = [subject.channels() for subject in subjects.values()]
    if "mobilenet_v2" in subjects:
        rows.append(subjects["mobilenet_v2"].classes())
    longest = max(map(len, rows))
    asked = [row[i] for i in range(longest) for row in rows if i < len(row)]
    return [question for question in asked if wanted(question)]
