"""One recorded forward serves every question; targets inside of the network, side branches, checkpointed blocks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import nbviz
from nbviz.errors import NotDefined
from nbviz.methods import record
from tests.network.models import Small, seeded

METHODS = [nbviz.neuron_gradient, nbviz.deconvnet, nbviz.guided_backprop, nbviz.saliency, nbviz.grad_cam]


@pytest.fixture
def x() -> Tensor:
    return torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def net() -> nbviz.Network:
    return nbviz.Network(seeded(Small()), input_size=16, device="cpu")


def test_one_recording_gives_what_a_new_one_would(net: nbviz.Network, x: Tensor) -> None:
    recording = record(net, x)
    for _ in range(2):
        for method in METHODS:
            target = net.logit(1)
            assert torch.equal(method(net, recording, target).values, method(net, x, target).values), method.__name__


def test_several_pictures_give_several_results(net: nbviz.Network, x: Tensor) -> None:
    other = 1 - x
    for method in METHODS:
        both = method(net, [x, other], net.logit(1))
        assert [a.values.tolist() for a in both] == [method(net, p, net.logit(1)).values.tolist() for p in (x, other)]


def test_without_a_target_the_predicted_class_is_meant(net: nbviz.Network, x: Tensor) -> None:
    best = net.predict(x, 1)[0]
    for method in (nbviz.saliency, nbviz.grad_cam, nbviz.guided_backprop):
        found = method(net, x)
        assert found.target == net.logit(best.index)
        assert found.score == pytest.approx(best.logit)


def test_grad_cam_of_a_unit_looks_at_the_last_layer_before_it(net: nbviz.Network, x: Tensor) -> None:
    found = nbviz.grad_cam(net, x, net.unit("pool", 2), signed=True)
    assert found.layer in {"relu", "pool"}
    assert found.values.any()
    with pytest.raises(NotDefined, match="Nothing leads from the target back"):
        nbviz.grad_cam(net, x, net.unit("conv1", 0), layer="bn2")
    with pytest.raises(NotDefined, match="'fc' has no spatial extent"):
        nbviz.grad_cam(net, x, 0, layer="fc")


def test_side_branches_do_not_mislead_grad_cam(x: Tensor) -> None:
    class Branched(Small):
        """Runs an auxiliary convolution last, whose result the class does not depend on."""

        def __init__(self) -> None:
            super().__init__()
            self.aux = nn.Conv2d(6, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            out = super().forward(x)
            self.aux(self.conv1(x))
            return out

    net = nbviz.Network(seeded(Branched()), input_size=16, device="cpu")
    found = nbviz.grad_cam(net, x, 0, signed=True)
    assert found.layer != "aux"
    assert found.values.any()


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@pytest.mark.parametrize("reentrant", [False, True], ids=["checkpoint", "reentrant checkpoint"])
def test_blocks_that_are_recomputed_are_right_or_refused(reentrant: bool, x: Tensor) -> None:
    class Thrifty(Small):
        def forward(self, x: Tensor) -> Tensor:
            x = self.pool(F.relu(self.bn1(self.conv1(x))))
            x = checkpoint(lambda x: F.relu(self.bn2(self.conv2(x))), x, use_reentrant=reentrant)
            return self.fc(x.mean((2, 3)))

    class Plain(Thrifty):
        def forward(self, x: Tensor) -> Tensor:
            x = self.pool(F.relu(self.bn1(self.conv1(x))))
            return self.fc(F.relu(self.bn2(self.conv2(x))).mean((2, 3)))

    thrifty, plain = (nbviz.Network(seeded(kind()), input_size=16, device="cpu") for kind in (Thrifty, Plain))
    for method in (nbviz.neuron_gradient, nbviz.deconvnet, nbviz.guided_backprop, nbviz.saliency):
        found = outcome(method, thrifty, x)
        if isinstance(found, str):
            assert "checkpoint" in found.casefold()
            assert "\n" not in found
        else:
            assert torch.allclose(found, method(plain, x, plain.logit(1)).values, atol=1e-6), method.__name__


def outcome(method: Callable[..., nbviz.Attribution], net: nbviz.Network, x: Tensor) -> Tensor | str:
    """The values, or the sentence of the refusal."""
    try:
        return method(net, x, net.logit(1)).values
    except nbviz.NbvizError as refusal:
        return str(refusal)
