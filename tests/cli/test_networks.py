"""Networks named on the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1

import nbviz
from nbviz.cli.networks import network_arguments, network_of
from nbviz.errors import BadModel, UnknownName


def named(*arguments: str) -> nbviz.Network:
    parser = ArgumentParser()
    network_arguments(parser)
    return network_of(parser.parse_args([*arguments, "--device", "cpu"]))


def test_the_demo() -> None:
    assert named("demo").name == "demo"


def test_a_name_of_torchvision_with_the_weights_of_a_file(tmp_path: Path) -> None:
    model = squeezenet1_1(weights=None)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    net = named("squeezenet1_1", "--weights", str(tmp_path / "weights.safetensors"))
    assert torch.equal(net.model.features[0].weight, model.features[0].weight)


def test_a_file_that_holds_other_weights_is_told(tmp_path: Path) -> None:
    save_file({"other": torch.zeros(1)}, tmp_path / "weights.safetensors")
    with pytest.raises(BadModel, match="does not hold weights of squeezenet1_1"):
        named("squeezenet1_1", "--weights", str(tmp_path / "weights.safetensors"))
    with pytest.raises(BadModel, match="does not hold weights"):
        named("squeezenet1_1", "--weights", str(tmp_path / "nothing.safetensors"))


def test_a_function_of_a_module_in_this_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_for_the_command_line.py").write_text("import nbviz\ndef net(): return nbviz.demo.model()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    assert named("mine_for_the_command_line:net").classes == len(nbviz.demo.CLASSES)


@pytest.mark.parametrize("place", ["no_such_module:net", "nbviz.demo:no_such_name"])
def test_what_is_not_there_is_told(place: str) -> None:
    with pytest.raises(UnknownName, match="give module:name"):
        named(place)
