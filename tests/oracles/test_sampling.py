"""SmoothGrad, integrated gradients and occlusion against loops in float64, and against what must hold exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz.errors import BadRequest
from nbviz.methods import record
from nbviz.methods.baselines import blurred
from nbviz.methods.neighbourhood import Neighbourhood
from nbviz.methods.path import Path

from .cases import BatchNorm, Case, Microscope, OverlappingMaxPool, ResidualSumInPlace
from .tape import Array
from .test_signals import distance

CASES = [OverlappingMaxPool, BatchNorm, ResidualSumInPlace]
TARGETS = {"a class": "1", "a neuron": "conv2:2@2,1", "a channel": "conv2:1"}


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.__name__)
def under(request: pytest.FixtureRequest) -> Microscope:
    return Microscope(request.param())


def place(under: Microscope, target: str) -> tuple[str, tuple[int, ...]]:
    """Layer and place of a target; a channel stands for its strongest neuron on the picture itself."""
    if target.isdigit():
        return "fc", (int(target),)
    layer, _, rest = target.partition(":")
    channel, _, position = rest.partition("@")
    plane = under.tape.values[layer][int(channel)]
    y, x = map(int, position.split(",")) if position else divmod(int(plane.argmax()), plane.shape[1])
    return layer, (int(channel), y, x)


def slope(case: Case, picture: Array, layer: str, where: tuple[int, ...]) -> Array:
    tape = case.slowly(picture)
    start = np.zeros_like(tape.values[layer])
    start[where] = 1
    return tape.back(layer, start, "gradient")


# -- SmoothGrad -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_smooth_grad_is_the_mean_the_mean_square_or_the_variance_of_noisy_slopes(
    under: Microscope, target: str
) -> None:
    layer, where = place(under, target)
    sigma = 0.2 * float(under.x.max() - under.x.min())
    generator = torch.Generator().manual_seed(7)
    slopes = np.stack(
        [
            slope(under.model, under.x[0].numpy() + sigma * torch.randn(under.x.shape, generator=generator)[0].numpy(),
                  layer, where)
            for _ in range(5)
        ]
    )  # fmt: skip
    expected = {"plain": slopes.mean(0), "square": (slopes**2).mean(0), "variance": slopes.var(0)}
    for form, values in expected.items():
        found = nbviz.smooth_grad(under.net, under.x, target, samples=5, noise=0.2, seed=7, form=form)
        assert distance(found.values, values) <= 1e-6, form
        assert found.signed == (form == "plain")
        assert found.numbers["σ"] == pytest.approx(sigma)


def test_without_noise_smooth_grad_is_the_gradient(under: Microscope) -> None:
    gradient = nbviz.neuron_gradient(under.net, under.x, 1).values
    forms = {form: nbviz.smooth_grad(under.net, under.x, 1, samples=3, noise=0, form=form).values for form in FORMS}
    assert torch.equal(forms["plain"], gradient)
    assert torch.allclose(forms["square"], gradient**2)
    assert not forms["variance"].any()


FORMS = ("plain", "square", "variance")


# -- integrated gradients ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("baseline", ["black", "grey", "blurred", "own"])
def test_integrated_gradients_are_the_midpoint_rule_on_the_straight_way(
    under: Microscope, target: str, baseline: str
) -> None:
    layer, where = place(under, target)
    x, own = under.x[0].numpy(), torch.randn(under.x.shape, generator=torch.Generator().manual_seed(3)).double()
    start = {"black": 0 * x, "grey": 0 * x + 0.5, "blurred": blurred(under.x)[0].numpy(), "own": own[0].numpy()}
    begin, steps = start[baseline], 4
    slopes = [slope(under.model, begin + (i + 0.5) / steps * (x - begin), layer, where) for i in range(steps)]
    found = nbviz.integrated_gradients(
        under.net, under.x, target, steps=steps, baseline=own if baseline == "own" else baseline
    )
    assert distance(found.values, (x - begin) * np.mean(slopes, 0)) <= 1e-6
    change = under.tape.values[layer][where] - under.model.slowly(begin).values[layer][where]
    assert found.numbers["completeness"] == pytest.approx(float(found.values.double().sum()) / change, rel=1e-5)
    assert found.heatmap() == pytest.approx(found.values.sum(0).numpy(), abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_with_the_default_steps_the_values_add_up_and_come_near_the_integral(seed: int) -> None:
    under = Microscope(OverlappingMaxPool(), seed)
    found = nbviz.integrated_gradients(under.net, under.x, 1, baseline="grey")
    assert found.numbers["completeness"] == pytest.approx(1, abs=0.01)
    assert not found.note
    start = torch.full_like(under.x, 0.5)
    alphas = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    total = torch.zeros_like(under.x[0])
    under.model.eval()
    for some in alphas.split(1000):
        x = (start + some[:, None, None, None] * (under.x - start)).requires_grad_()
        total += torch.autograd.grad(under.model(x)[:, 1].sum(), x)[0].sum(0)
    integral = ((under.x - start)[0] * total / 20_000).detach().numpy()
    assert distance(found.values, integral) <= 0.02


def test_every_part_of_the_way_has_the_slope_of_its_middle_and_the_values_of_its_ends(under: Microscope) -> None:
    recording = record(under.net, under.x)
    near = Neighbourhood(recording, under.net.logit(1))
    start = torch.full_like(under.x, 0.5)
    path = Path(near, start, under.x)
    assert sum(1 for _ in path.walk(77)) > 1
    assert path.count == path.reachable(77) == 76
    parts = sorted(path._parts, key=lambda part: part.low)
    assert parts[0].low == 0
    assert parts[-1].high == 1
    assert {part.width for part in parts} != {1 / 32}
    total = torch.zeros_like(path.way)
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        assert after is None or (part.high == after.low and part.end == after.begin)
        middle = start + (part.low + part.high) / 2 * (under.x - start)
        assert torch.allclose(part.slope, near.slopes(middle)[0], atol=1e-9)
        high = start + part.high * (under.x - start)
        assert part.end == pytest.approx(float(near.values(high)), rel=1e-9)
        total += part.width * part.slope
    assert torch.allclose(path.mean_slope, total, atol=1e-12)


class Linear(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).mean((2, 3))


def test_on_a_linear_network_one_step_is_exact_and_the_values_are_slope_times_input() -> None:
    net, x = nbviz.Network(Linear(), input_size=6, device="cpu"), torch.rand(1, 6, 6)
    gradient = nbviz.neuron_gradient(net, x, 1).values
    for steps in (1, 2, 40):
        found = nbviz.integrated_gradients(net, x, 1, steps=steps)
        assert torch.allclose(found.values, gradient * x, atol=1e-7)
        assert found.numbers["completeness"] == pytest.approx(1, abs=1e-5)


def test_too_few_steps_are_told() -> None:
    class Curved(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 1, bias=False)  # a bias could make x⁴ all but straight here
            nn.init.ones_(self.conv.weight)

        def forward(self, x: Tensor) -> Tensor:
            return (self.conv(x) ** 4).mean((2, 3))

    net, x = nbviz.Network(Curved(), input_size=6, device="cpu"), torch.rand(1, 6, 6) + 0.1
    found = nbviz.integrated_gradients(net, x.clamp(0, 1), 0, steps=1)
    assert "more steps come closer" in found.note
    assert not nbviz.integrated_gradients(net, x.clamp(0, 1), 0).note


def test_a_baseline_equal_to_the_picture_leaves_nothing_to_explain(under: Microscope) -> None:
    found = nbviz.integrated_gradients(under.net, under.x, 1, steps=2, baseline=under.x)
    assert not found.values.any()
    assert "no change to explain" in found.note
    with pytest.raises(BadRequest, match="baseline has shape"):
        nbviz.integrated_gradients(under.net, under.x, 1, baseline=torch.rand(1, 2, 7, 7))


def test_the_blur_is_a_gaussian_mirrored_at_the_borders() -> None:
    x = torch.rand(1, 2, 21, 18, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    sigma, out = 18 / 16, np.zeros((2, 21, 18))
    bell = np.exp(-((np.arange(-4, 5) / sigma) ** 2) / 2)
    bell /= bell.sum()
    padded = np.pad(x[0].numpy(), ((0, 0), (4, 4), (4, 4)), mode="reflect")
    for c, i, j in np.ndindex(*out.shape):
        out[c, i, j] = bell @ padded[c, i : i + 9, j : j + 9] @ bell
    assert np.abs(blurred(x)[0].numpy() - out).max() < 1e-12
    assert torch.allclose(blurred(torch.full((1, 3, 1, 40), 0.3)), torch.tensor(0.3))


# -- occlusion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize(("window", "stride"), [(4, 3), (3, 3), (5, 2), (9, 4), (1, 1)])
def test_occlusion_is_the_mean_drop_of_all_windows_over_a_pixel(
    under: Microscope, target: str, window: int, stride: int
) -> None:
    layer, where = place(under, target)
    x = under.x[0].numpy()
    total, count = np.zeros(x.shape[1:]), np.zeros(x.shape[1:])
    tops, lefts = ([*range(0, n - window, stride), n - window] for n in x.shape[1:])
    for top in tops:
        for left in lefts:
            covered = x.copy()
            covered[:, top : top + window, left : left + window] = 0.5
            drop = under.tape.values[layer][where] - under.model.slowly(covered).values[layer][where]
            for i in range(top, top + window):
                for j in range(left, left + window):
                    total[i, j] += drop
                    count[i, j] += 1
    assert count.min() >= 1
    found = nbviz.occlusion(under.net, under.x, target, window=window, stride=stride)
    assert distance(found.values, total / count) <= 1e-6
    assert found.numbers["windows"] == len(tops) * len(lefts)


def test_on_a_linear_head_a_window_takes_away_exactly_the_evidence_it_covers() -> None:
    """S = Σ w·x over pixels, so a window of black that touches no other takes Σ w·x of its pixels."""

    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.fc = nn.Conv2d(3, 4, 1, bias=False), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.conv(x).mean((2, 3)))

    model = Sum().double()
    net, x = nbviz.Network(model, input_size=12, device="cpu"), torch.rand(1, 3, 12, 12, dtype=torch.float64)
    cam = nbviz.cam(net, x, 1).values / 144
    evidence = cam.reshape(3, 4, 3, 4).sum((1, 3)).repeat_interleave(4, 0).repeat_interleave(4, 1)
    found = nbviz.occlusion(net, x, 1, window=4, stride=4, baseline="black")
    assert torch.allclose(found.values, evidence, atol=1e-6)


def test_windows_that_make_no_sense_are_refused_in_a_sentence(under: Microscope) -> None:
    with pytest.raises(BadRequest, match="A window of 12 pixels is larger than the picture, which has 11×9"):
        nbviz.occlusion(under.net, under.x, 1, window=12)
    with pytest.raises(BadRequest, match="leaves gaps"):
        nbviz.occlusion(under.net, under.x, 1, window=3, stride=4)


def test_partial_occlusion_goes_from_coarse_to_fine_and_ends_in_the_result(under: Microscope) -> None:
    partials: list[Tensor] = []
    steps: list[tuple[int, int]] = []

    def on_step(step: int, total: int, partial: object) -> None:
        steps.append((step, total))
        partials.append(partial().values)

    found = nbviz.occlusion(under.net, under.x, 1, window=2, stride=1, on_step=on_step)
    assert torch.equal(partials[-1], found.values)
    assert steps[-1] == (80, 80)
    assert [step for step, _ in steps] == sorted({step for step, _ in steps})
    off = [float((partial - found.values).square().mean()) for partial in partials]
    assert off[len(off) // 2] < off[0]
    assert off[-1] == 0
