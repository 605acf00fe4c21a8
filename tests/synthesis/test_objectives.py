"""The value of a target is what the definition says, read from layers computed by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nbviz.address import Logit, Probability, Sum, Target, Unit
from nbviz.errors import BadRequest, OutOfRange, UnknownName
from nbviz.network import Network
from nbviz.synthesis.objectives import Objective


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Small(nn.Module):
    """Two convolutions and a linear head, small enough to follow by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 5, 3, stride=2)
        self.head = nn.Linear(5, 6)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.second(torch.tanh(self.first(x)))
        return self.head(maps.mean((2, 3)))


@pytest.fixture(scope="module")
def net() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Network(Small().double(), input_size=(9, 12))


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.randn(2, 3, 9, 12, generator=seeded(), dtype=torch.float64)


def by_hand(net: Network, x: Tensor) -> dict[str, Tensor]:
    model = net.model
    assert isinstance(model, Small)
    with torch.no_grad():
        first = model.first(x)
        second = model.second(torch.tanh(first))
        return {"first": first, "second": second, "logits": model.head(second.mean((2, 3)))}


def value(net: Network, target: Target | str | int, x: Tensor) -> Tensor:
    objective = Objective.of(net, target)
    return objective.value(objective.tap(net, x))


def test_a_channel_counts_by_its_mean_over_positions(net: Network, x: Tensor) -> None:
    torch.testing.assert_close(value(net, Unit("first", 2), x), by_hand(net, x)["first"][:, 2].mean((1, 2)))


def test_a_neuron_counts_at_its_row_and_column(net: Network, x: Tensor) -> None:
    torch.testing.assert_close(value(net, Unit("second", 4, 1, 3), x), by_hand(net, x)["second"][:, 4, 1, 3])


def test_classes_count_before_and_after_the_softmax(net: Network, x: Tensor) -> None:
    logits = by_hand(net, x)["logits"]
    torch.testing.assert_close(value(net, Logit(3), x), logits[:, 3])
    torch.testing.assert_close(value(net, Probability(1), x), (logits.exp() / logits.exp().sum(1, True))[:, 1])


def test_a_unit_of_a_vector_layer_is_its_number(net: Network, x: Tensor) -> None:
    torch.testing.assert_close(value(net, Unit("head", 3), x), by_hand(net, x)["logits"][:, 3])


def test_sums_weigh_their_parts_also_negatively_and_nested(net: Network, x: Tensor) -> None:
    known = by_hand(net, x)
    target = net.unit("first", 0) - 0.5 * net.unit("second", 1, 0, 2) + 2 * net.logit(5)
    expected = known["first"][:, 0].mean((1, 2)) - 0.5 * known["second"][:, 1, 0, 2] + 2 * known["logits"][:, 5]
    torch.testing.assert_close(value(net, target, x), expected)
    torch.testing.assert_close(
        value(net, Sum(((-3.0, target), (1.0, Logit(0)))), x), known["logits"][:, 0] - 3 * expected
    )


def test_names_will_do(net: Network, x: Tensor) -> None:
    known = by_hand(net, x)
    torch.testing.assert_close(value(net, "second:4@1,3", x), known["second"][:, 4, 1, 3])
    torch.testing.assert_close(value(net, 2, x), known["logits"][:, 2])


def test_only_what_is_needed_is_asked_of_the_network(net: Network, x: Tensor) -> None:
    near = Objective.of(net, net.unit("first", 0) + net.unit("first", 1))
    assert (near.layers, near.logits) == (("first",), False)
    assert set(near.tap(net, x)) == {"first"}
    far = Objective.of(net, net.unit("first", 0) + net.probability(1))
    assert (far.layers, far.logits) == (("first",), True)
    assert set(far.tap(net, x)) == {"first", ""}


@pytest.mark.parametrize("target", ["first:1", "second:1@2,2", 3])
def test_the_gradient_is_that_of_finite_differences(net: Network, x: Tensor, target: str | int) -> None:
    x = x[:1].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(net, target, x).sum(), x)
    direction = torch.randn(x.shape, generator=seeded(1), dtype=torch.float64)
    h = 1e-5
    slope = (value(net, target, x.detach() + h * direction) - value(net, target, x.detach() - h * direction)) / (2 * h)
    torch.testing.assert_close((gradient * direction).sum(), slope[0], rtol=1e-6, atol=1e-9)


def test_activation_is_the_strongest_position_of_a_single_unit_only(net: Network, x: Tensor) -> None:
    def activation(target: Target) -> Tensor | None:
        objective = Objective.of(net, target)
        return objective.activation(objective.tap(net, x))

    known = by_hand(net, x)
    torch.testing.assert_close(activation(Unit("first", 2)), known["first"][:, 2].amax((1, 2)))
    torch.testing.assert_close(activation(Unit("second", 4, 1, 3)), known["second"][:, 4, 1, 3])
    torch.testing.assert_close(activation(Logit(3)), known["logits"][:, 3])
    assert activation(Unit("first", 2) + Unit("first", 3)) is None
    assert activation(-Unit("first", 2)) is None


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        (None, BadRequest, "A NoneType is not an objective"),
        ([Unit("first", 0)], BadRequest, "A list is not an objective"),
        (0 * Unit("first", 0), BadRequest, "no part with a weight other than zero"),
        (float("nan") * Unit("first", 0), BadRequest, "not a finite number"),
        (Unit("frist", 0), UnknownName, "first"),
        (Unit("first", 4), OutOfRange, "0 … 3"),
        (Unit("second", 0, 9, 9), OutOfRange, "position"),
        (Unit("first", 0) + Logit(6), OutOfRange, "0 … 5"),
    ],
)
def test_what_does_not_exist_is_said(net: Network, target: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Objective.of(net, target)


def test_a_place_beyond_a_smaller_picture_is_said(net: Network, x: Tensor) -> None:
    with pytest.raises(OutOfRange, match=r"'second:0@3,4' lies outside the map of 'second', which is 2×3"):
        value(net, Unit("second", 0, 3, 4), x[..., :6, :8])
