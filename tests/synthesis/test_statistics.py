"""What pictures have in common is measured as it is defined, and a synthesis takes it over."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import nbviz
from nbviz.errors import BadRequest
from nbviz.network import Network
from nbviz.synthesis import Fourier, Maco, Statistics, statistics, visualize
from nbviz.synthesis.statistics import colour_matrix, frequencies


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def network(channels: int, size: tuple[int, int]) -> Network:
    torch.manual_seed(0)
    return Network(nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU()), input_size=size)


def coloured(n: int, mixing: Tensor, mean: float, size: tuple[int, int], slope: float) -> list[Tensor]:
    """Pictures whose planes fall as f^−slope and are mixed by `mixing` (C, C) around a mean."""
    fall = frequencies(*size).clamp_min(1 / max(size)) ** -slope
    fall[0, 0] = 0
    planes = torch.fft.irfft2(torch.fft.rfft2(torch.randn(n, len(mixing), *size, generator=seeded(2))) * fall, s=size)
    planes = planes / planes.std()
    return list((mean + 0.05 * torch.einsum("dc,nchw->ndhw", mixing, planes)).clamp(0, 1))


def test_colours_spectrum_and_mean_are_measured() -> None:
    size, mixing = (32, 40), torch.tensor([[1.0, 0.3], [0.2, 0.8]])
    pictures = coloured(60, mixing, 0.6, size, slope=1.5)
    found = statistics(network(2, size), pictures)
    assert found.pictures == 60
    assert found.mean is not None
    assert found.colour is not None
    assert found.magnitude is not None
    torch.testing.assert_close(found.mean, torch.full((2,), 0.6), atol=0.01, rtol=0)
    covariance, expected = found.colour @ found.colour.T, mixing @ mixing.T
    torch.testing.assert_close(covariance / covariance.norm(), expected / expected.norm(), atol=0.03, rtol=0)
    assert [slope(found, plane) for plane in (0, 1)] == pytest.approx([-1.5, -1.5], abs=0.1)


def test_a_spectrum_is_carried_to_another_size_at_the_same_frequencies() -> None:
    fy, fx = torch.fft.fftfreq(64)[:, None], torch.fft.rfftfreq(64)[None]
    measured = Statistics(1 / (0.05 + fy.abs() + 3 * fx))  # not the same in both directions
    wy, wx = torch.fft.fftfreq(40)[:, None], torch.fft.rfftfreq(90)[None]
    torch.testing.assert_close(measured.spectrum(3, 40, 90)[0], 1 / (0.05 + wy.abs() + 3 * wx), rtol=0.05, atol=0)
    torch.testing.assert_close(measured.spectrum(3, 64, 64)[0], measured.magnitude)


def test_pictures_with_few_colours_leave_the_colours_invertible() -> None:
    pictures = [torch.rand(1, 16, 16, generator=seeded(s)).expand(3, -1, -1) for s in range(3)]
    found = statistics(network(3, (16, 16)), pictures)
    assert found.colour is not None
    assert torch.linalg.cond(found.colour) < 1e3


@pytest.mark.parametrize("kind", [Fourier, Maco])
def test_pictures_begin_with_the_statistics_that_were_measured(kind: type[Fourier] | type[Maco]) -> None:
    mixing = torch.tensor([[1.0, 0.0, 0.0], [0.9, 0.3, 0.0], [-0.5, 0.2, 0.4]])
    known = statistics(network(3, (32, 32)), coloured(40, mixing, 0.3, (32, 32), slope=2.0))
    picture = kind((16, 3, 48, 32), seeded(), statistics=known)
    with torch.no_grad():
        if kind is Fourier:
            picture.free.mul_(20)  # out of the grey in which it starts
        pixels = picture.pixels().detach()
    again = statistics(network(3, (48, 32)), list(pixels))
    assert known.colour is not None
    assert again.colour is not None
    assert again.mean is not None
    wanted, found = known.colour @ known.colour.T, again.colour @ again.colour.T
    torch.testing.assert_close(found / found.norm(), wanted / wanted.norm(), atol=0.1, rtol=0)
    torch.testing.assert_close(again.mean, torch.full((3,), 0.3), atol=0.06, rtol=0)
    assert slope(again) == pytest.approx(-2.0, abs=0.35)


def slope(found: Statistics, plane: int = 0) -> float:
    """Of the spectrum of one decorrelated colour, in double logarithmic scale."""
    assert found.magnitude is not None
    f = frequencies(found.magnitude.shape[1], 2 * (found.magnitude.shape[2] - 1))
    inner = (f > 0.06) & (f < 0.4)
    return float(np.polyfit(f[inner].log().numpy(), found.magnitude[plane][inner].log().numpy(), 1)[0])


def test_without_statistics_nature_is_assumed() -> None:
    torch.testing.assert_close(colour_matrix().square().sum(0).max(), torch.tensor(1.0))


@pytest.mark.parametrize("param", ["fourier", "maco", "pixel"])
def test_a_synthesis_takes_statistics_and_plain_arrays(param: str) -> None:
    net = Network.demo()
    known = statistics(net, nbviz.demo.scenes(6, seed=1).pictures)
    flat = np.ones((20, 11))
    made = [visualize(net, "layer2:3", 6, size=(40, 56), param=param, statistics=s) for s in (None, known, flat)]
    assert len({one.image.tobytes() for one in made}) == (2 if param == "pixel" else 3)
    assert "statistics=statistics" in made[1].code
    again = eval(made[1].code, {"nbviz": nbviz, "net": net, "statistics": known})
    assert again.image.tobytes() == made[1].image.tobytes()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (3, "this is a int"),
        (np.ones(5), r"an array \(5,\)"),
        (-np.ones((8, 5)), "not negative"),
        (np.zeros((8, 5)), "not all zero"),
        (np.full((8, 5), np.nan), "finite"),
        (np.ones((2, 8, 5)), "spectrum has 2 channels; the network takes 3"),
        (Statistics(colour=torch.eye(4)), "statistics have 4 channels; the network takes 3"),
    ],
)
def test_what_is_no_statistics_is_said(given: object, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        visualize(Network.demo(), "layer2:3", 2, statistics=given)


def test_one_picture_is_no_set() -> None:
    with pytest.raises(BadRequest, match="at least 2 pictures; there are 1"):
        statistics(Network.demo(), nbviz.demo.scenes(1, seed=1).pictures)
