"""The time of a step beside the floor: the bare forward and backward pass of torch that nobody can avoid."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
from torchvision import models

import nbviz
from nbviz.synthesis import standard
from nbviz.synthesis.batch import Batch
from nbviz.synthesis.objectives import Objective
from nbviz.synthesis.parametrisations import Fourier
from nbviz.synthesis.transforms import disturb

from .parties import PARTIES
from .questions import SIZE, Question, Subject

LAYERS = {
    "resnet18": ("layer1", "layer3", "layer4"),
    "squeezenet1_1": ("features.4", "features.9", "features.12"),
    "mobilenet_v2": ("features.4", "features.10", "features.17"),
}
REPEATS = 7
TURNS = 3
TURN = 24
"""Steps of a turn: with the first ones, which cost more, as in a short run."""


def table() -> str:
    """One step of nbviz on a channel of an early, a middle and a late layer ÷ the floor of the whole network."""
    lines = ["| a step ÷ the floor | floor, ms | early | middle | late | late, 128 px |", "|---" * 6 + "|"]
    for name, layers in LAYERS.items():
        net = nbviz.Network(models.get_model(name, weights=None), input_size=SIZE, device="cpu")
        rivals = [_floor(net), *(_step(net, layer, SIZE) for layer in layers), _step(net, layers[-1], 128)]
        floor, *times = _alternating(rivals)
        lines.append(f"| {name} | {1000 * floor:.0f} | {' | '.join(f'{t / floor:.2f}' for t in times)} |")
    return "\n".join(lines)


def beside_lucent(subjects: list[Subject]) -> str:
    """Milliseconds of CPU a step of each party, on a channel of a middle layer, taking turns."""
    lines = ["| CPU ms a step, a middle layer | nbviz | lucent |", "|---|---|---|"]
    for subject in subjects:
        name = next(name for name, layer in subject.net.layers.items() if layer.spatial and _half_way(subject, name))
        question = Question(subject.name, name, 0, "middle", 1.0)
        taken: dict[str, list[float]] = {party: [] for party in PARTIES}
        for _ in range(TURNS):
            for party, run in PARTIES.items():
                taken[party].append(run(subject, question, TURN, 0).seconds_per_step)
        cells = " | ".join(f"{1000 * median(taken[party]):.0f}" for party in ("nbviz", "lucent"))
        lines.append(f"| {subject.name}, {name} | {cells} |")
    return "\n".join(lines)


def _half_way(subject: Subject, name: str) -> bool:
    names = list(subject.net.layers)
    return names.index(name) >= len(names) // 2


def _floor(net: nbviz.Network) -> Callable[[], object]:
    model = net._taps.twin
    x = torch.randn(1, 3, SIZE, SIZE, requires_grad=True)
    return lambda: torch.autograd.grad(model(x)[0, 0], x)


def _step(net: nbviz.Network, layer: str, size: int) -> Callable[[], object]:
    generator = torch.Generator().manual_seed(0)
    batch = Batch([Objective.of(net, net.unit(layer, 0))])
    picture = Fourier((1, 3, size, size), generator)

    def step() -> object:
        x = net.normalise(disturb(picture.pixels(), standard((size, size)), generator))
        return torch.autograd.grad(x, picture.free, batch.climb(net, x.detach())[2])

    return step


def _alternating(rivals: list[Callable[[], object]]) -> list[float]:
    """Median seconds of each, taking turns, so that a busy machine is busy for all."""
    times: list[list[float]] = [[] for _ in rivals]
    for _ in range(REPEATS):
        for rival, taken in zip(rivals, times, strict=True):
            began = time.process_time()
            rival()
            taken.append(time.process_time() - began)
    return [median(taken) for taken in times]
