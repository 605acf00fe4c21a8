"""Whatever order of memory a network needs, it is scanned."""

from __future__ import annotations

from pathlib import Path

import nbviz
from tests.doubles import noise
from tests.network.models import seeded
from tests.network.test_pictures import Viewing


def test_a_network_that_views_its_maps_is_scanned(tmp_path: Path) -> None:
    net = nbviz.Network(seeded(Viewing()), input_size=16, device="cpu")
    atlas = nbviz.scan(net, noise(5), tmp_path / "atlas", progress=False)
    assert len(atlas.top(net.unit("conv", 3))) == 5
