"""The benchmark as a person uses it: on the demo, on own masks and methods; what does not fit is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torchvision import transforms as T

import nbviz
from nbviz.errors import BadRequest, NotDefined
from nbviz.evaluation.cases import cases_of
from nbviz.methods import METHODS


@pytest.fixture(scope="module")
def net() -> nbviz.Network:
    return nbviz.Network.demo(device="cpu")


def drawn(values: Tensor) -> Callable[..., nbviz.Attribution]:
    return lambda net, image, target: nbviz.Attribution(values, "input", False, "own", target, None, None)


def test_a_method_that_knows_the_answer_beats_all_and_blind_ones_do_not_change(net: nbviz.Network) -> None:
    pictures, labels, masks = nbviz.demo.scenes(1, 5)
    own = {"oracle": drawn(torch.from_numpy(masks[0, 0]).float())}
    found = nbviz.evaluate(net, pictures, masks, labels, own, randomised=1, progress=False)
    oracle, centre = found["oracle"], found["centre"]
    assert oracle.pointing == oracle.mass == oracle.rank == 1
    assert oracle.insertion is not None
    assert oracle.deletion is not None
    assert oracle.insertion > oracle.deletion
    assert oracle.changes is False
    assert centre.correlations == pytest.approx((1.0,) * 5)
    assert centre.changes is False


def test_on_scenes_class_maps_find_the_object_asked_for_among_two(net: nbviz.Network) -> None:
    pictures, labels, masks = nbviz.demo.scenes(4, 11, objects=2)
    found = nbviz.evaluate(net, pictures, masks, labels, ["grad_cam"], randomised=2, progress=False)
    assert found.cases == 8
    row, blind = found["grad_cam"], found["random"]
    assert row.pointing is not None
    assert blind.pointing is not None
    assert row.pointing >= 0.75 > 0.5 > blind.pointing
    assert row.changes


def test_every_method_of_the_menu_has_a_row_with_numbers_or_a_reason() -> None:
    class Wavy(nn.Module):
        """Neither CAM nor rectifier rules are defined here."""

        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 4, 5, 3), nn.Linear(144, 3)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.fc(nn.functional.silu(self.conv(x)).flatten(1))
            return logits

    net = nbviz.Network(Wavy(), input_size=20, device="cpu")
    mask = np.zeros((20, 20), bool)
    mask[:5] = True
    picture = np.random.default_rng(0).integers(0, 255, (20, 20, 3), np.uint8)
    found = nbviz.evaluate(net, [picture], [mask], steps=2, randomised=1, progress=False)
    asked = {name for name, method in METHODS.items() if method.asks in ("class", "unit")}
    assert {row.name for row in found.rows} == {*asked, "centre", "random"}
    for row in found.rows:
        assert bool(row.reason) == (row.pointing is None), row
    assert "grad_cam" in found["cam"].reason
    assert "SiLU" in found["guided_backprop"].reason
    for text in (found.to_markdown(), repr(found), found._repr_html_()):
        assert "SiLU" in text


def test_the_same_seed_gives_the_same_table_and_random_numbers_are_left_alone(net: nbviz.Network) -> None:
    pictures, labels, masks = nbviz.demo.scenes(1, 2)
    state = torch.get_rng_state()
    once, twice = (
        nbviz.evaluate(net, pictures, masks, labels, ["saliency"], randomised=1, progress=False) for _ in range(2)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert [(r.mass, r.insertion, r.correlations) for r in once.rows] == [
        (r.mass, r.insertion, r.correlations) for r in twice.rows
    ]


def test_it_tells_every_step_and_an_exception_ends_it(net: nbviz.Network, capsys: pytest.CaptureFixture[str]) -> None:
    pictures, labels, masks = nbviz.demo.scenes(1, 2)
    told: list[tuple[int, int, str]] = []
    nbviz.evaluate(net, pictures, masks, labels, ["saliency"], randomised=1, on_step=lambda *at: told.append(at))
    assert [step for step, _, _ in told] == list(range(1, 3 * (1 + 5) + 1))
    assert {steps for _, steps, _ in told} == {18}
    assert "18/18" in capsys.readouterr().err

    def stop(step: int, steps: int, what: str) -> None:
        raise nbviz.errors.Cancelled

    with pytest.raises(nbviz.errors.Cancelled):
        nbviz.evaluate(net, pictures, masks, labels, ["saliency"], progress=False, on_step=stop)


def test_text_in_the_table_is_text(net: nbviz.Network) -> None:
    def refuse(net: Any, image: Any, target: Any) -> nbviz.Attribution:
        raise NotDefined("<script>alert('a|b')</script>")

    pictures, labels, masks = nbviz.demo.scenes(1, 2)
    found = nbviz.evaluate(net, pictures, masks, labels, {"<b>": refuse}, randomised=0, progress=False)
    shown = found._repr_html_()
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "&lt;script&gt;" in shown
    assert "a\\|b" in found.to_markdown()


# -- masks --------------------------------------------------------------------------------------------------------


def test_a_mask_goes_the_way_of_its_picture() -> None:
    """The preprocessing shrinks a wide picture and crops its middle."""
    transform = T.Compose([T.Resize(96), T.CenterCrop(96), T.ToTensor(), T.Normalize(0.5, 0.25)])
    net = nbviz.Network(nbviz.demo.model(), transform=transform, device="cpu")
    picture = np.zeros((192, 256, 3), np.uint8)
    mask = np.zeros((192, 256), bool)
    mask[:96, 32:128] = True  # the upper left quarter of the middle square
    (case,) = cases_of(net, [picture], [mask], [0])
    inside = torch.zeros(96, 96, dtype=torch.bool)
    inside[:48, :48] = True
    assert (case.mask ^ inside).float().mean() < 0.03
    cut_off = (0, 0, 20, 192)
    (boxed,) = cases_of(net, [Image.fromarray(picture)], [[(32, 0, 128, 96), cut_off]], [0])
    assert torch.equal(boxed.mask, case.mask)
    with pytest.raises(BadRequest, match="cuts pictures off"):
        cases_of(net, [picture], [cut_off], [0])


def test_several_masks_of_one_class_are_joined_and_several_classes_are_asked_for_one_by_one(net: nbviz.Network) -> None:
    picture = np.zeros((96, 96, 3), np.uint8)
    boxes = [(0, 0, 10, 10), (50, 50, 60, 70)]
    (joined,) = cases_of(net, [picture], [boxes], [3])
    assert int(joined.mask.sum()) == 300
    first, second = cases_of(net, [picture], [boxes], [[3, net.labels[4]]])  # type: ignore[index]
    assert (int(first.mask.sum()), first.target.index) == (100, 3)
    assert (int(second.mask.sum()), second.target.index) == (200, 4)


def test_without_targets_the_predicted_class_is_asked_for(net: nbviz.Network) -> None:
    pictures, _, masks = nbviz.demo.scenes(1, 2)
    (case,) = cases_of(net, pictures, masks, None)
    assert case.target.index == net.predict(pictures[0])[0].index


@pytest.mark.parametrize(
    ("masks", "targets", "says"),
    [
        ([], None, "1 pictures and 0 masks"),
        ([np.zeros((96, 96), bool)], None, "is empty"),
        ([np.ones((7, 7), bool)], None, "as large as its picture"),
        ([np.ones((96, 96), np.uint8)], None, "bool array"),
        ([(200, 200, 210, 210)], None, "holds none"),
        ([np.ones((96, 96), bool)], [[1, 2]], "1 masks and 2 targets"),
        ([np.ones((96, 96), bool)], ["conv1:3"], "targets are classes"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(net: nbviz.Network, masks: Any, targets: Any, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        nbviz.evaluate(net, [np.zeros((96, 96, 3), np.uint8)], masks, targets, progress=False)


def test_unknown_methods_offer_close_matches(net: nbviz.Network) -> None:
    pictures, labels, masks = nbviz.demo.scenes(1, 2)
    with pytest.raises(BadRequest, match="grad_cam"):
        nbviz.evaluate(net, pictures, masks, labels, ["gradcam"], progress=False)
    with pytest.raises(BadRequest, match="shows a layer"):
        nbviz.evaluate(net, pictures, masks, labels, ["activations"], progress=False)
