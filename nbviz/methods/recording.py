"""One forward pass of one picture with every layer recorded; each question after it pays only its backward part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..address import Logit, Probability, Target, Unit
from ..errors import ForwardFailed, NotDefined, NotFinite
from ..network import Network
from ..rules import Dial, Rectifiers, Signal, first_unruled, gradient
from .registry import defined_anywhere


class Recording:
    """The activations of one picture, with the autograd graph that leads back to it.

    Rectifiers in the graph obey a dial, so that gradient, deconvnet and guided backprop share the one forward.
    `x` is the input (1, C, H, W) in model space, `logits` the model's output, `revision` that of the weights.
    """

    def __init__(self, net: Network, image: Any) -> None:
        self.net = net
        self._dial = Dial()
        x = net.preprocess(image)
        with net.running(), torch.enable_grad(), Rectifiers(self._dial):
            self.revision = net.revision
            self.x = x.detach().clone().requires_grad_()
            run, logits = net.run(self.x, None)
        assert logits is not None
        self.outputs, self.logits = run.outputs, logits
        self._require_finite()

    def _require_finite(self) -> None:
        if bool(torch.isfinite(self.logits).all()):
            return
        for name, output in self.outputs.items():
            _require_finite(name, output)
        raise NotFinite(f"The output of {self.net.name} is NaN or infinite on this picture.")

    @cached_property
    def picture(self) -> NDArray[np.uint8]:
        """What the network saw, uint8 (H, W, 3); other than 1 or 3 channels as their mean."""
        return self.net.picture(self.x)

    def output(self, layer: str) -> Tensor:
        """The raw output of `layer`, part of the graph."""
        name = self.net.layer(layer).name
        if name not in self.outputs:
            raise NotDefined(f"Layer {name!r} was not computed for this picture.")
        return self.outputs[name]

    @torch.inference_mode(False)
    @torch.enable_grad()
    def maps(self, layer: str) -> Tensor:
        """The maps (C, H, W) of `layer`, part of the graph; a vector as (C, 1, 1)."""
        output = self.output(layer)
        _require_finite(layer, output)
        return self.net.as_map(layer, output, self.x)[0]

    def locate(self, unit: Unit) -> tuple[int, int]:
        """The position of a neuron, or of the strongest response of a channel; (row, column)."""
        if unit.position:
            return unit.position
        plane = self.maps(unit.layer)[unit.channel].detach()
        return divmod(int(plane.argmax()), plane.shape[1])

    @torch.inference_mode(False)
    @torch.enable_grad()
    def value(self, target: Target) -> Tensor:
        """The target's value as a scalar of the graph; a channel counts where it is strongest."""
        if isinstance(target, Unit):
            return self.maps(target.layer)[(target.channel, *self.locate(target))]
        if isinstance(target, Logit):
            return self.logits[0, target.index]
        if isinstance(target, Probability):
            return self.logits[0].softmax(0)[target.index]
        return torch.stack([weight * self.value(part) for weight, part in target.terms]).sum()

    def resolve(self, target: Target | str | int | None) -> Target:
        """A validated target; None means the logit of the predicted class."""
        if target is None:
            self.net.class_index(0)
            return self.net.logit(int(self.logits[0].argmax()))
        return self.net.target(target)

    def backward(
        self, value: Tensor, to: Tensor, signal: Signal = gradient, seed: Tensor | None = None, label: str = ""
    ) -> Tensor:
        """The backward signal from the scalar `value` to the tensor `to`, started with `seed` (1 by default).

        `NotDefined` where nothing leads from one to the other, or where the signal has no rule on the way.
        """
        if signal is not gradient:
            self._require_rules(value, label)
        found = self.reaching(value, to, signal, seed)
        if found is None:
            raise NotDefined("Nothing leads from the target back to the place asked about: the gradient stops before.")
        return found

    def reaching(
        self, value: Tensor, to: Tensor, signal: Signal = gradient, seed: Tensor | None = None
    ) -> Tensor | None:
        """As `backward`, without asking whether the signal is defined; None where nothing leads there."""
        return self.reaching_all(value, [to], signal, seed)[0]

    def reaching_all(
        self, value: Tensor, places: Sequence[Tensor], signal: Signal = gradient, seed: Tensor | None = None
    ) -> Sequence[Tensor | None]:
        """What reaches each of several places on one way back; None where nothing does.

        `ForwardFailed` where the network overwrites what its own backward pass needs, as weights do while training.
        """
        if not value.requires_grad or not any(place.requires_grad for place in places):
            return [None] * len(places)
        with self.net.running(), torch.enable_grad():
            self._dial.signal = signal
            try:
                # A layer that only reads constants, such as a table of positions, is no place on the way.
                open_ones = [place for place in places if place.requires_grad]
                found = iter(torch.autograd.grad(value, open_ones, seed, retain_graph=True, allow_unused=True))
                return [next(found) if place.requires_grad else None for place in places]
            except RuntimeError as error:
                if self.net.sync() != self.revision:
                    raise ForwardFailed(
                        "The weights changed while this was computed, as in training; try again."
                    ) from error
                cause = str(error).partition("\n")[0]
                raise ForwardFailed(f"No gradient can be taken through {self.net.name}: {cause}") from error
            finally:
                self._dial.signal = gradient

    def _require_rules(self, value: Tensor, label: str) -> None:
        gap = first_unruled(value)
        if gap:
            layer, activation = gap
            where = f" in layer {layer!r}" if layer else ""
            raise NotDefined(
                f"{label} is not defined here: it has a rule for rectifiers (ReLU, ReLU6) only, and on the way back "
                f"lies {activation}{where}. Defined here: {defined_anywhere()}."
            )


def _require_finite(layer: str, output: Tensor) -> None:
    if output.is_floating_point() and not bool(torch.isfinite(output).all()):
        raise NotFinite(f"Layer {layer!r} computes NaN or infinity on this picture; what follows it is undefined.")


def record(net: Network, image: Any) -> Recording:
    """The recording of a picture; one that is given and still belongs to the network's weights is used as it is."""
    if isinstance(image, Recording):
        if image.net is net and image.revision == net.sync():
            return image
        return Recording(net, image.x)
    return Recording(net, image)
