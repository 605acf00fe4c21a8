"""What is said of each channel of a layer – share in a class, extremes, groups – against loops in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz.errors import BadRequest, NotDefined, NotFinite
from nbviz.methods import contributions, extremes, groups, record
from nbviz.methods.groups import factorise
from tests.doubles import noise, tiny_model, tiny_network

from .cases import CASES, Case, Microscope
from .tape import Array
from .test_signals import distance


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.__name__)
def under(request: pytest.FixtureRequest) -> Microscope:
    case: type[Case] = request.param
    return Microscope(case())


# -- contributions


def test_a_contribution_is_the_sum_over_positions_of_slope_times_activation(under: Microscope) -> None:
    for layer in under.named:
        maps = under.tape.values[layer]
        slopes = under.tape.back("fc", np.eye(3)[1], "gradient", to=layer)
        expected = (maps * slopes).reshape(len(maps), -1).sum(1)
        found = contributions(under.net, under.x, 1, layer)
        assert found.shape == (len(maps),)
        assert distance(found, expected) <= 1e-6, layer


def test_before_an_average_and_a_linear_head_it_is_the_weight_times_the_mean() -> None:
    net = tiny_network(model=tiny_model().double())
    recording = record(net, noise(1)[0])
    maps, weight = recording.maps("4").detach(), net.weight("7")
    bias = net.model[7].bias.detach()
    for c in range(4):
        found = contributions(net, recording, c, "4")
        assert torch.allclose(found, weight[c] * maps.mean((1, 2)), atol=1e-12)
        assert found.sum().item() + bias[c].item() == pytest.approx(recording.logits[0, c].item(), abs=1e-10)


def test_without_biases_every_cut_through_rectifiers_and_pools_shares_out_the_whole_logit() -> None:
    model = tiny_model().double()
    for module in model:
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    net = tiny_network(model=model)
    recording = record(net, noise(1)[0])
    for layer in ("0", "1", "2", "3", "4", "5", "6"):
        found = contributions(net, recording, 2, layer).sum().item()
        assert found == pytest.approx(recording.logits[0, 2].item(), rel=1e-9), layer


def test_a_layer_that_the_class_does_not_depend_on_has_no_share() -> None:
    class Aside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.aside, self.fc = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.conv(x)
            self.aside(x)
            return self.fc(x.mean((2, 3)))

    net = nbviz.Network(Aside(), input_size=8, device="cpu")
    with pytest.raises(NotDefined, match="Nothing leads from the target back"):
        contributions(net, noise(1, size=8)[0], 0, "aside")


# -- extremes


def test_extremes_are_those_of_every_position_of_every_picture() -> None:
    net = tiny_network()
    pictures = noise(3)
    found = extremes(net, pictures)
    assert found.pictures == 3
    assert list(found.largest) == [layer.name for layer in net.shown_layers]
    for layer in found.largest:
        stacked = np.stack([nbviz.activations(net, picture, layer).values.numpy() for picture in pictures])
        for k in range(stacked.shape[1]):
            assert found.largest[layer][k] == max(stacked[:, k].ravel())
            assert found.least[layer][k] == min(stacked[:, k].ravel())


def test_extremes_of_a_recording_are_those_of_its_picture() -> None:
    net = tiny_network()
    picture = noise(1)[0]
    steps: list[tuple[int, int]] = []
    recorded, run = extremes(net, [record(net, picture)]), extremes(net, [picture], lambda *step: steps.append(step))
    assert all(torch.equal(recorded.largest[name], run.largest[name]) for name in run.largest)
    assert steps == [(0, 1)]
    with pytest.raises(BadRequest, match="extremes of no picture"):
        extremes(net, [])


def test_a_channel_that_never_rises_above_zero_is_found_silent() -> None:
    model = tiny_model()
    with torch.no_grad():
        model[3].weight[5] = 0
        model[3].bias[5] = -1
    found = extremes(tiny_network(model=model), noise(2))
    assert found.largest["3"][5] == -1
    assert found.largest["4"][5] == 0
    assert (found.largest["4"] > 0).sum() == 11


def test_extremes_that_are_no_numbers_name_the_layer() -> None:
    class Log(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.log(x)

    net = nbviz.Network(nn.Sequential(nn.Conv2d(3, 4, 3), Log()), input_size=8, device="cpu")
    with pytest.raises(NotFinite, match="Layer '1' computes NaN"):
        extremes(net, noise(1, size=8))


# -- groups


def updated(V: Array, W: Array, H: Array) -> tuple[Array, Array]:
    """One update of each factor, entry by entry as in the paper's theorem 1."""
    n, k, m = len(V), len(H), V.shape[1]
    new_h = H.copy()
    for a, u in np.ndindex(k, m):
        above = sum(W[i, a] * V[i, u] for i in range(n))
        below = sum(W[i, a] * sum(W[i, b] * H[b, u] for b in range(k)) for i in range(n))
        new_h[a, u] = H[a, u] * above / below
    new_w = W.copy()
    for i, a in np.ndindex(n, k):
        above = sum(V[i, u] * new_h[a, u] for u in range(m))
        below = sum(new_h[a, u] * sum(W[i, b] * new_h[b, u] for b in range(k)) for u in range(m))
        new_w[i, a] = W[i, a] * above / below
    return new_w, new_h


def matrix(n: int, m: int, seed: int = 0) -> Tensor:
    return torch.rand(n, m, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_updates_are_those_of_the_paper() -> None:
    V = matrix(7, 5)
    dice = torch.Generator().manual_seed(3)
    size = (float(V.mean()) / 2) ** 0.5
    W, H = (size * (0.1 + torch.rand(s, generator=dice, dtype=torch.float64)) for s in ((7, 2), (2, 5)))
    slow = W.numpy(), H.numpy()
    for _ in range(5):
        slow = updated(V.numpy(), *slow)
    found = factorise(V, 2, seed=3, steps=5)
    assert distance(found.W @ found.H, slow[0] @ slow[1]) <= 1e-9
    assert found.errors[-1] == pytest.approx(np.linalg.norm(V.numpy() - slow[0] @ slow[1]) / V.norm().item(), rel=1e-9)


def test_the_error_never_rises() -> None:
    for seed in range(4):
        errors = np.array(factorise(matrix(60, 20, seed), 4, seed, steps=150, tolerance=0).errors)
        assert (np.diff(errors) <= 1e-12).all()
        assert errors[-1] < errors[0]


def test_a_product_of_factors_is_taken_apart_again() -> None:
    true = torch.eye(3, dtype=torch.float64).repeat_interleave(4, 1)
    # Each position shows one of the three alone: with mixtures everywhere, other factors would explain as much.
    V = matrix(50, 3, 1) * torch.eye(3).repeat(17, 1)[:50] @ true
    found = factorise(V, 3, steps=2000, tolerance=0)
    assert found.errors[-1] < 1e-3
    # Each group holds the four channels that belong together, whatever its number.
    members = {tuple((row > 0.1 * row.max()).nonzero().flatten().tolist()) for row in found.H}
    assert members == {(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11)}
    assert torch.allclose(found.H.norm(dim=1), torch.ones(3, dtype=torch.float64))
    assert (found.W.norm(dim=0).diff() <= 0).all()


def test_groups_lie_on_the_maps_and_rebuild_them() -> None:
    net = tiny_network()
    pictures = noise(2)
    found = groups(net, pictures, "4", 3, seed=1)
    rows = torch.cat([nbviz.activations(net, p, "4").values.flatten(1).T for p in pictures])
    rebuilt = torch.einsum("pkhw,kc->phwc", found.maps, found.weights).reshape(rows.shape)
    assert found.maps.shape == (2, 3, 16, 16)
    assert found.positive == 1
    assert found.explained == pytest.approx(1 - float((rows - rebuilt).square().sum() / rows.square().sum()), abs=1e-4)
    again = groups(net, [record(net, p) for p in pictures], "4", 3, seed=1)
    assert torch.allclose(again.maps, found.maps, atol=1e-5)


def test_of_a_signed_layer_the_positive_part_is_grouped_and_its_share_told() -> None:
    net = tiny_network()
    found = groups(net, noise(1), "3", 2)
    values = nbviz.activations(net, noise(1)[0], "3").values
    assert found.positive == pytest.approx(float(values.clamp_min(0).square().sum() / values.square().sum()))
    assert 0 < found.positive < 1


def test_what_cannot_be_grouped_is_told() -> None:
    net = tiny_network()
    with pytest.raises(NotDefined, match="one number a unit"):
        groups(net, noise(1), "7", 2)
    with pytest.raises(BadRequest, match=r"has 1 … 12 factors, not 13"):
        groups(net, noise(1), "4", 13)
    with pytest.raises(NotDefined, match="Nothing is above zero"):
        factorise(torch.zeros(3, 3), 1)
    with pytest.raises(BadRequest, match="without negative entries"):
        factorise(-torch.ones(3, 3), 1)
