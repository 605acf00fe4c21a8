"""What an atlas says is what looking at every value of every map says."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import nbviz
from nbviz.atlas import gather
from nbviz.atlas.keys import EMPTY, LAST, pack, shuffled, unpack

from .conftest import LAYERS, Scan

BATCH, K = 8, 5


class BruteForce:
    """Every map of every picture, kept, and nothing clever."""

    def __init__(self, net: nbviz.Network, folder: Path) -> None:
        self.files = sorted(folder.rglob("*.png"))
        x = torch.cat([net.preprocess(file) for file in self.files])
        with torch.no_grad():
            runs = [
                net.tap(x[i : i + BATCH].contiguous(memory_format=torch.channels_last), LAYERS)
                for i in range(0, len(x), BATCH)
            ]
        self.maps = {name: torch.cat([run[name] for run in runs]).numpy() for name in LAYERS}

    @cache  # noqa: B019 - lives as long as the tests of this file
    def maxima(self, layer: str) -> NDArray[np.float32]:
        """(pictures, channels)"""
        return self.maps[layer].max((2, 3))

    def top(self, layer: str, channel: int) -> list[tuple[float, int, tuple[int, int]]]:
        """(score, picture, position) of the K strongest, the earlier picture first where they are equal."""
        found = []
        for picture, plane in enumerate(self.maps[layer][:, channel]):
            y, x = np.unravel_index(np.argmax(plane), plane.shape)  # the first of equal positions
            found.append((float(plane[y, x]), picture, (int(y), int(x))))
        return sorted(found, key=lambda entry: (-entry[0], entry[1]))[:K]


@pytest.fixture(scope="module")
def truth(net: nbviz.Network, folder: Path) -> BruteForce:
    return BruteForce(net, folder)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_strongest_of_every_channel_are_those_of_a_full_sort(
    atlas: nbviz.Atlas, truth: BruteForce, net: nbviz.Network, layer: str
) -> None:
    for channel in range(net.layers[layer].channels):
        found = [(patch.score, patch.picture, patch.position) for patch in atlas.top((layer, channel))]
        assert found == truth.top(layer, channel)


@pytest.mark.parametrize("layer", LAYERS)
def test_statistics_are_those_of_all_values(atlas: nbviz.Atlas, truth: BruteForce, layer: str) -> None:
    statistics, maps = atlas.statistics(layer), truth.maps[layer].astype(np.float64)
    np.testing.assert_allclose(statistics.mean, maps.mean((0, 2, 3)), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(statistics.high, truth.maxima(layer).max(0))
    np.testing.assert_array_equal(statistics.low, truth.maxima(layer).min(0))
    np.testing.assert_array_equal(statistics.fired, (truth.maxima(layer) > 0).mean(0))
    np.testing.assert_array_equal(statistics.dead, (maps <= 0).all((0, 2, 3)))
    assert statistics.dead_fraction == statistics.dead.mean()


@pytest.mark.parametrize("layer", LAYERS)
def test_histograms_count_every_picture_once_in_its_bin(atlas: nbviz.Atlas, truth: BruteForce, layer: str) -> None:
    for channel, maxima in enumerate(truth.maxima(layer).T):
        histogram = atlas.histogram((layer, channel))
        assert histogram.counts.sum() == len(maxima)
        assert histogram.edges[0] <= maxima.min()
        assert histogram.edges[-1] >= maxima.max()
        # A value on an edge may fall to either side of it: in float32 it is an edge only up to rounding.
        slack = 1e-4 * np.diff(histogram.edges).max()
        below = np.cumsum(histogram.counts)[:-1]
        assert (below >= [(maxima < edge - slack).sum() for edge in histogram.edges[1:-1]]).all()
        assert (below <= [(maxima < edge + slack).sum() for edge in histogram.edges[1:-1]]).all()


@pytest.mark.parametrize("layer", ["relu", "layer4.0.conv2"])
@pytest.mark.parametrize("q", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_quantiles_are_right_to_within_a_bin(atlas: nbviz.Atlas, truth: BruteForce, layer: str, q: float) -> None:
    found = atlas.statistics(layer).quantile(q)
    for channel, maxima in enumerate(truth.maxima(layer).T):
        width = np.diff(atlas.histogram((layer, channel)).edges).max()
        ascending, last = np.sort(maxima), len(maxima) - 1
        below = ascending[int(np.clip(np.floor(q * len(maxima)) - 1, 0, last))]
        above = ascending[int(np.clip(np.ceil(q * len(maxima)), 0, last))]
        assert below - width <= found[channel] <= above + width


def test_examples_of_a_bin_are_pictures_whose_maximum_lies_in_it(atlas: nbviz.Atlas, truth: BruteForce) -> None:
    for channel in range(8):
        unit = ("layer2", channel)
        histogram = atlas.histogram(unit)
        for number, count in enumerate(histogram.counts):
            found = atlas.examples(unit, number)
            assert len(found) == min(count, 2)
            for patch in found:
                plane = truth.maps["layer2"][patch.picture, channel]
                assert patch.score == plane.max() == plane[patch.position]
                assert histogram.edges[number] - 1e-4 <= patch.score <= histogram.edges[number + 1] + 1e-4


def test_examples_do_not_depend_on_the_order_of_the_pictures(
    atlas: nbviz.Atlas, truth: BruteForce, net: nbviz.Network
) -> None:
    """Of the pictures of a bin, those are kept that come first in one random order of all."""
    rank = shuffled(torch.arange(len(truth.files))).tolist()
    histogram = atlas.histogram(("layer2", 0))
    members: dict[int, list[int]] = {}
    for picture, value in enumerate(truth.maxima("layer2")[:, 0]):
        members.setdefault(histogram.bin_of(float(value)), []).append(picture)
    for number, pictures in members.items():
        expected = sorted(pictures, key=rank.__getitem__)[:2]
        assert {patch.picture for patch in atlas.examples(("layer2", 0), number)} == set(expected)


def test_a_patch_is_the_receptive_field_cut_from_what_the_network_sees(
    atlas: nbviz.Atlas, truth: BruteForce, net: nbviz.Network
) -> None:
    for layer in ("conv1", "layer2", "layer4.0.conv2"):
        for patch in atlas.top((layer, 1)):
            assert patch.box == net.layers[layer].receptive_field.box(*patch.position)
            y0, x0, y1, x1 = patch.box
            seen = np.asarray(Image.open(truth.files[patch.picture]))[y0:y1, x0:x1].astype(int)
            shown = np.asarray(patch.image).astype(int)
            assert shown.shape == seen.shape
            if max(seen.shape) <= 16:
                np.testing.assert_array_equal(shown, seen)
            assert (
                np.abs(shown - seen).mean() < 12
            )  # colours are averaged over 2x2 pixels; another place would differ by 50


def test_a_unit_that_sees_the_whole_picture_has_it_as_its_patch(atlas: nbviz.Atlas, net: nbviz.Network) -> None:
    assert atlas.field("avgpool") == "whole"
    assert atlas.top(("fc", 3))[0].box == (0, 0, 96, 96)
    assert atlas.top(("fc", 3))[0].image.size == (96, 96)


def test_labels_are_the_folders_and_their_purity_is_counted(atlas: nbviz.Atlas, truth: BruteForce) -> None:
    unit = ("layer4.0.conv2", 5)
    labels = [patch.label for patch in atlas.top(unit)]
    assert labels == [truth.files[patch.picture].parent.name for patch in atlas.top(unit)]
    classes = atlas.classes(unit)
    assert dict(classes.counts) == {label: labels.count(label) for label in labels}
    assert classes.purity == max(classes.counts.values()) / len(labels)


def test_more_are_asked_for_than_there_are_pictures(scan: Scan, folder: Path, tmp_path: Path) -> None:
    few = sorted(folder.rglob("*.png"))[:3]
    found = scan(few, tmp_path / "few", k=9, layers=["fc"]).top(("fc", 0))
    assert len(found) == 3
    assert len({patch.picture for patch in found}) == 3


def keys_of(scores: list[float], pictures: list[int]) -> NDArray[np.int64]:
    return pack(torch.tensor(scores), torch.tensor(pictures)).numpy()


def test_keys_sort_as_scores_do_and_earlier_pictures_win() -> None:
    scores = [-3e38, -2.5, -1e-40, 0.0, 1e-45, 0.1, 7.0, 3e38]
    ascending = keys_of(scores, [5] * len(scores))
    assert (np.diff(ascending) > 0).all()
    assert keys_of([1.0, 1.0], [3, 4])[0] > keys_of([1.0, 1.0], [3, 4])[1]
    assert keys_of([-0.0], [1]) == keys_of([0.0], [1])
    assert (ascending > EMPTY).all()


def test_keys_give_back_what_went_in() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(0, 10, 1000).astype(np.float32)
    pictures = generator.integers(0, LAST, 1000)
    found = unpack(pack(torch.from_numpy(scores), torch.from_numpy(pictures)).numpy())
    np.testing.assert_array_equal(found[0], scores)
    np.testing.assert_array_equal(found[1], pictures)
    empty: Any = unpack(np.array([EMPTY]))
    assert np.isnan(empty[0][0])
    assert empty[1][0] == -1


def test_the_random_order_is_one_to_one_and_far_from_the_natural_one() -> None:
    order = shuffled(torch.arange(100_000)).numpy()
    assert len(np.unique(order)) == 100_000
    assert abs(np.corrcoef(np.arange(100_000), order)[0, 1]) < 0.02


def test_maxima_of_maps_in_either_order_of_memory_are_the_same_numbers() -> None:
    maps = torch.randn(8, 48, 112, 112)
    maps[1, 2, 3, 4] = torch.nan
    expected = maps.flatten(2).amax(2)
    for order in (torch.channels_last, torch.contiguous_format):
        torch.testing.assert_close(
            gather.maxima(maps.contiguous(memory_format=order)), expected, rtol=0, atol=0, equal_nan=True
        )
