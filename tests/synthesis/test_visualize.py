"""What a person asks of a synthesis: the right picture, the same again, an end on demand, no traces."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.overrides import _get_current_function_mode_stack

import nbviz
from nbviz.errors import BadRequest, Cancelled, NotDefined, NotFinite, UnknownName
from nbviz.network import Network
from nbviz.synthesis import Jitter, Scale, Step, Synthesis, optimise, visualize
from nbviz.synthesis.objectives import Objective
from nbviz.synthesis.transforms import Transform, disturb, standard, wide


def network(*layers: nn.Module, size: int | tuple[int, int] = 32, seed: int = 0) -> Network:
    """A network of these layers with weights that follow the seed."""
    model = nn.Sequential(*layers)
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=g) / parameter[0].numel() ** 0.5)
    return Network(model, input_size=size)


def stack(channels: int = 3) -> list[nn.Module]:
    return [
        nn.Conv2d(channels, 8, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 6, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 4),
    ]


@pytest.fixture(scope="module")
def net() -> Network:
    return network(*stack())


def pixels(result: Synthesis) -> np.ndarray:
    return np.asarray(result.image)


# -- the picture -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("param", "steps"), [("fourier", 128), ("pixel", 256)])
def test_a_linear_filter_is_drawn_where_it_looks_and_reaches_its_closed_form_maximum(param: str, steps: int) -> None:
    net = network(nn.Conv2d(3, 2, 9), size=24)
    g = torch.Generator().manual_seed(1)
    y, x = torch.meshgrid(torch.arange(9), torch.arange(9), indexing="ij")
    bars = torch.where((x + y) % 6 < 3, 1.0, -1.0).expand(3, -1, -1)
    with torch.no_grad():
        net.model[0].weight[1] = bars * (0.6 + 0.8 * torch.rand(3, 9, 9, generator=g))
        net.model[0].bias.zero_()
    result = visualize(net, net.unit("0", 1, 8, 7), steps, param=param, transforms=None)
    weight = net.model[0].weight[1].detach().numpy()
    patch = pixels(result)[8:17, 7:16].transpose(2, 0, 1)
    assert np.corrcoef(patch.ravel(), weight.ravel())[0, 1] > 0.9
    # Pixels lie in [0, 1], so the best picture is white where the filter is positive and black elsewhere.
    assert result.activation is not None
    assert 0.9 * weight.clip(0).sum() < result.activation <= weight.clip(0).sum()


@pytest.mark.parametrize("target", ["3:2", "3:4@6,6", "7:1"])
def test_ascent_finds_what_no_random_picture_reaches(net: Network, target: str) -> None:
    g = torch.Generator().manual_seed(2)
    coarse = torch.rand(256, 3, 8, 8, generator=g).repeat_interleave(4, 2).repeat_interleave(4, 3)
    chance = torch.cat([coarse, torch.rand(256, 3, 32, 32, generator=g)])
    objective = Objective.of(net, target)
    with torch.no_grad():
        natural = objective.value(objective.tap(net, net.normalise(chance)))
    result = visualize(net, target, 64)
    assert result.value > natural.max()
    # The trace was measured on the disturbed pictures.
    assert np.mean(result.trace[-8:]) > np.mean(result.trace[:8])


def test_a_negative_weight_lowers_its_part(net: Network) -> None:
    up = visualize(net, net.unit("3", 2), 48)
    down = visualize(net, -net.unit("3", 2), 48)
    assert -down.value < up.value
    assert down.value > 0 > -down.value


def test_numbers_are_those_of_the_picture_as_it_is_handed_out(net: Network) -> None:
    result = visualize(net, net.unit("3", 2), 20, natural_max=0.5)
    x = net.normalise(torch.from_numpy(pixels(result).copy()).permute(2, 0, 1)[None] / 255)
    maps = net.tap(x, ["3"])["3"][0, 2]
    assert result.activation == pytest.approx(float(maps.max()), rel=1e-5)
    assert result.value == pytest.approx(float(maps.mean()), rel=1e-5)
    assert result.natural_ratio == pytest.approx(2 * float(maps.max()), rel=1e-5)


def test_joint_objectives_have_a_value_but_no_single_activation(net: Network) -> None:
    result = visualize(net, net.unit("3", 2) + 0.5 * net.unit("3", 1), 4, natural_max=1.0)
    assert (result.activation, result.natural_ratio) == (None, None)
    assert visualize(net, net.probability(1), 4).activation == pytest.approx(
        visualize(net, net.probability(1), 4).value
    )


@pytest.mark.parametrize(("channels", "shown"), [(1, (24, 40, 3)), (3, (24, 40, 3)), (5, (24, 200, 3))])
def test_any_number_of_channels_and_any_shape(channels: int, shown: tuple[int, ...]) -> None:
    result = visualize(network(*stack(channels)), "3:1", 6, size=(24, 40))
    assert pixels(result).shape == shown


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_any_floating_point_type(dtype: torch.dtype) -> None:
    net = Network(nn.Sequential(*stack()).to(dtype), input_size=32)
    assert len(visualize(net, net.logit(1), 4).trace) == 4


# -- dead starts -------------------------------------------------------------------------------------------------


def dead_at_start() -> Network:
    net = network(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.ReLU())
    with torch.no_grad():
        net.model[0].weight.abs_()
        net.model[0].bias.copy_(-0.6 * net.model[0].weight.sum((1, 2, 3)))  # opens above 60 % brightness
        net.model[2].weight.abs_()
        net.model[2].bias.fill_(-0.2)
    return net


def test_a_unit_that_is_silent_at_the_start_is_revived() -> None:
    net = dead_at_start()
    grey = net.normalise(torch.full((1, 3, 32, 32), 0.5))
    assert float(net.tap(grey, ["3"])["3"].max()) == 0
    result = visualize(net, "3:1", 48)
    assert result.trace[0] == 0
    assert result.activation is not None
    assert result.activation > 0


def test_it_is_the_redirection_that_revives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimise, "REDIRECTED_STEPS", 0)
    with pytest.raises(NotDefined, match=r"'3:1' stays silent"):
        visualize(dead_at_start(), "3:1", 48)


def test_a_unit_that_nothing_can_move_is_named() -> None:
    net = network(nn.Conv2d(3, 4, 3), nn.ReLU())
    with torch.no_grad():
        net.model[0].weight.zero_()
    with pytest.raises(NotDefined, match=r"'1:2' stays silent.*try the layer before the rectifier, '0:2'"):
        visualize(net, "1:2", 20)


class Cut(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.detach() * 2


def test_a_cut_way_to_the_input_is_named() -> None:
    net = network(nn.Conv2d(3, 4, 3), Cut())
    with pytest.raises(NotDefined, match="'1:0' has no gradient path to the input"):
        visualize(net, "1:0")


class Overflow(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 1e38 * 1e38


def test_numbers_that_overflow_are_named() -> None:
    with pytest.raises(NotFinite, match=r"'1:0' became .*inf at step 1"):
        visualize(network(nn.Conv2d(3, 4, 3), Overflow()), "1:0", 4)


# -- repeatable, stoppable, without traces ---------------------------------------------------------------------------


def test_a_seed_is_a_picture(net: Network) -> None:
    first, same, other = (visualize(net, "3:2", 12, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(pixels(first), pixels(same))
    assert first.trace == same.trace
    assert not np.array_equal(pixels(first), pixels(other))


@pytest.mark.parametrize(
    "options",
    [{}, {"transforms": None, "param": "pixel"}, {"transforms": (Jitter(4), Scale(0.8, 1.2)), "learning_rate": 0.02}],
)
def test_the_line_of_code_makes_the_picture_again(net: Network, options: dict[str, object]) -> None:
    for target in [net.unit("3", 2), net.unit("3", 2, 1, 4) - 0.25 * net.logit(1), 2 * net.probability(0)]:
        result = visualize(net, target, 5, size=(28, 36), seed=3, **options)  # type: ignore[arg-type]
        again = eval(result.code, {"nbviz": nbviz, "net": net})
        assert np.array_equal(pixels(result), pixels(again))
        assert again.code == result.code


def test_the_random_state_of_the_process_is_left_alone(net: Network) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    visualize(net, "3:2", 5)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (np.random.get_state()[1].tolist(), random.getstate())  # noqa: NPY002


def test_a_surrounding_grad_mode_neither_matters_nor_changes(net: Network) -> None:
    plain = pixels(visualize(net, "3:2", 5))
    with torch.no_grad():
        assert np.array_equal(plain, pixels(visualize(net, "3:2", 5)))
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        assert np.array_equal(plain, pixels(visualize(net, "3:2", 5)))
        assert torch.is_inference_mode_enabled()


def test_cancelling_from_a_step_ends_at_once_and_leaves_nothing_behind() -> None:
    net = network(*stack())
    net.model.train()
    expected = pixels(visualize(net, "4:2", 12))
    seen: list[int] = []

    def stop(step: Step) -> None:
        seen.append(step.step)
        if step.step == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        visualize(net, "4:2", 12, on_step=stop)
    assert seen == [1, 2, 3]
    assert not _get_current_function_mode_stack()
    assert all(p.grad is None and p.requires_grad for p in net.model.parameters())
    assert net.model.training
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in net.model.modules())
    assert np.array_equal(expected, pixels(visualize(net, "4:2", 12)))


def test_every_step_is_reported_with_its_value_and_picture(net: Network) -> None:
    steps: list[Step] = []
    pictures: list[np.ndarray] = []

    def look(step: Step) -> None:
        steps.append(step)
        pictures.append(step.picture())

    result = visualize(net, "3:2", 9, on_step=look)
    assert [(step.step, step.steps) for step in steps] == [(i, 9) for i in range(1, 10)]
    assert [step.value for step in steps] == result.trace
    assert all(picture.shape == (32, 32, 3) and picture.dtype == np.uint8 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 9


def test_frames_are_few_and_in_order(net: Network) -> None:
    seen: dict[bytes, int] = {}

    def look(step: Step) -> None:
        seen.setdefault(step.picture().tobytes(), step.step)

    result = visualize(net, "3:2", 200, on_step=look, early_stop=False)
    order = [seen[np.asarray(frame).tobytes()] for frame in result.frames]
    assert order == sorted(order)
    assert len(order) == 8
    assert (order[0], order[-1]) == (1, 200)


def test_a_flat_curve_ends_the_run_early_and_the_same_line_makes_it_again(net: Network) -> None:
    filters = network(nn.Conv2d(3, 2, 5), size=16)
    steps: list[Step] = []
    result = visualize(filters, "0:1@5,5", 400, transforms=None, on_step=steps.append)
    assert 72 <= result.steps < 300
    assert len(result.trace) == len(steps) == result.steps
    assert steps[-1].step == steps[-1].steps
    assert "steps=400" in result.code
    assert np.array_equal(pixels(result), pixels(eval(result.code, {"nbviz": nbviz, "net": filters})))
    full = visualize(filters, "0:1@5,5", 400, transforms=None, early_stop=False)
    assert full.steps == 400
    assert "early_stop=False" in full.code
    assert result.activation is not None
    assert full.activation is not None
    assert result.activation > 0.97 * full.activation


def test_disturbances_and_the_rate_fade_in_the_second_half() -> None:
    course = optimise.Schedule(128)
    assert [course.strength(i) for i in (0, 19)] == [1, 1]
    assert course.strength(64) == pytest.approx(0.3)
    assert [course.strength(i) for i in (84, 127)] == [0, 0]
    assert [course.rate(i) for i in (0, 64)] == [1, 1]
    assert course.rate(127) == pytest.approx(optimise.LAST_RATE, abs=0.01)
    long = optimise.Schedule(512)
    long.hasten(96)
    assert (long.steps, long.rate(96), long.strength(96)) == (160, 1, 0.3)


def test_a_class_is_disturbed_more_widely_and_to_the_end(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[tuple[object, ...], float]] = []

    def noted(pixels: torch.Tensor, transforms: tuple[Transform, ...], *rest: Any) -> torch.Tensor:
        seen.append((transforms, rest[-1]))
        return disturb(pixels, transforms, *rest)

    monkeypatch.setattr(optimise, "disturb", noted)
    visualize(net, [net.unit("3", 2), net.logit(1), net.unit("3", 2) + net.logit(1)], 8)
    units, classes, sums = seen[::3], seen[1::3], seen[2::3]
    assert {chain for chain, _ in units} == {standard(net.input_size)}
    assert {chain for chain, _ in (*classes, *sums)} == {wide(net.input_size)}
    assert (units[0][1], units[-1][1]) == (1, 0)
    assert {strength for _, strength in (*classes, *sums)} == {1}
    seen.clear()
    visualize(net, net.logit(1), 8, transforms=(Jitter(2),))
    assert [chain for chain, _ in seen] == [(Jitter(2),)] * 8
    assert seen[-1][1] == 0


def test_a_step_knows_the_activation_of_a_plain_target(net: Network) -> None:
    seen: list[float | None] = []
    result = visualize(net, "3:2", 5, on_step=lambda step: seen.append(step.activation))
    assert result.activations == seen
    assert all(a >= v for a, v in zip(seen, result.trace, strict=True))  # type: ignore[operator]
    joint = visualize(net, net.unit("3", 2) + net.unit("3", 1), 3, on_step=lambda step: seen.append(step.activation))
    assert joint.activations is None
    assert seen[-3:] == [None] * 3


# -- what does not fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps=0"),
        ({"steps": 1.5}, "steps=1.5"),
        ({"seed": -1}, "seed=-1"),
        ({"learning_rate": 0}, "learning_rate=0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"size": 0}, "size=0"),
        ({"size": (3, 4, 5)}, "one number for both"),
        ({"param": "maco2"}, "'fourier', 'maco' and 'pixel'"),
        ({"param": 3}, "'fourier', 'maco' and 'pixel'"),
        ({"transforms": "strong"}, "transforms are 'standard'"),
        ({"transforms": [3]}, "transforms are 'standard'"),
    ],
)
def test_arguments_that_do_not_fit_are_named(net: Network, options: dict[str, object], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        visualize(net, "3:2", **options)  # type: ignore[arg-type]


def test_an_unknown_layer_is_answered_with_close_matches(net: Network) -> None:
    with pytest.raises(UnknownName):
        visualize(net, "33:2")


def test_a_picture_too_small_is_told_the_least_size_and_the_layer() -> None:
    net = network(nn.Conv2d(3, 4, 5), nn.MaxPool2d(2), nn.Conv2d(4, 4, 5))
    with pytest.raises(BadRequest, match=r"size=\(9, 9\) does not fit Sequential; size=14 is the least.*'2'"):
        visualize(net, "2:0", size=9)
    assert visualize(net, "2:0", 2, size=14).image.size == (14, 14)
    assert visualize(net, "0:0", 2, size=9).image.size == (9, 9)


def test_a_network_for_one_size_only_says_its_own() -> None:
    net = network(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 10 * 14, 2), size=(12, 16))
    with pytest.raises(BadRequest, match=r"size=\(20, 20\) does not fit Sequential; use its own, size=\(12, 16\)"):
        visualize(net, net.logit(1), size=20)


def test_a_failing_step_callback_is_not_mistaken_for_the_network(net: Network) -> None:
    def fail(step: Step) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        visualize(net, "3:2", on_step=fail)


# -- shown in a notebook -----------------------------------------------------------------------------------------------


def test_it_shows_itself_as_a_picture_with_numbers_and_text_never_markup() -> None:
    net = Network(nn.Sequential(*stack()), input_size=32, labels=["<script>alert(1)</script>", "b", "c", "d"])
    result = visualize(net, net.logit(0), 3)
    page = result._repr_html_()
    assert result._repr_png_().startswith(b"\x89PNG")
    assert "<script" not in page
    assert 'alt="Picture that excites logit &lt;script&gt;' in page
    assert f"{result.value:.3g}" in page
    assert "3 steps" in page
    assert "32×32" in repr(result)
