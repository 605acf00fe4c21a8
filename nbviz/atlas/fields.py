"""The box of every unit of an atlas on the network's input, kept so that it can be read without the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save

from ..network import Network
from . import files
from .plan import Plan

FIELDS = "fields.safetensors"

Boxes = NDArray[np.int32]


def keep_fields(path: Path, plan: Plan, net: Network) -> None:
    """Write the boxes of all layers; rows and columns apart where they do not depend on each other, as nearly always.

    Tensors `<number>.rows` (h, w or 1, 2) and `<number>.columns` (h or 1, w, 2): first pixel, one after the last.
    """
    content = {}
    for number, layer in enumerate(plan.layers):
        field = net.layers[layer.name].receptive_field
        if field is None or layer.spatial is None:
            boxes = np.array([[[0, 0, *net.input_size]]], np.int32)
        else:
            boxes = field.boxes()
        rows, columns = boxes[..., 0::2], boxes[..., 1::2]
        content[f"{number}.rows"] = rows[:, :1] if (rows == rows[:, :1]).all() else rows
        content[f"{number}.columns"] = columns[:1] if (columns == columns[:1]).all() else columns
    files.write(path / FIELDS, save({name: np.ascontiguousarray(table) for name, table in content.items()}))


def boxes_at(path: Path, plan: Plan, number: int, at: NDArray[np.int32]) -> Boxes:
    """(y0, x0, y1, x1), end exclusive, of the units at positions `at` (…) of layer `number`; zeros where at is −1."""
    with safe_open(path / FIELDS, framework="numpy") as file:
        rows, columns = file.get_tensor(f"{number}.rows"), file.get_tensor(f"{number}.columns")
    _, width = plan.layers[number].spatial or (1, 1)
    y, x = np.divmod(np.maximum(at, 0), width)
    vertical = rows[np.minimum(y, len(rows) - 1), np.minimum(x, rows.shape[1] - 1)]
    horizontal = columns[np.minimum(y, len(columns) - 1), np.minimum(x, columns.shape[1] - 1)]
    boxes = np.stack([vertical[..., 0], horizontal[..., 0], vertical[..., 1], horizontal[..., 1]], -1)
    return np.where((at < 0)[..., None], 0, boxes).astype(np.int32)
