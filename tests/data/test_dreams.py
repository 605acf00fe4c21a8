"""Dreams and inversions of photographs by networks trained on ImageNet."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import nbviz
from nbviz.synthesis import remembering

from .real import Photographs

pytestmark = pytest.mark.slow  # real networks on photographs

LAYERS = {"squeezenet1_1": ("features.3", "features.8"), "mobilenet_v2": ("features.4", "features.11")}


def test_a_photograph_is_dreamt_on_in_its_own_size_towards_what_a_layer_sees(
    real: nbviz.Network, photographs: Photographs
) -> None:
    photo = photographs / "coco_000000000030.jpg"
    with Image.open(photo) as opened:
        size = opened.size
    assert size != (224, 224)
    found = nbviz.deep_dream(real, photo, LAYERS[real.name][1], octaves=2, steps=4)
    assert found.image.size == size
    assert found.value > 1.3 * found.before


def test_a_large_photograph_in_tiles_shows_no_seam(real: nbviz.Network, photographs: Photographs) -> None:
    """What a dream changes jumps no more from one pixel to the next where tiles meet than elsewhere.

    The grid moves at every step, so that it is looked for at all places at which tiles can begin.
    """
    with Image.open(photographs / "coco_000000000030.jpg") as opened:
        large = opened.resize((640, 480))
    tiled, whole = (
        nbviz.deep_dream(real, large, LAYERS[real.name][0], octaves=1, steps=3, jitter=0, tile=tile)
        for tile in (256, 1024)
    )
    change = np.asarray(tiled.image).astype(float) - np.asarray(large)
    jumps = np.abs(np.diff(change, axis=1)).mean((0, 2))
    at_begins = jumps[31::32]
    assert at_begins.mean() < 1.1 * jumps.mean()
    alike = np.corrcoef(change.ravel(), (np.asarray(whole.image).astype(float) - np.asarray(large)).ravel())[0, 1]
    assert alike > 0.9


def test_deeper_layers_remember_less(real: nbviz.Network, photographs: Photographs) -> None:
    photo = photographs / "coral_samoyed.jpg"
    seen = real.denormalise(real.preprocess(photo))[0].clamp(0, 1).permute(1, 2, 0).numpy()
    row = nbviz.invert(real, photo, remembering(real, 3), steps=48)
    alike = [np.corrcoef(np.asarray(found.image).ravel() / 255, seen.ravel())[0, 1] for found in row]
    print(real.name, [(found.layer, round(found.error, 4), round(a, 2)) for found, a in zip(row, alike, strict=True)])
    assert alike[0] > 0.9 > alike[-1]
    for found in row:
        assert found.error < 0.5
        assert all(later <= earlier for earlier, later in zip(found.trace, found.trace[1:], strict=False))
