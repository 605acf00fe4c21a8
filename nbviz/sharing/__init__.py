"""Pages and notebooks that stay alive without a kernel: recorded answers, a stand-in host, contact sheets."""

from __future__ import annotations

from .archive import Archive
from .document import Document, Link, Pool, Standing, View, alone
from .precompute import Precomputed, Recorder, choose, precompute
from .progress import OnStep
from .sheet import Still, sheet
from .still import Fallback, fallback
from .wants import facts_of

__all__ = [
    "Archive",
    "Document",
    "Fallback",
    "Link",
    "OnStep",
    "Pool",
    "Precomputed",
    "Recorder",
    "Standing",
    "Still",
    "View",
    "alone",
    "choose",
    "facts_of",
    "fallback",
    "precompute",
    "sheet",
]
