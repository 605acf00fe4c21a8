"""Zeiler & Fergus, 'Visualizing and Understanding Convolutional Networks', 2014, section 4.2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import torch
from torch import Tensor

from ..address import Target, Unit
from ..errors import BadRequest
from ..network import Network
from .attribution import Attribution
from .baselines import BASELINES, baseline_of
from .neighbourhood import Neighbourhood, OnStep
from .recording import record
from .registry import Choice, Range, method


@method("Occlusion", asks="class", signed=True)
def occlusion(
    net: Network,
    image: Any,
    target: Target | str | int | None = None,
    *,
    window: Annotated[int | None, Range(1, 4096, label="window, pixels")] = None,
    stride: Annotated[int | None, Range(1, 4096, label="stride, pixels")] = None,
    baseline: Annotated[str | Tensor, Choice(*BASELINES)] = "grey",
    on_step: OnStep | None = None,
) -> Attribution:
    """Δ = S(x) − S(x with a square window of the baseline in its place); a pixel has the mean Δ of all its windows.

    Windows stand `stride` pixels apart, and once more at the last row and column, so that every pixel is covered.
    By default the window is an eighth of the shorter side and the stride half a window. They are computed coarse to
    fine: a partial result gives a window that is not computed yet the value of the coarse one before it.

    Returns values (H, W) in input space, signed, in target units: positive where the picture speaks for the target.
    Raises `BadRequest` for a window larger than the picture, or a stride that leaves gaps.
    """
    recording = record(net, image)
    aim, x = recording.resolve(target), recording.x.detach()
    near = Neighbourhood(recording, aim)
    grid = Grid(x.shape[-2], x.shape[-1], *_sizes(x, window, stride))
    cover = baseline_of(net, x, baseline)
    score = float(near.values(x))
    drops = torch.full(grid.shape, float("nan"), dtype=torch.float64)
    done, total = 0, drops.numel()

    def result() -> Attribution:
        values = grid.averaged(grid.filled(drops)).float()
        note = _doubt(float(drops.nan_to_num().abs().max()), score, x.dtype)
        return Attribution(
            values, "input", True, "occlusion", aim, aim.layer if isinstance(aim, Unit) else None, score,
            recording.picture, recording.locate(aim) if isinstance(aim, Unit) else None, note,
            {"windows": done, "window": grid.window, "stride": grid.stride},
        )  # fmt: skip

    for cells in near.batches(grid.coarse_to_fine()):
        covered = x.expand(len(cells), -1, -1, -1).clone()
        for one, cell in zip(covered, cells, strict=True):
            rows, columns = grid.window_at(*cell)
            one[:, rows, columns] = cover[0, :, rows, columns]
        i, j = zip(*cells, strict=True)
        drops[list(i), list(j)] = score - near.values(covered).double().cpu()
        done += len(cells)
        if on_step:
            on_step(done, total, result)
    return result()


def _doubt(largest: float, score: float, dtype: torch.dtype) -> str:
    """What to say where the largest change is no larger than the rounding of the scores it is a difference of."""
    if largest == 0:
        return "no window changes the target's value"
    if largest <= 4 * torch.finfo(dtype).eps * abs(score):
        return f"no window changes the target's value by more than {str(dtype).removeprefix('torch.')} rounds away"
    return ""


def _sizes(x: Tensor, window: int | None, stride: int | None) -> tuple[int, int]:
    height, width = x.shape[-2:]
    size = window or max(1, min(height, width) // 8)
    step = stride or max(1, size // 2)
    if size > min(height, width):
        raise BadRequest(f"A window of {size} pixels is larger than the picture, which has {height}×{width}.")
    if step > size:
        raise BadRequest(f"A stride of {step} leaves gaps between windows of {size} pixels; it is at most the window.")
    return size, step


class Grid:
    """Square windows over a picture: `tops` and `lefts` are where they begin."""

    def __init__(self, height: int, width: int, window: int, stride: int) -> None:
        self.window, self.stride = window, stride
        self.tops, self.lefts = _begins(height, window, stride), _begins(width, window, stride)
        self.shape = len(self.tops), len(self.lefts)
        self._rows, self._columns = _covers(self.tops, window, height), _covers(self.lefts, window, width)

    def window_at(self, i: int, j: int) -> tuple[slice, slice]:
        """Rows and columns of a window."""
        top, left = self.tops[i], self.lefts[j]
        return slice(top, top + self.window), slice(left, left + self.window)

    def coarse_to_fine(self) -> Iterator[tuple[int, int]]:
        """Every window once: first those of a coarse lattice, then of lattices twice as fine each."""
        spacing = 1 << (max(self.shape) - 1).bit_length()
        seen: set[tuple[int, int]] = set()
        while spacing:
            for i in range(0, self.shape[0], spacing):
                for j in range(0, self.shape[1], spacing):
                    if (i, j) not in seen:
                        seen.add((i, j))
                        yield i, j
            spacing //= 2

    def filled(self, drops: Tensor) -> Tensor:
        """NaN replaced by the value at the next coarser place of the lattice that has one."""
        filled, spacing = drops.clone(), 1
        while bool(filled.isnan().any()):
            spacing *= 2
            i, j = (torch.arange(n) // spacing * spacing for n in self.shape)
            filled = torch.where(filled.isnan(), drops[i][:, j], filled)
        return filled

    def averaged(self, drops: Tensor) -> Tensor:
        """(H, W): at each pixel the mean over the windows that cover it."""
        total = self._rows.T @ drops @ self._columns
        return total / (self._rows.sum(0)[:, None] * self._columns.sum(0))


def _begins(length: int, window: int, stride: int) -> list[int]:
    last = length - window
    return [*range(0, last, stride), last]


def _covers(begins: list[int], window: int, length: int) -> Tensor:
    """(windows, length): 1 where a window covers."""
    first, places = torch.tensor(begins)[:, None], torch.arange(length)
    return ((first <= places) & (places < first + window)).double()
