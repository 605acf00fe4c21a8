"""A widget as its page knows it: what it opens with, requests, the fallback, pictures of every kind."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import nbviz
from nbviz.errors import BadPicture, BadRequest, BrokenInstallation, NbvizError
from nbviz.methods import METHODS
from nbviz.network import Network
from nbviz.widgets import Explorer, FilterGrid, HeatmapOverlay, LayerGrid, UnitInspector
from nbviz.widgets.base import Widget
from nbviz.widgets.facts import network_facts
from tests.doubles import LONG, noise, tiny_model, tiny_network

Show = Callable[..., Explorer]
HOSTILE = "<img src=x onerror=alert(1)></script><b>&\"'"


@pytest.mark.parametrize(
    ("kind", "view"),
    [
        (Explorer, "explorer"),
        (LayerGrid, "layer_grid"),
        (FilterGrid, "filter_grid"),
        (HeatmapOverlay, "heatmap_overlay"),
        (UnitInspector, "unit_inspector"),
    ],
)
def test_every_widget_opens_alone(net: Network, kind: type[Widget], view: str) -> None:
    w = kind(net, noise(1))
    state = w.comm.opened
    assert state["_view"] == view
    assert state["_esm"] == "export default {}"
    assert [row["name"] for row in state["_methods"]] == list(METHODS)
    assert state["_images"] == [{"name": "picture 1", "key": w.session.pictures[0].key}]
    w.comm.say(type="hello", view_id="v")
    assert w.comm.custom() == [{"type": "welcome", "revision": 0}]
    w.close()


def test_requests_are_answered_over_the_comm_and_shown_in_the_status(w: Explorer) -> None:
    w.comm.ask("r1", "maps", image=0, layer="0")
    assert w.wait(LONG)
    assert [message["type"] for message in w.comm.custom()] == ["ack", "result"]
    (buffers,) = [buffers for _, _, buffers in w.comm.published if buffers]
    assert len(buffers) == 5
    assert bytes(buffers[0]) == w.session.answer("maps", {"image": 0, "layer": "0"}).buffers[0].tobytes()
    assert [data["state"]["status"] for data in w.comm.updates()] == ["computing", "idle"]


def test_a_failure_is_shown_in_the_panel_and_in_python(w: Explorer) -> None:
    w.comm.ask("r1", "maps", image=0, layer="33")
    assert w.wait(LONG)
    failure = w.comm.custom()[-1]
    assert (failure["type"], failure["kind"]) == ("failure", "UnknownName")
    assert (w.status, w.last_error) == ("failed", failure["message"])
    w.comm.ask("r2", "maps", image=0, layer="0")
    assert w.wait(LONG)
    assert (w.status, w.last_error) == ("idle", failure["message"])


def test_a_synthesis_streams_frames_and_ends_with_the_picture(w: Explorer) -> None:
    w.comm.ask("r1", "synthesis", "excites", target={"unit": "3:4"}, steps=4, size=32, seed=0)
    assert w.wait(LONG)
    kinds = [message["type"] for message in w.comm.custom()]
    assert kinds[:2] == ["ack", "progress"]
    assert kinds[-1] == "result"


# -- what it opens with


def test_the_network_is_described_in_order_of_execution(w: Explorer) -> None:
    facts = w.comm.opened["_network"]
    assert (facts["name"], facts["device"], facts["input"], facts["classes"]) == ("Sequential", "cpu", [3, 32, 32], 4)
    assert facts["labels"] == ["ant", "bee", "cat", "dog"]
    names = [layer["name"] for layer in facts["layers"]]
    assert names == sorted(names, key=int)
    by_name = {layer["name"]: layer for layer in facts["layers"]}
    assert {k: by_name["3"][k] for k in ("channels", "height", "width")} == {"channels": 12, "height": 16, "width": 16}
    assert {k: by_name["7"][k] for k in ("channels", "height", "width")} == {"channels": 4, "height": 1, "width": 1}
    assert [node["layer"] for node in facts["tree"]] == names
    assert by_name["3"]["field"] == [8, 8]
    assert facts["default_layer"] == "3"
    assert facts["cam_layer"] in names


def test_the_state_is_small_and_is_json_for_a_network_of_five_hundred_layers() -> None:
    from torchvision.models import resnet152

    net = Network(resnet152(weights=None), input_size=64, device="cpu")
    facts = network_facts(net)
    text = json.dumps(facts, allow_nan=False)
    assert len(facts["layers"]) > 400
    assert len(facts["labels"]) == 1000
    assert len(text) < 120_000


class Hostile(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.add_module(HOSTILE, tiny_model())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return next(self.children())(x)


def test_names_of_a_hostile_person_stay_text(show: Show) -> None:
    net = tiny_network(model=Hostile(), labels=[HOSTILE, "b", "c", "d"])
    net.name = HOSTILE
    w = show(net, target=HOSTILE)
    assert w.target == 0
    assert json.loads(json.dumps(w.comm.opened["_network"]))["labels"][0] == HOSTILE
    data, _ = w._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert HOSTILE in data["text/plain"]
    assert HOSTILE not in data["text/html"]
    assert html.escape(HOSTILE) in data["text/html"]


def test_without_a_kernel_a_reader_sees_a_sentence(w: Explorer) -> None:
    data, _metadata = w._repr_mimebundle_()
    assert data["text/plain"] == f"Explorer of Sequential: layer 3, unit {w.unit}, picture 0"
    w.unit = ""
    assert w._repr_mimebundle_()[0]["text/plain"] == "Explorer of Sequential: layer 3, picture 0"


def test_a_missing_page_module_is_told_at_once(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Widget, "_esm", "")
    with pytest.raises(BrokenInstallation, match="reinstall nbviz"):
        Explorer(net, noise(1))


def test_a_module_may_be_given_without_ceremony(show: Show) -> None:
    w = show(tiny_model(), noise(2), layer="0")
    assert isinstance(w.net, Network)
    assert w.net.labels is None
    w.target = 1
    assert w.target == 1


def test_explore_is_the_one_line(net: Network) -> None:
    w = nbviz.explore(net, noise(1), unit="0:1", height=400)
    assert isinstance(w, Explorer)
    assert (w.unit, w._options) == ("0:1", {"height": 400})
    w.close()


# -- pictures


def pictures_of_every_kind(folder: Path) -> dict[str, Any]:
    array = noise(1, size=40)[0]
    path = folder / "photo.png"
    Image.fromarray(array).save(path)
    fractions = array.astype(np.float32) / 255
    return {
        "path": path,
        "text": str(path),
        "bytes": path.read_bytes(),
        "Pillow": Image.fromarray(array),
        "grey": Image.fromarray(array[..., 0]),
        "uint8 array": array,
        "float array": fractions,
        "CHW tensor": torch.from_numpy(fractions).permute(2, 0, 1),
        "model space": torch.randn(1, 3, 32, 32),
    }


@pytest.mark.parametrize(
    "kind",
    ["path", "text", "bytes", "Pillow", "grey", "uint8 array", "float array", "CHW tensor", "model space"],
)
def test_a_picture_may_be_given_in_every_way(net: Network, tmp_path: Path, kind: str) -> None:
    picture = pictures_of_every_kind(tmp_path)[kind]
    alone, in_a_list = Explorer(net, picture), Explorer(net, [picture, picture])
    assert [len(each.session.pictures) for each in (alone, in_a_list)] == [1, 2]
    assert alone.session.pictures[0].key == in_a_list.session.pictures[1].key
    assert alone._images[0]["name"] == ("photo" if kind in ("path", "text") else "picture 1")
    alone.close()
    in_a_list.close()


def test_a_batch_of_arrays_is_several_pictures(net: Network) -> None:
    w = Explorer(net, np.stack(noise(3)))
    assert len(w._images) == 3
    w.close()


@pytest.mark.parametrize(
    ("images", "error"),
    [
        ([], BadRequest),
        (7, BadPicture),
        (np.zeros((3, 3, 3), np.uint8), BadPicture),
        (np.full((32, 32, 3), np.nan), BadPicture),
        ("nowhere.png", BadPicture),
        (torch.zeros(2, 3, 32, 32), BadPicture),
        ([noise(1)[0], None], BadPicture),
        (b"not a picture", BadPicture),
        ((path for path in ["a.png"]), BadPicture),
    ],
    ids=["none", "number", "3×3 pixels", "NaN", "no file", "batch", "None among them", "bytes", "generator"],
)
def test_what_is_no_picture_is_one_sentence(net: Network, images: Any, error: type[NbvizError]) -> None:
    with pytest.raises(NbvizError) as caught:
        Explorer(net, images)
    assert isinstance(caught.value, error)
    assert "\n" not in str(caught.value)
