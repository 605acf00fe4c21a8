"""A session over three pictures of noise."""

from __future__ import annotations

import pytest

from nbviz.session import Session
from tests.doubles import noise, tiny_network


@pytest.fixture
def session() -> Session:
    return Session(tiny_network(), noise(3))
