"""Fixtures of the real networks and photographs."""

from __future__ import annotations

from pathlib import Path

import pytest

import nbviz

from .real import NETWORKS, Photographs, network


@pytest.fixture(scope="session")
def photographs(shared_data: Path) -> Photographs:
    return Photographs(shared_data / "photos")


@pytest.fixture(scope="session", params=NETWORKS)
def real(request: pytest.FixtureRequest, shared_data: Path) -> nbviz.Network:
    """Each real network in turn."""
    return network(shared_data, request.param)
