"""A rectifier that blocks everything lets through what opens it, and only then."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import _get_current_function_mode_stack

from nbviz.synthesis.redirect import redirected, redirecting


def slow(r: Tensor, x: Tensor) -> Tensor:
    """Sample by sample and number by number, as lucid words it."""
    result = torch.zeros_like(r)
    for n in range(len(r)):
        flat_r, flat_x, out = r[n].flatten(), x[n].flatten(), result[n].view(-1)
        open_ones = [i for i in range(len(out)) if flat_x[i] > 0]
        dead = all(flat_r[i] == 0 for i in open_ones)
        for i in range(len(out)):
            if (i in open_ones and not dead) or (dead and flat_x[i] <= 0 and flat_r[i] > 0):
                out[i] = flat_r[i]
    return result


def test_signal_is_lucids_redirected_rectifier_sample_by_sample() -> None:
    g = torch.Generator().manual_seed(0)
    x, r = (torch.randn(6, 2, 3, 3, generator=g, dtype=torch.float64) for _ in range(2))
    x[0] = -x[0].abs()  # closed everywhere
    r[1] = r[1] * (x[1] <= 0)  # open, but nothing arrives where it is
    r[2] = -r[2].abs()  # wants to fall where it is open
    x[3], r[3] = -x[3].abs(), -r[3].abs()  # closed, and glad to be
    assert torch.equal(redirected(r, x > 0), slow(r, x))
    assert redirected(r, x > 0)[0].abs().sum() > 0
    assert redirected(r, x > 0)[3].abs().sum() == 0


def test_a_bounded_rectifier_that_is_full_everywhere_lets_through_what_empties_it() -> None:
    x = torch.tensor([[7.0, 9.0], [-1.0, 8.0], [3.0, 9.0]], requires_grad=True)
    with redirecting():
        y = F.relu6(x)
    assert torch.equal(y, F.relu6(x))
    for wish, expected in ((-1.0, [[-1.0, -1.0], [0, -1.0], [-1.0, 0]]), (1.0, [[0, 0], [1.0, 0], [1.0, 0]])):
        (through,) = torch.autograd.grad(wish * y.sum(), x, retain_graph=True)
        assert torch.equal(through, torch.tensor(expected))


def test_a_forward_under_the_mode_has_the_same_values_and_revives_a_dead_start() -> None:
    x = torch.full((1, 1, 2, 2), -3.0, requires_grad=True)
    with redirecting():
        y = F.relu(F.relu(x) - 1)
    assert torch.equal(y, F.relu(F.relu(x) - 1))
    assert not _get_current_function_mode_stack()
    (through,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(through, torch.ones_like(x))
