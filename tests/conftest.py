"""What every test shares: one torch thread, and the way to the real networks and photographs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("NBVIZ_TEST_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> None:
    """Small networks are faster with one thread than with threads that wait for each other, and repeatable."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Every test begins from the same seeds, so that a failure repeats itself."""
    import numpy as np
    import torch

    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - the state that a library under test might use


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real networks (`*.safetensors`) and photographs (`photos/`), too large for the repository."""
    if not DATA.is_dir():
        pytest.skip(f"The real networks and photographs are not at {DATA}; NBVIZ_TEST_DATA can name another folder.")
    return DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Markers that follow from where a test lies and what it asks for."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.data)
        if Path(__file__).parent / "browser" in item.path.parents:
            item.add_marker(pytest.mark.browser)
