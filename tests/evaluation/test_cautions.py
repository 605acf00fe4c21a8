"""What a method's note says of randomised weights is what is measured."""

from __future__ import annotations

import pytest

import nbviz
from nbviz.evaluation.randomisation import STAGES
from nbviz.methods import METHODS

CAUTIONED = ("guided_backprop", "deconvnet")
FREE = ("grad_cam", "cam")


@pytest.mark.slow
def test_pictures_that_survive_randomised_upper_weights_carry_the_caution() -> None:
    pictures, labels, masks = nbviz.demo.scenes(4, 7, objects=2)
    net = nbviz.Network.demo(device="cpu")
    found = nbviz.evaluate(net, pictures, masks, labels, [*CAUTIONED, *FREE], steps=2, randomised=8, progress=False)
    quarter = STAGES.index(0.25)
    for name in (*CAUTIONED, *FREE):
        correlation = found[name].correlations[quarter]
        assert correlation is not None
        assert ("randomised" in METHODS[name].note) == (correlation > 0.5), (name, correlation)
        assert found[name].changes == (name in FREE)
