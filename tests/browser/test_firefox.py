"""The same pages in a Firefox that is installed, its network cut off."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.firefox import Firefox, running
from tests.browser.frozen import LAYER, OTHER, UNIT, Live, Places
from tests.browser.lab import ARTIFACTS
from tests.browser.pixels import changed

VIEW = "document.querySelector('.view > div')?.shadowRoot"
PANEL = f"{VIEW}?.querySelector('[data-panel=projection]')"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with running(tmp_path_factory.mktemp("firefox")) as started:
        started.size(1400, 1000)
        yield started


def shows(firefox: Firefox, unit: int, frame: str | None = None) -> None:
    firefox.wait(f"{PANEL}?.textContent.includes('{LAYER}:{unit} at ') && {PANEL}.dataset.state === 'ready'", frame)


def choose(firefox: Firefox, unit: int, frame: str | None = None) -> Any:
    """Click a channel; returns the pixels of its projection."""
    firefox.click(f"{VIEW}?.querySelector('[role=gridcell][data-channel=\"{unit}\"]')", frame)
    shows(firefox, unit, frame)
    encoded = firefox.ask(f"{PANEL}.querySelector('canvas').toDataURL()", frame).partition(",")[2]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB"))


def as_wide(firefox: Firefox, live: Live, frame: str | None = None) -> None:
    width = firefox.ask(f"{VIEW}.querySelector('.nbviz').getBoundingClientRect().width", frame)
    firefox.size(1400 + round(live.width - width), 1000)


def assert_shows(firefox: Firefox, live: Live, frame: str | None = None) -> None:
    """A click shows the recorded picture of that unit, as the live widget does, and of no other."""
    for unit, other in ((OTHER, UNIT), (UNIT, OTHER)):
        shown = choose(firefox, unit, frame)
        assert changed(live.shown[unit], shown) < 0.01
        assert changed(live.shown[other], shown) > 0.1


def test_a_page_from_disk_is_clickable_in_firefox(firefox: Firefox, places: Places, live: Live) -> None:
    firefox.size(1400, 1000)
    firefox.open(f"{places.alone.as_uri()}#{LAYER}:{UNIT}")
    shows(firefox, UNIT)
    as_wide(firefox, live)
    assert_shows(firefox, live)
    firefox.screenshot(ARTIFACTS / "firefox.png")


def test_a_frozen_notebook_is_clickable_in_firefox(firefox: Firefox, places: Places, live: Live) -> None:
    firefox.size(1400, 1000)
    firefox.open(places.page.as_uri())
    explorer, linked = firefox.frames()
    firefox.wait(f"{PANEL}?.dataset.state === 'ready'", explorer)
    as_wide(firefox, live, explorer)
    assert_shows(firefox, live, explorer)
    # What the second output shows is lent by the first, once a reader comes near.
    firefox.ask("document.querySelectorAll('iframe')[1].scrollIntoView()")
    firefox.wait(f"{VIEW}?.querySelector('[data-panel=maps]')?.dataset.state === 'ready'", linked)
