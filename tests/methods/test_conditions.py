"""Every method under every condition: precisions, memory layouts, surroundings, lists, seeds, cancelled runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import nbviz
from nbviz.errors import BadRequest, Cancelled, ForwardFailed, NotFinite, OutOfRange

FEW: dict[str, dict[str, Any]] = {
    "smooth_grad": {"samples": 4},
    "integrated_gradients": {"steps": 6, "baseline": "grey"},
    "occlusion": {"window": 6},
}
ONCE = ["saliency", "cam", "grad_cam", "grad_cam_pp", "layer_cam", "guided_grad_cam"]
METHODS = [*ONCE, *FEW]


def ask(name: str, net: nbviz.Network, image: Any, target: Any = 1, **more: Any) -> Any:
    return getattr(nbviz, name)(net, image, target, **FEW.get(name, {}), **more)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv1, self.bn, self.conv2 = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, 2)
        self.fc = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(F.relu(self.conv2(F.relu(self.bn(self.conv1(x))))).mean((2, 3)))


@pytest.fixture(scope="module")
def net() -> nbviz.Network:
    return nbviz.Network(Net(), input_size=20, device="cpu")


@pytest.fixture(scope="module")
def picture() -> Tensor:
    """Dark with a bright corner, so that a window changes more than bfloat16 rounds away."""
    dark = torch.rand(3, 20, 20, generator=torch.Generator().manual_seed(1)) * 0.1
    dark[:, :8, 10:] += 0.9
    return dark


def near(a: Tensor, b: Tensor) -> float:
    """Cosine of two results."""
    return float(F.cosine_similarity(a.flatten().double(), b.flatten().double(), dim=0))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_every_precision_gives_the_picture_of_float32(
    name: str, dtype: torch.dtype, net: nbviz.Network, picture: Tensor
) -> None:
    other = nbviz.Network(Net().to(dtype), input_size=20, device="cpu")
    found, expected = ask(name, other, picture), ask(name, net, picture)
    assert found.values.dtype == torch.float32
    assert found.values.device.type == "cpu"
    assert near(found.values, expected.values) > (0.999999 if dtype == torch.float64 else 0.95)
    assert found.score == pytest.approx(expected.score, rel=0.05, abs=0.02)
    found._repr_png_()


@pytest.mark.parametrize("name", METHODS)
def test_surroundings_do_not_matter(name: str, net: nbviz.Network, picture: Tensor) -> None:
    expected = ask(name, net, picture).values
    frozen = Net().requires_grad_(requires_grad=False)
    for other in (net, nbviz.Network(frozen, input_size=20, device="cpu")):
        with torch.no_grad():
            assert torch.equal(ask(name, other, picture).values, expected)
        with torch.inference_mode():
            assert torch.equal(ask(name, other, picture).values, expected)
    last = net.preprocess(picture).to(memory_format=torch.channels_last)
    assert torch.allclose(ask(name, net, last).values, expected, atol=1e-5 * float(expected.abs().max()))
    recording = nbviz.methods.record(net, picture)
    assert torch.equal(ask(name, net, recording).values, expected)


@pytest.mark.parametrize("name", METHODS)
def test_the_model_and_the_random_state_stay_as_they_were(name: str, picture: Tensor) -> None:
    model = Net().train()
    net = nbviz.Network(model, input_size=20, device="cpu")
    state = {key: value.clone() for key, value in model.state_dict().items()}
    before = torch.get_rng_state()
    ask(name, net, picture)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("name", METHODS)
def test_a_list_of_pictures_gives_their_results_in_order(name: str, net: nbviz.Network, picture: Tensor) -> None:
    both = ask(name, net, [picture, picture.flip(2)])
    assert torch.equal(both[0].values, ask(name, net, picture).values)
    assert torch.equal(both[1].values, ask(name, net, picture.flip(2)).values)


@pytest.mark.parametrize("name", METHODS)
def test_targets_are_named_in_every_way_and_checked(name: str, picture: Tensor) -> None:
    net = nbviz.Network(Net(), input_size=20, device="cpu", labels=["cat", "dog", "fox", "owl"])
    found = ask(name, net, picture, "dog")
    assert torch.equal(found.values, ask(name, net, picture, net.logit(1)).values)
    assert "logit dog" in found.caption
    best = net.predict(picture, k=1)[0]
    assert torch.equal(ask(name, net, picture, None).values, ask(name, net, picture, best.index).values)
    with pytest.raises(OutOfRange, match=r"classes 0 … 3"):
        ask(name, net, picture, 4)


@pytest.mark.parametrize("name", FEW)
def test_sums_probabilities_and_neurons_can_be_sampled(name: str, net: nbviz.Network, picture: Tensor) -> None:
    a, b = (ask(name, net, picture, target).values for target in ("conv2:3@2,2", 0))
    both = ask(name, net, picture, 2 * net.unit("conv2:3@2,2") - net.logit(0)).values
    assert torch.allclose(both, 2 * a - b, atol=1e-5)
    p = ask(name, net, picture, net.probability(2))
    assert p.score == pytest.approx(next(q.probability for q in net.predict(picture, 4) if q.index == 2), rel=1e-5)
    assert ask(name, net, picture, "conv2:3").position == nbviz.methods.record(net, picture).locate(net.unit("conv2:3"))


# -- long runs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FEW)
def test_every_step_is_reported_with_the_result_so_far(name: str, net: nbviz.Network, picture: Tensor) -> None:
    seen: list[tuple[int, int]] = []
    partials: list[Any] = []

    def on_step(step: int, steps: int, partial: Callable[[], Any]) -> None:
        seen.append((step, steps))
        partials.append(partial())

    if name == "integrated_gradients":
        found = nbviz.integrated_gradients(net, picture, 1, steps=41, on_step=on_step)
    else:
        found = ask(name, net, picture, on_step=on_step)
    assert [step for step, _ in seen] == sorted({step for step, _ in seen})
    assert seen[-1][0] == seen[-1][1]
    assert all(p.values.shape == found.values.shape and p.caption for p in partials)
    assert torch.equal(partials[-1].values, found.values)


@pytest.mark.parametrize("name", FEW)
def test_a_cancelled_run_ends_within_one_batch_and_leaves_nothing_behind(
    name: str, net: nbviz.Network, picture: Tensor
) -> None:
    expected = ask(name, net, picture).values
    asked: list[int] = []

    def on_step(step: int, steps: int, partial: Any) -> None:
        asked.append(step)
        raise Cancelled

    with pytest.raises(Cancelled):
        ask(name, net, picture, on_step=on_step)
    assert len(asked) == 1
    assert net.lock.acquire(blocking=False)
    net.lock.release()
    assert torch.equal(ask(name, net, picture).values, expected)


@pytest.mark.parametrize("name", FEW)
def test_weights_that_change_in_the_middle_of_a_run_are_told(name: str, picture: Tensor) -> None:
    model = Net()
    net = nbviz.Network(model, input_size=20, device="cpu")

    def train(*_: Any) -> None:
        with torch.no_grad():
            model.fc.weight.mul_(1.1)

    more = {"samples": 20} if name == "smooth_grad" else {"steps": 50} if name == "integrated_gradients" else {}
    with pytest.raises(ForwardFailed, match="weights changed"):
        getattr(nbviz, name)(net, picture, 1, **more, on_step=train)


@pytest.mark.parametrize("name", FEW)
def test_the_size_of_a_batch_does_not_matter(
    name: str, net: nbviz.Network, picture: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ask(name, net, picture).values
    monkeypatch.setattr("nbviz.methods.neighbourhood._CPU_INPUTS", 3)
    assert torch.allclose(ask(name, net, picture).values, expected, atol=1e-6 * float(expected.abs().max()) + 1e-7)
    monkeypatch.setattr("nbviz.methods.neighbourhood._CPU_BYTES", 1)
    assert torch.allclose(ask(name, net, picture).values, expected, atol=1e-6 * float(expected.abs().max()) + 1e-7)


@pytest.mark.parametrize("name", FEW)
def test_a_network_that_takes_no_batches_is_asked_one_by_one(name: str, net: nbviz.Network, picture: Tensor) -> None:
    class Single(Net):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.view(1, 3, 20, 20))

    single = nbviz.Network(Single(), input_size=20, device="cpu")
    assert torch.allclose(ask(name, single, picture).values, ask(name, net, picture).values, atol=1e-6)


def test_a_seed_decides_the_noise_and_more_samples_come_nearer_to_their_mean(
    net: nbviz.Network, picture: Tensor
) -> None:
    a, b = (nbviz.smooth_grad(net, picture, 1, samples=6, seed=5).values for _ in range(2))
    assert torch.equal(a, b)
    assert not torch.equal(a, nbviz.smooth_grad(net, picture, 1, samples=6, seed=6).values)
    many = [nbviz.smooth_grad(net, picture, 1, samples=200, seed=seed).values for seed in (1, 2)]
    few = [nbviz.smooth_grad(net, picture, 1, samples=5, seed=seed).values for seed in (1, 2)]
    assert near(*many) > near(*few)


def test_values_that_are_not_finite_beside_the_picture_are_an_error_not_a_picture() -> None:
    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 1)
            nn.init.ones_(self.conv.weight)
            nn.init.constant_(self.conv.bias, -0.4)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x).sqrt().mean((2, 3))

    net, x = nbviz.Network(Root(), input_size=8, device="cpu"), torch.full((1, 1, 8, 8), 0.9)
    with pytest.raises(NotFinite):
        nbviz.occlusion(net, x, 0, baseline="black", window=2)
    with pytest.raises(NotFinite):
        nbviz.integrated_gradients(net, x, 0)


def test_what_the_page_may_set_is_checked(net: nbviz.Network, picture: Tensor) -> None:
    for name, wrong in {
        "smooth_grad": {"samples": 0},
        "integrated_gradients": {"baseline": "white"},
        "occlusion": {"window": 0},
        "grad_cam": {"signed": 2},
    }.items():
        with pytest.raises(BadRequest):
            getattr(nbviz, name)(net, picture, 1, **wrong)


def test_a_larger_picture_than_usual_and_one_that_is_no_square(net: nbviz.Network) -> None:
    x = torch.rand(1, 3, 33, 26)
    for name in METHODS:
        found = ask(name, net, x)
        assert found.values.shape[-2:] == ((33, 26) if found.space == "input" else (15, 11))
        assert np.asarray(found.image).any()
