"""A picture in figures: how far its spectrum is from nature's and, for a class, what another network takes it for."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import torch
from PIL import Image

from .questions import Question, Subject


class Looks(TypedDict, total=False):
    """`outside` and `distance` are octaves of amplitude (see `spectrum.Range`); of a class picture also its rank
    among the judge's classes, counted from 0, and its probability there."""

    outside: float
    distance: float
    rank: int
    probability: float


def looks(subject: Subject, question: Question, picture: Image.Image) -> Looks:
    """The figures of a picture made for `question`."""
    pixels = torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).permute(2, 0, 1) / 255
    found = Looks(outside=subject.nature.outside(pixels), distance=subject.nature.distance(pixels))
    if question.depth == "class":
        with torch.no_grad():
            judge = subject.judge.net
            logits = judge.tap(judge.normalise(pixels[None]), [], logits=True)[""][0]
        found["rank"] = int((logits > logits[question.channel]).sum())
        found["probability"] = float(logits.softmax(0)[question.channel])
    return found
