"""torchvision's networks by name, also where nothing can be downloaded."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch

import nbviz
from nbviz.errors import Offline, UnknownName


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setattr("torch.hub.urlopen", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))


@pytest.mark.usefixtures("no_connection")
@pytest.mark.parametrize("weights", ["DEFAULT", "IMAGENET1K_V1"])
def test_without_a_connection_one_sentence_names_the_demo(weights: str) -> None:
    with pytest.raises(Offline) as told:
        nbviz.Network.torchvision("squeezenet1_1", weights=weights)
    sentence = str(told.value)
    assert "weights of squeezenet1_1" in sentence
    assert "Name or service not known" in sentence
    assert "nbviz.Network.demo()" in sentence
    assert "\n" not in sentence


@pytest.mark.usefixtures("no_connection")
def test_random_weights_need_no_connection() -> None:
    net = nbviz.Network.torchvision("squeezenet1_1", weights=None, device="cpu")
    assert net.name == "squeezenet1_1"
    assert net.input_size == (224, 224)
    assert (net.classes, net.labels[281]) == (1000, "tabby")
    pixels = torch.full((1, 3, 1, 1), 0.5)
    assert net.normalise(pixels).flatten().tolist() == pytest.approx([0.0655, 0.1964, 0.4178], abs=1e-3)


def test_unknown_names_offer_those_that_are_near() -> None:
    with pytest.raises(UnknownName, match=r"no classification network 'resnet19'. Did you mean 'resnet"):
        nbviz.Network.torchvision("resnet19")
    with pytest.raises(UnknownName, match="no classification network 'fcn_resnet50'"):
        nbviz.Network.torchvision("fcn_resnet50")
    with pytest.raises(
        UnknownName, match="resnet50 has no weights 'V3'; there are IMAGENET1K_V1, IMAGENET1K_V2 and DEFAULT"
    ):
        nbviz.Network.torchvision("resnet50", weights="V3")
