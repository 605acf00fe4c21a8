"""Integrated gradients on trained networks: with the default steps they add up to the change that they explain."""

from __future__ import annotations

from pathlib import Path

import pytest

import nbviz


@pytest.mark.slow
@pytest.mark.parametrize("photo", ["coral_samoyed.jpg", "coral_parrot.jpg"])
def test_they_miss_the_change_by_less_than_a_hundredth(real: nbviz.Network, shared_data: Path, photo: str) -> None:
    found = nbviz.integrated_gradients(real, shared_data / "photos" / photo)
    assert found.numbers["completeness"] == pytest.approx(1, abs=0.01)
    assert not found.note
