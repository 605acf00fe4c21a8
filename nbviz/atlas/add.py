"""Adding pictures to a finished atlas: each patch's projection, a picture that excites each channel."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from ..errors import BadAtlas, UnknownName, close_matches
from ..network import Network
from . import projections
from .background import Background
from .claim import Share, checked, claimed
from .engines import engine_for
from .pictures import Listed, Source
from .plan import Plan
from .progress import OnProgress, Progress
from .run import Run, missing
from .workshop import WORK, Workshop, keep_listing


def add(
    path: Path,
    plan: Plan,
    kind: str,
    net: Network,
    source: Source,
    layers: Iterable[str] | None,
    options: Mapping[str, Any],
    workers: int | None,
    engine: Any,
    progress: bool,
    share: Share | None,
    background: bool,
    on_progress: OnProgress | None,
) -> Background | None:
    """Make the pictures of a kind that are not there yet; see `Atlas.add`."""
    share = checked(share)
    with ExitStack() as held:
        held.enter_context(claimed(path, share))
        numbers = projections.begin(path, plan, kind, _chosen(plan, layers), options)
        shop = Workshop(path, plan, net.around(net.model), source)
        if isinstance(source, Listed):
            keep_listing(path, source)
        until_done = held.pop_all()

    def work(checkpoint: Callable[[], None]) -> None:
        bar = Progress(progress and not background, on_progress, checkpoint)
        with until_done, closing(bar), engine_for(engine, workers, net.device.type) as elsewhere:
            Run(shop, elsewhere, bar, share or (0, 1)).make(kind, f"adding {kind}", numbers)
            if not missing(path, plan, kind, numbers):
                shutil.rmtree(path / WORK, ignore_errors=True)

    if background:
        return Background(work)
    work(lambda: None)
    return None


def require_finished(path: Path, complete: bool) -> None:
    """`BadAtlas` where the strongest patches are not known yet."""
    if not complete:
        raise BadAtlas(f"The scan in '{path}' is not finished; go on with it, then add to it.")


def _chosen(plan: Plan, layers: Iterable[str] | None) -> list[str]:
    """The layers of the atlas that match any of the names and patterns; all where none are given."""
    if layers is None:
        return [layer.name for layer in plan.layers]
    chosen: list[str] = []
    for pattern in [layers] if isinstance(layers, str) else layers:
        matches = fnmatch.filter(plan.numbers, pattern)
        if not matches:
            raise UnknownName(f"No layer of the atlas matches {pattern!r}.{close_matches(pattern, plan.numbers)}")
        chosen += matches
    return chosen
