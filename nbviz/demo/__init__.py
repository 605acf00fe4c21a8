"""A small trained network and the scenes that it was trained on: something to look into without a download.

`scenes` draws textured shapes amid clutter together with their masks, `model` is the network that names them,
`transform` turns a picture into its input, and `python -m nbviz.demo.train` repeats the training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .preprocessing import transform
from .scenes import CLASSES, SIZE, Scenes, scenes

if TYPE_CHECKING:
    from .convnet import DemoNet

__all__ = ["CLASSES", "SIZE", "Scenes", "model", "scenes", "transform"]


def model() -> DemoNet:
    """The network with the shipped weights, in eval mode on the CPU; logits in the order of `CLASSES`."""
    from .convnet import trained  # here, so that `import nbviz` does not wait for torch

    return trained()
