"""One resampling does what the chain of disturbances says, to the pixel."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from nbviz.synthesis.transforms import GREY, Jitter, Rotate, Scale, disturb, resample, standard, wide

HEIGHT, WIDTH = 40, 60


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def places(height: int = HEIGHT, width: int = WIDTH) -> tuple[Tensor, Tensor]:
    """x and y of each pixel's centre, from the picture's centre."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return x - (width - 1) / 2, y - (height - 1) / 2


def ramps() -> Tensor:
    """x and y themselves as a picture: bilinear reading of a ramp is exact, so each pixel tells where it was read."""
    return torch.stack(places()).unsqueeze(0).double()


def shift(x: float, y: float) -> Tensor:
    return torch.tensor([[1, 0, x], [0, 1, y], [0, 0, 1]], dtype=torch.float32)


def turn(degrees: float, factor: float) -> Tensor:
    c, s = math.cos(math.radians(degrees)) / factor, math.sin(math.radians(degrees)) / factor
    return torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=torch.float32)


def test_the_fused_map_is_the_composition_of_its_parts() -> None:
    parts = [shift(3, -2), turn(0, 1.08), turn(9, 1), shift(-1, 2)]
    fused = resample(ramps(), (parts[0] @ parts[1] @ parts[2] @ parts[3])[None])[0]
    x, y = places()
    # Applied to the picture in order, the last disturbance is the first that a result pixel is led back through.
    q = torch.stack([x, y, torch.ones_like(x)]).flatten(1)
    for part in reversed(parts):
        q = part @ q
    expected = q[:2].view(2, HEIGHT, WIDTH).double()
    inside = (expected[0].abs() <= WIDTH / 2 - 1) & (expected[1].abs() <= HEIGHT / 2 - 1)
    assert inside.float().mean() > 0.7
    torch.testing.assert_close(fused[:, inside], expected[:, inside], rtol=0, atol=1e-4)


def test_one_resampling_equals_many_on_a_smooth_picture() -> None:
    x, y = places(64, 64)
    smooth = (0.5 + 0.3 * torch.sin(x / 9) * torch.cos(y / 7))[None, None].double()
    parts = [shift(3, -2), turn(0, 1.08), turn(9, 1), shift(-1, 2)]
    many = smooth
    for part in parts:
        many = resample(many, part[None])
    once = resample(smooth, torch.linalg.multi_dot(parts)[None])
    torch.testing.assert_close(once[..., 16:-16, 16:-16], many[..., 16:-16, 16:-16], rtol=0, atol=5e-3)


def test_a_whole_pixel_shift_only_moves_and_fills_with_grey() -> None:
    pixels = torch.rand(1, 3, 8, 12, generator=seeded())
    moved = resample(pixels, shift(2, -3)[None])
    torch.testing.assert_close(moved[..., 3:, :-2], pixels[..., :-3, 2:], rtol=0, atol=1e-5)
    torch.testing.assert_close(moved[..., :3, :], torch.full((1, 3, 3, 12), GREY))


def test_every_picture_of_a_batch_has_its_own_draw() -> None:
    pixels = torch.rand(1, 1, 32, 32, generator=seeded()).expand(4, -1, -1, -1)
    results = disturb(pixels, standard((32, 32)), seeded())
    assert all(not torch.equal(results[i], results[j]) for i in range(4) for j in range(i))


@pytest.mark.parametrize("transforms", [(Jitter(8),), (Scale(0.9, 1.1),), (Rotate(10),), standard((128, 128))])
def test_the_same_seed_disturbs_the_same_way(transforms: tuple[Jitter, ...]) -> None:
    pixels = torch.rand(2, 3, 32, 40, generator=seeded())
    first, same, other = (disturb(pixels, transforms, seeded(s)) for s in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_draws_stay_within_their_bounds_and_reach_them() -> None:
    jitter = Jitter(8).matrices(2000, seeded())[:, :2, 2]
    assert sorted(set(jitter.flatten().tolist())) == list(range(-4, 5))
    factor = 1 / Scale(0.9, 1.1).matrices(2000, seeded())[:, 0, 0]
    assert 0.9 <= factor.min() < 0.91
    assert 1.09 < factor.max() <= 1.1 + 1e-6
    angle = torch.rad2deg(torch.asin(Rotate(10).matrices(2000, seeded())[:, 1, 0]))
    assert -10.001 < angle.min() < -9.8
    assert 9.8 < angle.max() < 10.001


def test_no_transforms_leave_the_picture_untouched() -> None:
    pixels = torch.rand(1, 3, 5, 5)
    assert disturb(pixels, (), seeded()) is pixels


def test_small_pictures_are_shifted_less() -> None:
    assert standard((32, 224))[0] == Jitter(2)
    assert standard((224, 224)) == (Jitter(8), Scale(0.9, 1.1), Rotate(10), Jitter(4))
    assert wide((56, 224)) == (Jitter(8), Scale(0.7, 1.3), Rotate(15), Jitter(2))
