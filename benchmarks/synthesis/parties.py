"""The two parties: the same question, size and seed; what each reaches along one run, undisturbed, in 8 bits."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

import nbviz

from .questions import SIZE, Question, Subject

CHECKPOINTS = (1, 2, 4, 6, 8, 12, 16, 24, 32, 40, 48, 56, 64, 80, 96, 128, 192, 256, 384, 512)
LUCENT_STEPS = 512
INSTALL = "pip install --no-deps --target FOLDER torch-lucent==0.1.8 kornia==0.4.1 decorator future"


@dataclass(frozen=True)
class Answer:
    """`curve` is the activation after so many steps; `pictures` the ones to keep, by step; seconds are of the CPU."""

    curve: dict[int, float]
    seconds_per_step: float
    pictures: dict[int, Image.Image]


def lucent(subject: Subject, question: Question, steps: int, seed: int) -> Answer:
    """torch-lucent 0.1.8 with its own defaults: Fourier picture, standard transforms, Adam 0.05, channel objective.

    It is given frozen weights, which spares it time, and rectifiers that do not work in place, without which its
    hook would read a layer's output after the next layer had overwritten it.
    """
    try:
        warnings.simplefilter("ignore")
        from lucent.optvis import param, render, transform
    except ImportError as error:
        raise SystemExit(f"lucent is not here ({error}): {INSTALL}, then PYTHONPATH=FOLDER.") from None
    model = subject.net._taps.twin
    _seed(seed)
    size_of_picture = param.image(SIZE)
    options: dict[str, object] = {"progress": False, "show_image": False}
    if subject.name == "demo":  # its own normalisation instead of ImageNet's
        options |= {"transforms": [*transform.standard_transforms, subject.net.normalise], "preprocess": False}
    objective = f"labels:{question.channel}" if not question.layer else f"{_lucent_name(question)}:{question.channel}"
    thresholds = tuple(step for step in CHECKPOINTS if step <= steps)
    began = time.process_time()
    try:
        images = render.render_vis(model, objective, lambda: size_of_picture, thresholds=thresholds, **options)
    finally:
        taken = time.process_time() - began
        _forget_lucent_hooks(model)
    pixels = {step: torch.from_numpy(np.moveaxis(image, 3, 1)) for step, image in zip(thresholds, images, strict=True)}
    curve = {step: subject.activation(question, picture) for step, picture in pixels.items()}
    kept = {step: _picture(pixels[step]) for step in (128, steps) if step in pixels}
    return Answer(curve, taken / steps, kept)


def _lucent_name(question: Question) -> str:
    return question.layer.replace(".", "_")


def _forget_lucent_hooks(model: torch.nn.Module) -> None:
    """lucent leaves its hooks behind, one more on every module with every run."""
    for module in model.modules():
        for key, hook in list(module._forward_hooks.items()):
            if type(getattr(hook, "__self__", None)).__name__ == "ModuleHook":
                del module._forward_hooks[key]


def _seed(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - that is where lucent draws from


def own(subject: Subject, question: Question, steps: int, seed: int, **options: object) -> Answer:
    """nbviz with its defaults."""
    net = subject.net
    target = net.unit(question.layer, question.channel) if question.layer else net.logit(question.channel)
    seen: dict[int, torch.Tensor] = {}
    spent = 0.0

    def look(step: nbviz.synthesis.Step) -> None:
        nonlocal spent
        at = time.process_time()
        # A step shows the picture before its change: that of step 5 has seen 4.
        if step.step - 1 in CHECKPOINTS:
            seen[step.step - 1] = torch.from_numpy(step.picture().copy()).permute(2, 0, 1)[None] / 255
        spent += time.process_time() - at

    began = time.process_time()
    result = nbviz.visualize(net, target, steps=steps, size=SIZE, seed=seed, on_step=look, **options)  # type: ignore[arg-type]
    taken = time.process_time() - began - spent
    curve = {step: subject.activation(question, picture) for step, picture in seen.items()}
    assert result.activation is not None
    curve[steps] = result.activation
    return Answer(curve, taken / result.steps, {steps: result.image})


def _picture(pixels: torch.Tensor) -> Image.Image:
    return Image.fromarray(pixels[0].mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).numpy())


PARTIES: dict[str, Callable[..., Answer]] = {"lucent": lucent, "nbviz": own}
STEPS = {"lucent": LUCENT_STEPS, "nbviz": 128}
