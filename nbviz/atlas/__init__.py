"""The strongest patches of a data set for every unit: scanning, resuming, storing, reading."""

from __future__ import annotations

from .atlas import Atlas
from .patch import Classes, Histogram, Patch, Patches, Statistics
from .projections import Projection
from .scan import scan

__all__ = ["Atlas", "Classes", "Histogram", "Patch", "Patches", "Projection", "Statistics", "scan"]
