"""What is evaluated: pictures, the class asked about in each, and the mask of that class as the network sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from .. import images
from ..address import Logit
from ..errors import BadRequest
from ..network import Network

Mask = NDArray[np.bool_]
Many = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True)
class Case:
    """One question: where in `x` (1, C, H, W; model space) is the class of `target`? `mask` (H, W) is the answer."""

    picture: int
    x: Tensor
    target: Logit
    mask: Tensor


def cases_of(net: Network, pictures: Many, masks: Many, targets: Many | None) -> list[Case]:
    """Every object of every picture; `BadRequest` names the picture whose masks or targets do not fit."""
    for what, given in (("masks", masks), ("targets", targets)):
        if given is not None and len(given) != len(pictures):
            raise BadRequest(f"There are {len(pictures)} pictures and {len(given)} {what}; give one entry a picture.")
    if not len(pictures):
        raise BadRequest("No pictures were given, so there is nothing to evaluate.")
    found: list[Case] = []
    for i, picture in enumerate(pictures):
        x = net.preprocess(picture)
        objects = [_seen(net, picture, x, one, i) for one in _masks(masks[i], _size(net, picture, x), i)]
        asked = None if targets is None else targets[i]
        for target, mask in _paired(net, x, asked, objects, i):
            if not bool(mask.any()):
                raise BadRequest(
                    f"The mask of picture {i} is empty, or lies where the preprocessing cuts pictures off."
                )
            found.append(Case(i, x, target, mask))
    return found


def _paired(net: Network, x: Tensor, asked: Any, objects: list[Tensor], i: int) -> Iterator[tuple[Logit, Tensor]]:
    """A list of targets goes with as many masks; a single one, or the predicted class, with all of them joined."""
    if isinstance(asked, (list, tuple, np.ndarray, Tensor)) and np.ndim(asked):
        if len(asked) != len(objects):
            raise BadRequest(f"Picture {i} has {len(objects)} masks and {len(asked)} targets; give one mask a target.")
        for one, mask in zip(asked, objects, strict=True):
            yield _logit(net, one), mask
        return
    target = net.logit(net.predict(x, 1)[0].index) if asked is None else _logit(net, asked)
    yield target, torch.stack(objects).any(0)


def _logit(net: Network, asked: Any) -> Logit:
    whole = isinstance(asked, (int, np.integer)) or (isinstance(asked, Tensor) and asked.dim() == 0)
    target = net.target(int(asked) if whole else asked)
    if not isinstance(target, Logit):
        raise BadRequest(f"A mask answers where a class is, so targets are classes; {target} is none.")
    return target


# -- masks ------------------------------------------------------------------------------------------------------


def _masks(given: Any, size: tuple[int, int], i: int) -> list[Mask]:
    """One mask or box, or several, in the pixels of the picture as it was given."""
    array = np.asarray(given) if not isinstance(given, (list, tuple)) or _plain_numbers(given) else None
    if array is None:
        return [mask for one in given for mask in _masks(one, size, i)]
    if array.dtype == bool and array.ndim in (2, 3):
        return list(array if array.ndim == 3 else array[None])
    if array.dtype.kind in "iuf" and array.ndim in (1, 2) and array.shape[-1] == 4 and array.size:
        return [_box(box, size, i) for box in array.reshape(-1, 4)]
    raise BadRequest(
        f"Picture {i}: a mask is a bool array (height, width) or a box (left, top, right, bottom) in pixels; this has "
        f"dtype {array.dtype} and shape {array.shape}."
    )


def _plain_numbers(given: Any) -> bool:
    return all(isinstance(one, (int, float, np.number)) for one in given)


def _box(box: NDArray[Any], size: tuple[int, int], i: int) -> Mask:
    """The pixels whose centres lie in a box (left, top, right, bottom)."""
    left, top, right, bottom = (float(v) for v in box)
    rows, columns = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    mask: Mask = ((rows >= top) & (rows < bottom))[:, None] & ((columns >= left) & (columns < right))
    if not mask.any():
        raise BadRequest(f"Picture {i} has {size[1]}×{size[0]} pixels; the box {box.tolist()} holds none of them.")
    return mask


def _size(net: Network, picture: Any, x: Tensor) -> tuple[int, int]:
    """(height, width) of a picture as it was given."""
    if isinstance(picture, Tensor):
        return picture.shape[-2], picture.shape[-1]
    if net.in_channels not in (1, 3):
        return x.shape[-2], x.shape[-1]
    width, height = images.read(picture, net.in_channels).size
    return height, width


def _seen(net: Network, picture: Any, x: Tensor, mask: Mask, i: int) -> Tensor:
    """The mask on the network's input: sent the same way as the picture, through resizing and cropping."""
    shape = (x.shape[-2], x.shape[-1])
    given = _size(net, picture, x)
    if mask.shape not in (given, shape):
        raise BadRequest(
            f"Picture {i} has {given[1]}×{given[0]} pixels and its mask {mask.shape[1]}×{mask.shape[0]}; "
            "a mask is as large as its picture."
        )
    return torch.from_numpy(np.ascontiguousarray(mask)) if mask.shape == shape else _sent(net, mask)


def _sent(net: Network, mask: Mask) -> Tensor:
    """Where the preprocessed mask lies nearer to a white picture than to a black one."""
    levels = [np.full(mask.shape, level, np.uint8) for level in (0, 255)]
    black, white, found = (
        net.preprocess(Image.fromarray(one))[0].float().cpu() for one in (*levels, mask.astype(np.uint8) * 255)
    )
    return (found - black).abs().sum(0) > (found - white).abs().sum(0)
