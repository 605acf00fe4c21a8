"""Bach et al., 'On Pixel-Wise Explanations for Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation',
2015; Montavon et al., 'Layer-Wise Relevance Propagation: An Overview', 2019."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import torch
from torch import Tensor

from ..address import Probability, Target, Unit
from ..errors import ForwardFailed, NotDefined
from ..network import Network
from ..rules.lrp import PRESETS, NoRule, Tape, Value, Walk, composite
from .attribution import Attribution
from .recording import Recording
from .registry import Choice, defined_anywhere, method

# What a reader of one preset's picture must know.
_CAUTIONS = {
    "flat": "the rule ignores what the picture shows: this is how far the target looks, for comparison",
    "wsquare": "the rule ignores what the picture shows: this is where the weights look, for comparison",
    "zplus": "z⁺ alone changes little from class to class (Sixt et al., 2020)",
}


# Below this share of the target's value, a picture says how little of it is shown.
_LITTLE = 0.05

_CHANGED = "The weights changed while this was computed, as in training; try again."

_CAUTION = "On some networks, such as SqueezeNet, the picture changes little when upper weights are randomised."


@method("LRP", asks="class", signed=True, anywhere=False, note=_CAUTION)
def lrp(
    net: Network,
    image: Any,
    target: Target | str | int | None = None,
    rules: Annotated[str | list[Any] | tuple[Any, ...], Choice(*PRESETS, label="rules")] = "composite",
) -> Attribution:
    """The target's value, shared out layer by layer over what it was computed from, down to the pixels.

    `rules` is a preset, or a composite of one's own: rows (where, rule) of which the first that fits a layer counts,
    such as `[("pixels", "zbox"), ("layer4*", Epsilon(0.1)), ("*", "gamma")]`; see `nbviz.rules.lrp.composites`.
    Batch-norm counts with the convolution before it, activations hand on what they get, gates get nothing.

    Returns values (H, W), signed, in input space and in the target's units: R summed over a pixel's colours. `numbers`
    has ΣR, ΣR as a share of the target's value, and the share that biases absorbed; what lacks to 1 fell to the ε of
    the rules. Raises `NotDefined` where a call without a rule lies on the way (attention, softmax), naming its layer,
    and for probabilities; `BadRequest` and `UnknownName` for rules that fit nothing.
    """
    rows = composite(rules, net.layers)
    try:
        taped = Taped(net, image)
        aim = taped.resolve(target)
        walk = Walk(taped.tape, rows, taped.names, taped.bounds)
        with taped.current():
            relevance = walk.back(taped.started(aim))[0]
    except NoRule as gap:
        raise NotDefined(f"LRP is not defined here: {gap}. Defined here: {defined_anywhere()}.") from None
    score = float(taped.value(aim).detach())
    numbers = _numbers(float(relevance.double().sum()), float(walk.absorbed), score)
    return Attribution(
        relevance.sum(0).float().cpu(), "input", True, "lrp", aim, aim.layer if isinstance(aim, Unit) else None, score,
        taped.picture, taped.locate(aim) if isinstance(aim, Unit) else None, _note(rules, numbers), numbers,
        additive=True,
    )  # fmt: skip


def _numbers(total: float, absorbed: float, score: float) -> dict[str, float]:
    shares = {"ΣR / value": total / score, "absorbed by biases": absorbed / score} if score else {}
    return {"ΣR": total, **shares}


def _note(rules: Any, numbers: dict[str, float]) -> str:
    caution = _CAUTIONS.get(rules, "") if isinstance(rules, str) else ""
    arrived = abs(numbers.get("ΣR / value", 1))
    lost = f"only {arrived:.1%} of the value reached the pixels, the rest fell to biases and ε"
    return "; ".join(part for part in (caution, lost if arrived < _LITTLE else "") if part)


class Taped(Recording):
    """A recording whose forward pass was written down for relevance instead of for gradients."""

    def __init__(self, net: Network, image: Any) -> None:
        self.net = net
        x = image.x if isinstance(image, Recording) else net.preprocess(image)
        with net.running(), torch.enable_grad():
            self.revision = net.revision
            self.x = x.detach().clone()
            self.tape = Tape(self.x)
            with self.tape:
                run, logits = net.run(self.x, None)
        assert logits is not None
        self.outputs, self.logits = run.outputs, logits
        self._require_finite()

    @contextmanager
    def current(self) -> Iterator[None]:
        """What is computed inside belongs to the weights of the forward pass, or is `ForwardFailed`."""
        with self.net.running():
            try:
                yield
            except RuntimeError as error:
                if self.net.sync() == self.revision:
                    raise
                raise ForwardFailed(_CHANGED) from error
            if self.net.sync() != self.revision:
                raise ForwardFailed(_CHANGED)

    @property
    def names(self) -> dict[Value, str]:
        """The layer whose output a value is; of several, the innermost."""
        found: dict[Value, str] = {}
        for name, output in self.outputs.items():
            if (value := self.tape.value(output)) is not None:
                found.setdefault(value, name)
        return found

    def started(self, aim: Target) -> dict[Value, Tensor]:
        """The target's value as relevance of the outputs it is a sum of: each counts with what it contributes."""
        parts = [part for _, part in aim.terms]
        if any(isinstance(part, Probability) for part in parts):
            raise NotDefined(
                "LRP shares out a sum, and a probability is a quotient; ask for the logit, or for the difference of "
                "two: net.logit(a) - net.logit(b)."
            )
        value = self.value(aim)
        outputs = [self.outputs[part.layer] for part in parts if isinstance(part, Unit)]
        places = list({id(t): t for t in (*outputs, self.logits)}.values())
        slopes = torch.autograd.grad(value, places, allow_unused=True) if value.requires_grad else [None] * len(places)
        return {self.tape.needed(t): t.detach() * s for t, s in zip(places, slopes, strict=True) if s is not None}

    def bounds(self) -> tuple[Tensor, Tensor]:
        """The darkest and the brightest picture in model space, stretched where this one goes beyond."""
        ends = [self.net.normalise(torch.full_like(self.x, level)) for level in (0.0, 1.0)]
        own = [self.x.amin((0, 2, 3), keepdim=True), self.x.amax((0, 2, 3), keepdim=True)]
        low, high = torch.minimum(*ends), torch.maximum(*ends)
        return torch.minimum(low, own[0]), torch.maximum(high, own[1])
