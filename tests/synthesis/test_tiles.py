"""Tile by tile a large picture gets the gradient of the whole one, in the memory of one tile, without seams."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nbviz.errors import OutOfMemory
from nbviz.network import Network
from nbviz.synthesis.goals import Whole
from nbviz.synthesis.objectives import Objective
from nbviz.synthesis.tiles import Grid, cut, gradient, measure, windowed

WHOLE = Grid((4096, 4096))


def shallow() -> Network:
    """Units that see ten pixels, at every second pixel, in float64."""
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 6, 3, padding=1), nn.ReLU())
    return Network(nn.Sequential(*layers).double(), input_size=64)


def deep() -> Network:
    """Units that see 126 pixels."""
    torch.manual_seed(0)
    blocks = [nn.Sequential(nn.Conv2d(c, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)) for c in (3, 8, 8, 8, 8)]
    return Network(nn.Sequential(*blocks), input_size=64)


def energy(net: Network) -> Objective:
    """The mean of A² over the last layer."""
    return Objective.of(net, Whole("4"))


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def picture(*size: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(1, 3, *size, generator=dice(5), dtype=dtype)


@pytest.mark.parametrize(("length", "tile", "align"), [(300, 128, 32), (513, 128, 32), (1000, 256, 32), (97, 64, 1)])
def test_tiles_cover_everything_and_their_weights_add_up_to_one(length: int, tile: int, align: int) -> None:
    g = dice()
    begins = set()
    for _ in range(20):
        spans = cut(length, tile, align, g)
        total = torch.zeros(length, dtype=torch.float64)
        for (begin, end), weight in windowed(spans, length, tile):
            assert begin % align == 0
            assert tile <= end - begin < tile + align
            total[begin:end] += weight
        torch.testing.assert_close(total, torch.ones_like(total))
        begins.add(tuple(begin for begin, _ in spans))
    assert len(begins) > 1, "the grid never moved"


def test_a_tile_counts_for_nothing_at_its_own_edge_inside_of_the_picture() -> None:
    for (begin, end), weight in windowed(cut(1000, 256, 32, dice()), 1000, 256):
        assert begin == 0 or not weight[:16].any()
        assert end == 1000 or not weight[-16:].any()


@pytest.mark.parametrize("tile", [128, 256])
@pytest.mark.parametrize("size", [(300, 420), (130, 700)])
def test_where_units_see_little_the_gradient_is_that_of_the_whole_picture(tile: int, size: tuple[int, int]) -> None:
    net, x = shallow(), picture(*size, dtype=torch.float64)
    _, whole = gradient(net, energy(net), x, WHOLE, dice())
    _, tiled = gradient(net, energy(net), x, Grid((tile, tile)), dice())
    torch.testing.assert_close(tiled, whole, rtol=1e-9, atol=1e-12 * float(whole.abs().max()))


def test_where_units_see_far_the_gradient_is_close_and_shows_no_seam() -> None:
    """A jump across a tile's edge would stand out among the jumps between all other neighbours."""
    net, x = deep(), picture(384, 384)
    _, whole = gradient(net, energy(net), x, WHOLE, dice())
    tiles = Grid((256, 256)).tiles((384, 384), dice(1))
    _, tiled = gradient(net, energy(net), x, Grid((256, 256)), dice(1))
    alike = torch.nn.functional.cosine_similarity(tiled.flatten(), whole.flatten(), 0)
    assert alike > 0.95
    jumps = (tiled - whole).diff(dim=-1).abs().mean((0, 1, 2))
    edges = {tile.columns.start for tile in tiles} | {tile.columns.stop for tile in tiles}
    inner = [edge - 1 for edge in edges if 0 < edge < 384]
    assert inner
    assert float(jumps[inner].mean()) < 2 * float(jumps.mean())


def test_a_step_holds_no_more_than_a_tile() -> None:
    """What is allocated is seen by the largest map that a layer ever makes."""
    net = shallow()
    largest = 0

    class Watched(Whole):
        def known(self, net: Network) -> Whole:
            return self

        def field(self, maps: Tensor) -> Tensor:
            nonlocal largest
            largest = max(largest, maps.numel())
            return super().field(maps)

    gradient(net, Objective.of(net, Watched("4")), picture(1024, 768, dtype=torch.float64), Grid((128, 128)), dice())
    assert largest <= 6 * (128 + 31) ** 2 / 4


def test_the_measure_of_a_picture_is_near_that_of_the_whole() -> None:
    net, x = shallow(), picture(300, 420, dtype=torch.float64)
    whole, _ = measure(net, energy(net), x, WHOLE)
    tiled, _ = measure(net, energy(net), x, Grid((128, 128)))
    assert tiled == pytest.approx(whole, rel=0.03)


def test_full_memory_makes_the_tiles_smaller_and_at_last_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    net, x = shallow(), picture(300, 300, dtype=torch.float64)
    _, whole = gradient(net, energy(net), x, WHOLE, dice())
    tap, room = net.tap, 200

    def small_device(pixels: Tensor, *args: Any, **options: Any) -> Any:
        if pixels.shape[-1] > room:
            raise torch.cuda.OutOfMemoryError("full")
        return tap(pixels, *args, **options)

    monkeypatch.setattr(net, "tap", small_device)
    grid = Grid()
    _, tiled = gradient(net, energy(net), x, grid, dice())
    assert grid.tile == (128, 128)
    torch.testing.assert_close(tiled, whole, rtol=1e-9, atol=1e-12 * float(whole.abs().max()))
    room = 20
    with pytest.raises(OutOfMemory, match="does not hold one tile"):
        gradient(net, energy(net), x, grid, dice())
