"""One int64 for a score and the picture it came from: comparing keys compares scores, then favours the earlier picture.

The upper 32 bits are those of the float32 score, rearranged so that they sort as the numbers do; the lower 31 bits hold
the picture's number counted down. Keys of different pictures are never equal, so that 'the k largest' is one answer,
whatever order the pictures come in.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LAST = 2**31 - 1
"""The largest number a picture can have."""
EMPTY = -1
"""The key of a place that no picture has taken; below all others."""


def pack(scores: Tensor, pictures: Tensor) -> Tensor:
    """Keys of finite float32 scores (…) and picture numbers that broadcast with them."""
    bits = (scores.float() + 0.0).contiguous().view(torch.int32).to(torch.int64)  # adding 0 makes -0 and 0 one number
    ordered = torch.where(bits < 0, ~bits & LAST, bits + 2**31)
    return (ordered << 31) | (LAST - pictures)


def unpack(keys: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The scores and picture numbers of keys; NaN and -1 for empty places."""
    ordered = keys >> 31
    bits = np.where(ordered >= 2**31, ordered - 2**31, ~ordered & LAST | 2**31).astype(np.uint32)
    empty = keys == EMPTY
    scores = np.where(empty, np.float32(np.nan), bits.view(np.float32))
    return scores, np.where(empty, -1, LAST - (keys & LAST)).astype(np.int32)


def shuffled(pictures: Tensor) -> Tensor:
    """A fixed arrangement of picture numbers 0 … 2³²−1 in which neighbours lie far apart (murmur3's finaliser).

    It is one-to-one, so that the smallest few of any set of pictures are a sample without ties.
    """
    h = pictures.to(torch.int64)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = ((h ^ (h >> shift)) * factor) & 0xFFFFFFFF
    return h ^ (h >> 16)
