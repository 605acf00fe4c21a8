"""The pictures behind the free numbers, against lucid's formula written out slowly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nbviz.errors import BadRequest
from nbviz.synthesis.parametrisations import Fourier, Maco, Pixel, named

SHAPES = [(1, 3, 8, 8), (2, 3, 6, 10), (1, 3, 7, 5), (1, 1, 9, 4), (1, 4, 5, 6)]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def lucid_picture(spectrum: np.ndarray, height: int, width: int) -> np.ndarray:
    """x = σ(C·t), t = ¼·√(wh)·irfft2(s / max(f, 1/max(w, h))), the inverse transform as a sum over waves."""
    channels = spectrum.shape[0]
    t = np.zeros((channels, height, width))
    rows, columns = np.mgrid[:height, :width]
    for u in range(height):
        for v in range(width // 2 + 1):
            fu = u / height if u <= (height - 1) // 2 else u / height - 1
            f = max(np.hypot(fu, v / width), 1 / max(height, width))
            wave = np.exp(2j * np.pi * (u * rows / height + v * columns / width))
            # A real picture has the conjugate of every coefficient whose mirror image the half spectrum leaves out.
            mirrored = 2 if 0 < v < width / 2 else 1
            t += mirrored * (spectrum[:, u, v, None, None] / f * wave).real / (height * width)
    t *= np.sqrt(width * height) / 4
    if channels == 3:
        m = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])
        t = np.einsum("dc,chw->dhw", m / np.sqrt((m**2).sum(0)).max(), t)
    return 1 / (1 + np.exp(-t))


@pytest.mark.parametrize("shape", SHAPES)
def test_fourier_picture_is_lucids_formula(shape: tuple[int, int, int, int]) -> None:
    picture = Fourier(shape, seeded(), dtype=torch.float64)
    with torch.no_grad():
        picture.free.mul_(100)  # far from grey, where σ bends
    spectra = torch.view_as_complex(picture.free.detach()).numpy()
    expected = np.stack([lucid_picture(spectrum, *shape[2:]) for spectrum in spectra])
    np.testing.assert_allclose(picture.pixels().detach().numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", [Fourier, Pixel])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_drawn_picture_comes_back(kind: type[Fourier] | type[Pixel], shape: tuple[int, int, int, int]) -> None:
    wanted = torch.rand(shape, generator=seeded(1), dtype=torch.float64) * 0.9 + 0.05
    picture = kind(shape, seeded(), dtype=torch.float64)
    picture.draw(wanted)
    torch.testing.assert_close(picture.pixels().detach(), wanted, rtol=0, atol=1e-6)


def test_black_and_white_can_be_drawn() -> None:
    wanted = torch.tensor([0.0, 1.0]).repeat(8).view(1, 1, 4, 4)
    picture = Pixel(tuple(wanted.shape), seeded())  # type: ignore[arg-type]
    picture.draw(wanted)
    torch.testing.assert_close(picture.pixels().detach(), wanted, rtol=0, atol=0.5 / 255 + 1e-6)


@pytest.mark.parametrize("kind", [Fourier, Pixel])
def test_the_start_is_nearly_grey_and_follows_the_seed(kind: type[Fourier] | type[Pixel]) -> None:
    first, same, other = (kind((1, 3, 32, 48), seeded(s)).pixels().detach() for s in (3, 3, 4))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert (first - 0.5).abs().max() < 0.2
    assert first.std() > 1e-3


def test_every_pixel_can_be_moved_through_the_spectrum() -> None:
    picture = Fourier((1, 3, 6, 7), seeded(), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(
        lambda free: _pixels_at(picture, free).flatten(), picture.free.detach()
    ).flatten(1)
    assert torch.linalg.matrix_rank(jacobian) == 3 * 6 * 7


def _pixels_at(picture: Fourier, free: torch.Tensor) -> torch.Tensor:
    picture.free = free
    return picture.pixels()


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(BadRequest, match=r"'furier'; there are 'fourier', 'maco' and 'pixel'\. Did you mean 'fourier'"):
        named("furier")


def test_maco_moves_phases_and_leaves_the_magnitudes_alone() -> None:
    picture = Maco((2, 3, 24, 32), seeded(), dtype=torch.float64)
    start = magnitudes(picture)
    with torch.no_grad():
        picture.free.add_(torch.randn(picture.free.shape, generator=seeded(1)))
    moved = magnitudes(picture)
    # The columns at both ends of a half spectrum hold pairs of coefficients whose phases are not independent.
    inner = (..., slice(1, -1))
    # Each picture is brought to one contrast, so magnitudes are compared up to a factor.
    ratio = moved[inner] / start[inner]
    torch.testing.assert_close(ratio, ratio.flatten(1).mean(1)[:, None, None, None].expand_as(ratio), rtol=1e-6, atol=0)
    frequency = torch.hypot(torch.fft.fftfreq(24)[:, None], torch.fft.rfftfreq(32)).clamp_min(1 / 32)
    fall = start[0, 0][:, 1:-1] * frequency[:, 1:-1]
    torch.testing.assert_close(fall / fall.mean(), torch.ones_like(fall), rtol=1e-6, atol=1e-6)


def magnitudes(picture: Maco) -> torch.Tensor:
    """Of the decorrelated planes behind the pixels."""
    t = torch.logit(picture.pixels().detach())
    return torch.fft.rfft2(torch.einsum("cd,ndhw->nchw", torch.linalg.inv(picture.colour), t)).abs()


def test_maco_has_the_contrast_of_photographs_from_the_first_step() -> None:
    pixels = Maco((4, 3, 64, 96), seeded()).pixels().detach()
    assert 0.18 < float(pixels.std()) < 0.28
    assert torch.equal(pixels, Maco((4, 3, 64, 96), seeded()).pixels().detach())


def test_maco_starts_from_the_phases_of_a_picture() -> None:
    picture, wanted = (Maco((1, 3, 20, 28), seeded(s), dtype=torch.float64) for s in (5, 6))
    for _ in range(2):  # of some coefficients only the real part counts, which the first time puts straight
        pixels = wanted.pixels().detach()
        picture.draw(pixels)
        wanted.draw(pixels)
    torch.testing.assert_close(picture.pixels().detach(), pixels, rtol=0, atol=1e-6)
