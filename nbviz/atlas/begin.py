"""Before a scan: settle what its numbers depend on, or find that it is what an earlier scan has begun."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from ..errors import BadAtlas, BadDataset, DamagedAtlas, ForwardFailed
from ..network import Network
from . import files
from .fields import keep_fields
from .fingerprint import differences
from .gather import as_input, sample
from .pictures import Items, Listed, Source
from .plan import MANIFEST, Plan, plan_of, planned_layers, read_manifest, write_manifest
from .tables import CHANNELS, is_whole
from .workshop import LIMITS, LISTING, WORK, Workshop, keep_listing


def workshop(net: Network, source: Source, folder: Path, layers: Iterable[str] | None, k: int, batch: int) -> Workshop:
    """The plan that is there, or a new one; a network of its own, so that clicks do not wait for the scan."""
    own = net.around(net.model)
    if (folder / MANIFEST).exists():
        plan, _ = read_manifest(folder)
        _require_same(folder, plan, net, source, layers, k)
        if not (is_whole(folder / CHANNELS) or (folder / WORK / LIMITS).exists()):
            raise DamagedAtlas(f"The tables of the atlas in '{folder}' are lost; remove the folder and scan again.")
        if isinstance(source, Listed) and (folder / WORK).exists() and not (folder / WORK / LISTING).exists():
            keep_listing(folder, source)  # patches are cut again after everything was tidied up
    else:
        plan = _begun(own, source, folder, layers, k, batch)
    return Workshop(folder, plan, own, source)


def _require_same(folder: Path, plan: Plan, net: Network, source: Source, layers: Iterable[str] | None, k: int) -> None:
    """`BadAtlas` says how the atlas in the folder differs from the one asked for."""
    found = differences(plan.network, net)
    if [layer.name for layer in planned_layers(net, layers)] != [layer.name for layer in plan.layers]:
        found.append(f"It was begun with {len(plan.layers)} layers, {len(planned_layers(net, layers))} are asked for.")
    if k != plan.k:
        found.append(f"It was begun with k={plan.k}.")
    if (device := net.device.type) != plan.device:
        found.append(f"It was begun on {plan.device}, and {device} computes other last digits.")
    if changed := source.changes(plan.data):
        found.append(f"The data set has changed: {changed}.")
    if found:
        raise BadAtlas(
            f"'{folder}' holds another scan. {' '.join(found)} Give a new folder, or what the scan was begun with."
        )


def _begun(net: Network, source: Source, folder: Path, layers: Iterable[str] | None, k: int, batch: int) -> Plan:
    """Settle everything the numbers depend on and write it down; the manifest comes last."""
    plan = plan_of(net, source, layers, k, batch, _space(net, source))
    try:
        limits, reasons = sample(net, source, plan)
    except ForwardFailed:
        if batch == 1:
            raise
        return _begun(net, source, folder, layers, k, 1)  # a network that takes one picture at a time
    if reasons and limits.low.eq(0).all() and limits.high.eq(1).all():
        raise BadDataset(f"None of {len(reasons)} pictures of the data set can be read. The first: {reasons[0]}")
    files.write(folder / WORK / LIMITS, save({"low": limits.low.cpu(), "high": limits.high.cpu()}))
    if isinstance(source, Listed):
        keep_listing(folder, source)
    keep_fields(folder, plan, net)
    write_manifest(folder, plan, None)
    return plan


def _space(net: Network, source: Source) -> str:
    """Whether tensors of a data set are pixels or preprocessed already; `BadDataset` where they differ each time."""
    if not isinstance(source, Items):
        return "picture"
    for index in range(min(source.count, 8)):
        with suppress(Exception):
            first, again = source.read(index), source.read(index)
            space = "model" if _is_normalised(first.picture) else "picture"
            same = torch.equal(as_input(net, first, space), as_input(net, again, space))
            break
    else:
        return "picture"
    if not same:
        raise BadDataset(
            "The data set gives another picture each time it is asked for the same one; switch its random "
            "augmentation off, as for evaluation."
        )
    return space


def _is_normalised(picture: Any) -> bool:
    """Whether a tensor has values that pixels cannot have."""
    floats = isinstance(picture, torch.Tensor) and picture.is_floating_point() and picture.dim() == 3
    return floats and bool(picture.min() < 0 or picture.max() > 1)
