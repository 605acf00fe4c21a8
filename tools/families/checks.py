"""What it means that a method is right on a family: one function a method, its result against a reference."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import nbviz
from nbviz.errors import NbvizError, NotDefined
from nbviz.methods import METHODS

from . import plain, relevance
from .plain import Plain, Read
from .rectified import rectifiers
from .zoo import CLASSES, Family, built

TOLERANCE = 1e-6
"""Largest deviation allowed, as a share of the reference's largest magnitude. Results come in float32: 6e-8."""


@dataclass(frozen=True)
class Cell:
    """`kind` is "right", "not defined", "wrong" or "unchecked"; `error` the largest deviation seen."""

    kind: str
    text: str = ""
    error: float = 0.0


class Wrong(AssertionError):
    """What was found and what was expected."""


class Subject:
    """A family's network, its picture, nbviz's view of it, and the plain reference."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.model, self.x = built(family)
        # nbviz gets a copy: what the reference does to the original cannot help it.
        self.net = nbviz.Network(copy.deepcopy(self.model), input_size=family.size, device="cpu")
        self.plain = Plain(self.model, self.x)
        self.worst = 0.0

    def same(self, found: Tensor | float, expected: Tensor | float, what: str, tolerance: float = TOLERANCE) -> None:
        """`Wrong` where the two deviate by more than the tolerance."""
        a, b = (torch.as_tensor(v, dtype=torch.float64).detach() for v in (found, expected))
        if a.shape != b.shape:
            raise Wrong(f"{what}: shape {tuple(a.shape)} instead of {tuple(b.shape)}")
        scale = float(b.abs().max())
        self.require(scale > 0, f"{what}: the reference is zero everywhere, which compares nothing")
        error = float((a - b).abs().max()) / scale
        self.worst = max(self.worst, error) if tolerance == TOLERANCE else self.worst
        if not error <= tolerance:
            raise Wrong(f"{what}: off by {error:.1e} of the largest value")

    def require(self, condition: bool, what: str) -> None:
        """`Wrong` where something does not hold."""
        if not condition:
            raise Wrong(what)

    @cached_property
    def unit(self) -> tuple[nbviz.Unit, Read, list[str]]:
        """The strongest neuron of the family's late convolution: for nbviz, and for the reference."""
        layer = self.family.convolution
        maps = self.plain.forward(self.x, [layer])[1][layer][0].detach()
        channel, rest = divmod(int(maps.argmax()), maps[0].numel())
        place = (channel, *divmod(rest, maps.shape[2]))
        return nbviz.Unit(layer, *place), plain.neuron(layer, *place), [layer]

    @cached_property
    def index(self) -> int:
        """A class for which none of the class maps is empty."""
        for index in range(CLASSES):
            maps, slopes = self.plain.maps_and_slopes(self.family.last, plain.logit(index), self.family.layout)
            found = plain.grad_cam(maps, slopes).relu(), plain.grad_cam_pp(maps, slopes), plain.layer_cam(maps, slopes)
            if all(one is None or bool(one.any()) for one in found):
                return index
        raise Wrong("every class has an empty map")

    @property
    def questions(self) -> list[tuple[Any, Read, list[str]]]:
        """A neuron and a class, with how the reference reads them."""
        return [self.unit, (self.index, plain.logit(self.index), [])]

    @cached_property
    def evidence(self) -> tuple[Tensor, Tensor]:
        """Maps and slopes of a class at the family's last layer, by the reference."""
        return self.plain.maps_and_slopes(self.family.last, plain.logit(self.index), self.family.layout)

    def level(self, value: float) -> Tensor:
        """A grey level in [0, 1] in model space, (3,): ImageNet's mean and std."""
        mean, std = torch.tensor([0.485, 0.456, 0.406]).double(), torch.tensor([0.229, 0.224, 0.225]).double()
        return (value - mean) / std


def _undefined(subject: Subject, ask: Callable[[], object], because: str) -> str:
    """The reason, checked: nbviz must refuse, name the cause, and name a layer in which it is."""
    try:
        ask()
    except NotDefined as error:
        message = str(error)
    else:
        raise Wrong(f"gave a picture although there is {because}")
    subject.require(because.casefold() in message.casefold(), f"the reason is not {because}: {message}")
    return message


def _has(subject: Subject, layer: str, kind: str) -> bool:
    module = subject.model.get_submodule(layer)
    return any(type(part).__name__ == kind for part in module.modules())


_ATTENTION = (
    "MultiheadAttention", "ShiftedWindowAttention", "ShiftedWindowAttentionV2", "RelativePositionalMultiHeadAttention"
)  # fmt: skip


# -- one function a method -----------------------------------------------------------------------------------------


def activations(s: Subject) -> str:
    """Hooks on the original, outputs copied before anything can overwrite them."""
    family = s.family
    _, outputs = s.plain.forward(s.x, [family.last, family.convolution])
    found = nbviz.activations(s.net, s.x, family.last)
    s.same(found.values, plain.as_maps(outputs[family.last], family.layout), family.last)
    unit = s.unit[0]
    plane = outputs[family.convolution][0, unit.channel]
    one = nbviz.activations(s.net, s.x, unit.whole)
    s.same(one.values, plane, str(unit))
    s.same(one.score or 0.0, plane.max(), "score")
    return ""


def neuron_gradient(s: Subject) -> str:
    """Autograd, which in turn agrees with central differences along three directions."""
    for target, read, layers in s.questions:
        expected = s.plain.slope(s.x, read, layers)
        s.same(
            nbviz.neuron_gradient(s.net, s.x, target if layers else s.net.logit(target)).values, expected, "gradient"
        )
        generator = torch.Generator().manual_seed(0)
        for _ in range(3):
            direction = F.normalize(torch.randn(s.x.shape, generator=generator).double(), dim=(1, 2, 3))  # type: ignore[arg-type]
            along = float((expected * direction[0]).sum())
            off = abs(s.plain.along(direction, read, layers) - along) / float(expected.norm())
            s.require(off < 1e-4, f"finite differences: off by {off:.1e}")
    return ""


def saliency(s: Subject) -> str:
    """max over colour of |autograd|."""
    s.same(
        nbviz.saliency(s.net, s.x, s.index).values, s.plain.slope(s.x, plain.logit(s.index), []).abs().amax(0), "map"
    )
    return ""


def smooth_grad(s: Subject) -> str:
    """A loop over the same noise; mean, mean square and variance."""
    slopes = plain.noisy_slopes(s.plain, plain.logit(s.index), 3, 0.1, 5)
    expected = {"plain": slopes.mean(0), "square": slopes.square().mean(0), "variance": slopes.var(0, correction=0)}
    for form, values in expected.items():
        s.same(nbviz.smooth_grad(s.net, s.x, s.index, samples=3, noise=0.1, seed=5, form=form).values, values, form)
    return ""


def integrated_gradients(s: Subject) -> str:
    """A loop over the middles of equal parts; and how well the values add up to the change is told as it is."""
    start = s.level(0.5)[None, :, None, None].expand_as(s.x)
    s.same(s.net.normalise(torch.full_like(s.x, 0.5, dtype=torch.float32)), start, "grey")
    change = (s.plain.forward(s.x, [])[0] - s.plain.forward(start, [])[0])[0].detach()
    index = int(change.abs().argmax())  # of the class with the largest change: a small one is no measure of a sum
    loop = plain.path_mean(s.plain, plain.logit(index), start, 6)
    s.same(nbviz.integrated_gradients(s.net, s.x, index, steps=6, baseline=start).values, loop, "sum")
    found = nbviz.integrated_gradients(s.net, s.x, index, baseline=start)
    share = float(found.values.double().sum() / change[index])
    s.same(found.numbers["completeness"], share, "completeness", 1e-4)
    s.require(abs(share - 1) < 0.0101 or "more steps" in found.note, f"silent about {share:.2%}")
    return f"Σ {share:.1%}"


def _rectified(s: Subject, method: Callable[..., Any], rule: str) -> str:
    if s.family.curved:
        message = _undefined(s, lambda: method(s.net, s.x, s.net.logit(s.index)), s.family.curved)
        named = message.partition("layer '")[2].partition("'")[0]
        s.require(_has(s, named, s.family.curved), f"there is no {s.family.curved} in {named!r}")
        raise NotDefined(f"{s.family.curved} in `{named}`")
    for target, read, layers in s.questions:
        value = s.plain.value(s.x, read, layers)
        found = method(s.net, s.x, target if layers else s.net.logit(target))
        if rule == "deconvnet" and value <= 0:
            s.require(
                not found.values.any() and "nothing to project" in found.note, "nothing starts from a value below 0"
            )
            continue
        with rectifiers(rule):
            expected = s.plain.slope(s.x, read, layers) * (value if rule == "deconvnet" else 1)
        s.same(found.values, expected, rule)
        s.same(found.score, value, "score")
    return ""


def guided_backprop(s: Subject) -> str:
    """torch's rectifiers replaced by ones whose output drops negative signals."""
    return _rectified(s, nbviz.guided_backprop, "guided")


def deconvnet(s: Subject) -> str:
    """torch's rectifiers replaced by ones that drop negative signals and forget their input; times the activation."""
    return _rectified(s, nbviz.deconvnet, "deconvnet")


def guided_grad_cam(s: Subject) -> str:
    """The two references multiplied; enlarged by a matrix written out."""
    if s.family.curved:
        return _rectified(s, nbviz.guided_grad_cam, "guided")
    with rectifiers("guided"):
        detail = s.plain.slope(s.x, plain.logit(s.index), [])
    where = plain.enlarged(plain.grad_cam(*s.evidence).relu(), *s.x.shape[-2:])
    s.same(nbviz.guided_grad_cam(s.net, s.x, s.index).values, detail * where, "product")
    return ""


def grad_cam(s: Subject) -> str:
    """The formula on hooks: rectified, signed, one class minus another, and among all layers at once."""
    signed = plain.grad_cam(*s.evidence)
    s.same(nbviz.grad_cam(s.net, s.x, s.index).values, signed.relu(), "rectified")
    s.same(nbviz.grad_cam(s.net, s.x, s.index, signed=True).values, signed, "signed")
    other = (s.index + 1) % CLASSES
    both: Read = lambda logits, _: logits[0, s.index] - logits[0, other]  # noqa: E731
    maps, slopes = s.plain.maps_and_slopes(s.family.last, both, s.family.layout)
    difference = s.net.logit(s.index) - s.net.logit(other)
    s.same(nbviz.grad_cam(s.net, s.x, difference, signed=True).values, plain.grad_cam(maps, slopes), "difference")
    at = nbviz.grad_cam(s.net, s.x, s.index).layer
    s.same(nbviz.grad_cams(s.net, s.x, s.index, signed=True)[str(at)].values, signed, "all layers at once")
    return ""


def grad_cam_pp(s: Subject) -> str:
    """The formula on hooks."""
    expected = plain.grad_cam_pp(*s.evidence)
    if expected is None:
        _undefined(s, lambda: nbviz.grad_cam_pp(s.net, s.x, s.index), "pole")
        raise NotDefined(f"a pole: maps of `{s.family.last}` are negative")
    s.same(nbviz.grad_cam_pp(s.net, s.x, s.index).values, expected, "map")
    return ""


def layer_cam(s: Subject) -> str:
    """The formula on hooks."""
    s.same(nbviz.layer_cam(s.net, s.x, s.index).values, plain.layer_cam(*s.evidence), "map")
    return ""


def cam(s: Subject) -> str:
    """Σ_k w_k A_k from the head's own weights; its mean and the bias are the logit."""
    family = s.family
    if not family.pooled:
        _undefined(s, lambda: nbviz.cam(s.net, s.x, s.index), "CAM is not defined")
        raise NotDefined("no linear layer on a global average")
    maps = s.plain.forward(s.x, [family.pooled])[1][family.pooled][0].detach()
    maps = maps.relu() if family.rectified else maps
    if family.head:
        head = s.model.get_submodule(family.head)
        assert isinstance(head, nn.Linear)
        values = sum((w * a for w, a in zip(head.weight[s.index], maps, strict=True)), torch.zeros_like(maps[0]))
        bias = float(head.bias[s.index])
    else:
        values, bias = maps[s.index], 0.0
    found = nbviz.cam(s.net, s.x, s.index)
    s.same(found.values, values, "map")
    s.same(float(found.values.double().mean()) + bias, s.plain.value(s.x, plain.logit(s.index), []), "mean and bias")
    return ""


def occlusion(s: Subject) -> str:
    """A loop over a coarse grid of windows that does not fit the picture."""
    window, stride = s.family.size // 2 - 1, s.family.size // 3
    grey = s.level(0.5)
    cover = grey[None, :, None, None].expand_as(s.x)
    s.same(s.net.normalise(torch.full_like(s.x, 0.5, dtype=torch.float32)), cover, "grey")
    expected = plain.occlusion(s.plain, plain.logit(s.index), grey, window, stride)
    s.same(nbviz.occlusion(s.net, s.x, s.index, window=window, stride=stride, baseline=cover).values, expected, "map")
    return ""


def lrp(s: Subject) -> str:
    """Gradient × input of the bent forward pass, for six presets; conservation without biases; w² and flat conserve."""
    if s.family.attention:
        message = _undefined(s, lambda: nbviz.lrp(s.net, s.x, s.index), "attention")
        named = message.partition("layer '")[2].partition("'")[0]
        block = named.rpartition(".")[0]
        there = any(_has(s, place, kind) for place in (named, block) for kind in _ATTENTION)
        s.require(there, f"there is no attention in {named!r} nor in the block it belongs to")
        raise NotDefined(f"attention in `{named}`")
    bounds = [
        torch.stack([s.level(level), getattr(s.x[0].flatten(1), end)(1)])
        for level, end in ((0.0, "amin"), (1.0, "amax"))
    ]
    low, high = bounds[0].amin(0)[None, :, None, None], bounds[1].amax(0)[None, :, None, None]
    for preset in relevance.EXACT:
        expected, score = relevance.lrp(s.model, s.x, s.index, preset, low, high)
        found = nbviz.lrp(s.net, s.x, s.index, rules=preset)
        s.same(found.values, expected, preset)
        s.same(found.score or 0.0, score, "score")
        s.same(found.numbers["ΣR"], float(found.values.double().sum()), "ΣR", 1e-4)
    for preset in ("wsquare", "flat"):
        share = nbviz.lrp(s.net, s.x, s.index, rules=preset).numbers["ΣR / value"]
        s.require(abs(share - 1) < 1e-3, f"{preset}: ΣR is {share:.4f} of the value")
    share = nbviz.lrp(_without_biases(s), s.x, s.index, rules="lrp0").numbers["ΣR / value"]
    s.require(abs(share - 1) < 1e-3, f"without biases ΣR is {share:.4f} of the value")
    return ""


def _without_biases(s: Subject) -> nbviz.Network:
    model = copy.deepcopy(s.model)
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if name.endswith(("bias", "running_mean")):
                tensor.zero_()
    return nbviz.Network(model, input_size=s.family.size, device="cpu")


def filters(s: Subject) -> str:
    """The weights of the first convolution that the original calls."""
    first = next(module for module in s.model.modules() if isinstance(module, nn.Conv2d))
    s.same(nbviz.filters(s.net).values, first.weight, "weights")
    return ""


CHECKS: dict[str, Callable[[Subject], str]] = {
    check.__name__: check
    for check in (
        activations, neuron_gradient, saliency, smooth_grad, integrated_gradients, guided_backprop, deconvnet,
        cam, grad_cam, grad_cam_pp, layer_cam, guided_grad_cam, occlusion, lrp, filters,
    )
}  # fmt: skip


def methods() -> list[str]:
    """Every method there is now, those that have a check in its order."""
    present = {*METHODS, "filters"}
    return [*(name for name in CHECKS if name in present), *sorted(present - set(CHECKS))]


def checked(subject: Subject, method: str) -> Cell:
    """The cell of a method on a family."""
    if method not in CHECKS:
        return Cell("unchecked", "no reference in tools/families/checks.py")
    subject.worst = 0.0
    try:
        remark = CHECKS[method](subject)
    except NotDefined as reason:
        return Cell("not defined", str(reason))
    except (Wrong, NbvizError) as error:
        return Cell("wrong", f"{type(error).__name__}: {error}")
    return Cell("right", remark, subject.worst)
