"""Relevance, from a target back to the picture along a tape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ...errors import NotDefined
from .composites import Height, Rows, rule_at
from .routes import KNOWN_AS, ROUTES, Place, folded_norm
from .rules import ZBox
from .tape import Call, NoRule, Tape, Value
from .weighted import CONVOLUTIONS, PRODUCTS, TRANSPOSED, WEIGHTED, Weighted

Bounds = Callable[[], tuple[Tensor, Tensor]]


@dataclass
class Walk:
    """One way back.

    `names` tells the layer of an output; `bounds` the lowest and highest picture there can be, for z^B.
    """

    tape: Tape
    rows: Rows
    names: Mapping[Value, str]
    bounds: Bounds
    absorbed: Tensor | float = 0.0
    _heights: dict[Call, Height] = field(default_factory=dict)
    _raw: set[Value] = field(default_factory=set)

    def back(self, start: Mapping[Value, Tensor]) -> Tensor:
        """R of the picture for R at the values started from; `absorbed` is then what fell to biases.

        Raises `NoRule`, naming the layer, where a call without a rule lies on the way.
        """
        self._survey(start)
        relevance = dict(start)
        for call in reversed(self.tape.calls):
            rs = [relevance.pop(v, None) for v in call.outputs]
            if all(r is None for r in rs):
                continue
            for value, r in self._through(call, rs):
                relevance[value] = relevance[value] + r if value in relevance else r
        found = relevance.get(self.tape.picture)
        if found is None:
            raise NotDefined("Nothing leads from the target back to the picture, so there is no relevance to show.")
        return found

    def _survey(self, start: Mapping[Value, Tensor]) -> None:
        """Which calls lie on the way, where each stands, and whether all have rules."""
        self._raw = {self.tape.picture}
        for call in self.tape.calls:
            if call.name not in WEIGHTED and all(v in self._raw for v in call.inputs):
                self._raw.update(call.outputs)
        layer_of = {value: self.names.get(value, "") for value in start}
        way: list[tuple[Call, str]] = []
        for call in reversed(self.tape.calls):
            reached = [v for v in call.outputs if v in layer_of]
            if not reached:
                continue
            layer = next((self.names[v] for v in call.outputs if v in self.names), layer_of[reached[0]])
            takers = [call.inputs[0]] if is_weighted(call) else _takers(call, layer)
            for value in takers:
                layer_of.setdefault(value, self.names.get(value, layer))
            way.append((call, layer))
        weighted = [call for call, _ in reversed(way) if is_weighted(call)]
        order = {call: i for i, call in enumerate(weighted)}
        for call, layer in way:
            at = order.get(call)
            pixels = at is not None and call.inputs[0] in self._raw
            top = at is not None and (at == len(weighted) - 1 or _is_vector(call))
            lower = at is not None and 2 * at < len(weighted)
            self._heights[call] = Height(layer, pixels, top, lower)

    def _through(self, call: Call, rs: list[Tensor | None]) -> list[tuple[Value, Tensor]]:
        if is_weighted(call):
            return [self._weighted(Weighted(call), rs)]
        producer = call.inputs[0].call
        if call.name == "batch_norm" and producer is not None and _folds(producer):
            return [self._weighted(Weighted(producer, folded_norm(call), call.outputs[0]), rs)]
        rule = next((rule for where, rule in self.rows if self._heights[call].fits(where)), None)
        place = Place(rule is not None and rule.evenly, all(v in self._raw for v in call.inputs), self._absorb)
        return ROUTES[call.name].back(call, rs, place)

    def _weighted(self, layer: Weighted, rs: list[Tensor | None]) -> tuple[Value, Tensor]:
        (r,) = rs
        assert r is not None
        rule = rule_at(self.rows, self._heights[layer.call])
        if isinstance(rule, ZBox):
            layer.bounds = self._bounds_at(layer)
        relevance, absorbed = rule.back(layer, r)
        self._absorb(absorbed)
        return layer.input, relevance

    def _absorb(self, amount: Tensor) -> None:
        self.absorbed = self.absorbed + amount.detach()

    def _bounds_at(self, layer: Weighted) -> tuple[Tensor, Tensor]:
        """The bounds of the pixels as the layer sees them: in its own units, after what the network does first."""
        if layer.input not in self._raw:
            raise NotDefined(
                f"z^B is a rule for pixels, and layer {self._heights[layer.call].layer!r} does not see them; "
                "give it in a row ('pixels', 'zbox')."
            )
        ends = [_again(layer.input, self.tape.picture, end) for end in self.bounds()]
        return torch.minimum(*ends), torch.maximum(*ends)


def is_weighted(call: Call) -> bool:
    """Whether a call has weights that do not depend on the picture, applied to one value that does."""
    if call.name not in WEIGHTED or len(call.inputs) != 1:
        return False
    sides = (call.argument(0, "input"), call.argument(1, "other")) if call.name in PRODUCTS else ()
    return not sides or sum(isinstance(side, Value) for side in sides) == 1


def _folds(call: Call) -> bool:
    """Whether a batch-norm on this call's output is part of it: both mean the same axis by channels."""
    flat = call.name == "linear" and call.outputs[0].tensor.dim() == 2
    return is_weighted(call) and (call.name in CONVOLUTIONS | TRANSPOSED or flat)


def _is_vector(call: Call) -> bool:
    shape = call.outputs[0].tensor.shape
    return len(shape) == 2 or (call.name in CONVOLUTIONS and all(n == 1 for n in shape[2:]))


def _takers(call: Call, layer: str) -> list[Value]:
    row = ROUTES.get(call.name)
    takers = row.takers(call) if row else None
    if takers is None:
        where = f"in or right before layer {layer!r}" if layer else "at the end"
        what = KNOWN_AS.get(call.name, f"the function {call.name!r}")
        raise NoRule(f"{where} lies {what}, for which there is no rule")
    return takers


def _again(value: Value, picture: Value, x: Tensor) -> Tensor:
    """What a value would be for another picture; for the few calls before the first weights."""
    if value is picture:
        return x
    assert value.call is not None
    with torch.no_grad():
        result = value.call.run(lambda v: _again(v, picture, x))
    if isinstance(result, Tensor):
        return result
    parts = [part for part in result if part.is_floating_point()]
    found: Tensor = parts[value.call.outputs.index(value)]
    return found
