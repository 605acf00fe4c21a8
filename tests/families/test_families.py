"""Every method on a handful of families against independent references; `python -m tools.families` runs all.

The handful holds in-place residual sums, ReLU6, functional rectifiers with concatenation, gates, GELU and tokens.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz.methods import METHODS
from tools.families import relevance
from tools.families.checks import CHECKS, Cell, Subject, checked, methods
from tools.families.zoo import FAMILIES, Family

HANDFUL = ("googlenet", "mobilenet_v2", "mobilenet_v3_small", "regnet_y_400mf", "squeezenet1_1", "vit")


def test_there_are_twenty_families_and_every_method_of_the_menu_has_a_reference() -> None:
    assert len(FAMILIES) >= 20
    assert set(METHODS) <= set(CHECKS)
    assert set(methods()) == set(CHECKS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", HANDFUL)
def test_every_cell_is_right_or_not_defined_for_a_reason(name: str) -> None:
    subject = Subject(FAMILIES[name])
    cells = {method: checked(subject, method) for method in methods()}
    assert {m: c for m, c in cells.items() if c.kind not in ("right", "not defined")} == {}
    assert all(cell.text for cell in cells.values() if cell.kind == "not defined")


class Small(nn.Module):
    """A family of one, small enough to try the checks themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(3, 6, 3, 2), nn.BatchNorm2d(6), nn.Linear(6, 10)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.fc(nn.functional.relu(self.bn(self.conv(x))).mean((2, 3)))
        return logits


def small() -> Subject:
    return Subject(Family(Small, 16, "bn", "conv", pooled="bn", head="fc", rectified=True))


def test_a_wrong_method_is_found_and_one_without_a_reference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = small()
    assert checked(subject, "saliency").kind == "right"
    assert checked(subject, "something new") == Cell("unchecked", "no reference in tools/families/checks.py")
    honest = nbviz.saliency

    def a_little_off(*args: object) -> nbviz.Attribution:
        found = honest(*args)  # type: ignore[arg-type]
        found.values[0, 0] += 1e-5 * found.values.max()
        return found

    monkeypatch.setattr(nbviz, "saliency", a_little_off)
    assert checked(subject, "saliency").kind == "wrong"


def test_a_reason_that_is_not_so_is_wrong() -> None:
    """What is said to stop a method must be there: here, nothing does."""
    subject = small()
    subject.family = Family(Small, 16, "bn", "conv", pooled="bn", head="fc", curved="GELU", rectified=True)
    assert checked(subject, "guided_backprop").kind == "wrong"


def test_the_bent_forward_pass_shares_out_a_linear_map_as_the_rules_are_written() -> None:
    """One linear map: R_i by the formula of each rule."""
    generator = torch.Generator().manual_seed(0)
    layer = nn.Linear(5, 10).double()
    a = torch.randn(1, 5, generator=generator).double()
    with torch.no_grad():
        z, value = layer.weight[3] * a[0], float(layer(a)[0, 3])
        bias = float(layer.bias[3])
    up, down = z.clamp(min=0), z.clamp(max=0)
    favoured = z + 0.25 * (up if value >= 0 else down)
    own = float(favoured.sum()) + bias + 0.25 * (max(bias, 0) if value >= 0 else min(bias, 0))
    expected = {
        "lrp0": z,
        "gamma": favoured / own * value,
        "zplus": up / (float(up.sum()) + max(bias, 0)) * value,
        "alphabeta": (2 * up / (float(up.sum()) + max(bias, 0)) - down / (float(down.sum()) + min(bias, 0))) * value,
    }
    model = nn.Sequential(nn.Flatten(), layer)
    for preset, relevances in expected.items():
        picture = a.view(1, 1, 1, 5)
        found, score = relevance.lrp(model, picture, 3, preset, picture - 1, picture + 1)
        assert score == pytest.approx(value)
        assert torch.allclose(found[0], relevances, atol=1e-12), preset
