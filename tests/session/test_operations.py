"""The answers that travel to the page say what the methods found, within the precision of a byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import nbviz
from nbviz import images
from nbviz.errors import BadRequest, Cancelled, NotFinite, OutOfRange, UnknownName
from nbviz.session import Answer, Session
from nbviz.session.operations import GRID_PIXELS
from tests.doubles import noise, tiny_model, tiny_network

CONTRACT = Path(__file__).parent.parent / "contract"
QUESTIONS: dict[str, dict[str, Any]] = {
    "picture": {"image": 0},
    "thumbnails": {},
    "maps": {"image": 0, "layer": "3"},
    "overlay": {"image": 0, "method": "grad_cam", "targets": [None, 2], "layer": None},
    "projection": {"image": 0, "unit": "3:4", "method": "deconvnet"},
    "synthesis": {"target": {"unit": "3:5"}, "steps": 3, "size": 32, "seed": 1},
    "gallery": {"layer": "3", "steps": 2, "size": None, "seed": 1},
    "interaction": {"a": "3:4", "b": "0:2", "count": 3, "steps": 2, "size": None, "seed": 1},
    "neighbours": {"image": 0, "unit": "3:4"},
    "filters": {"layer": None},
    "occlude": {"image": 0, "box": [0, 0, 8, 4], "fill": "grey"},
    "upload": {"file": "f", "name": "cat.png", "part": 0, "parts": 2, "data": b"the first half"},
    "extremes": {"images": [0, 1]},
    "contributions": {"image": 0, "layer": "3", "target": None},
    "groups": {"images": [0, 2], "layer": "4", "count": 3, "seed": 0},
    "original": {"image": 0, "size": None},
    "dream": {
        "image": 0, "target": {"layer": "3"}, "guide": None, "octaves": 2, "steps": 2, "strength": 1.5, "size": 24,
        "seed": 1,
    },
    "inversion": {"image": 0, "layers": ["0", "3"], "steps": 2, "seed": 1},
}  # fmt: skip


def like(value: Any) -> Any:
    """The kinds of values in a message, for comparison."""
    if isinstance(value, dict):
        return {name: like(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [like(value[0])] if value else []
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


@pytest.mark.parametrize("op", QUESTIONS)
def test_an_answer_has_the_shape_of_the_golden_one(session: Session, op: str) -> None:
    """The page's parser is tested on the golden messages; whole numbers are checked where they are counts."""
    session.recording(0)
    answer = session.answer(op, QUESTIONS[op])
    golden = [
        message["meta"]
        for message in json.loads((CONTRACT / "result.json").read_text("utf-8"))["valid"]
        if message["op"] == op
    ]
    travelled = json.loads(json.dumps(answer.meta, allow_nan=False))
    alike = [{name: like(travelled.get(name)) for name in meta} == like(meta) for meta in golden]
    assert any(alike), (like(travelled), [like(meta) for meta in golden])


@pytest.mark.parametrize("op", QUESTIONS)
def test_buffers_are_contiguous_little_endian_and_as_large_as_stated(session: Session, op: str) -> None:
    answer = session.answer(op, QUESTIONS[op])
    meta = answer.meta
    area = meta.get("height", 0) * meta.get("width", 0)
    expected = {
        "picture": [area * 3],
        "thumbnails": [height * width * 3 for height, width in meta.get("sizes", ())],
        "maps": [area * meta.get("channels", 0), *[4 * meta.get("channels", 0)] * 4],
        "overlay": [area] * len(meta.get("maps", ())),
        "projection": [area * meta.get("channels", 0)],
        "synthesis": [area * 3, sum(meta.get("lengths", ()))],
        "original": [area * 3],
        "dream": [area * 3, sum(meta.get("lengths", ()))],
        "inversion": [area * 3] * len(meta.get("layers", ())),
        "interaction": [area * 3 * 3],
        "neighbours": [16 * 16 * 8 + 4, 9 * 8 + 4],
        "gallery": [sum(tile["length"] for tile in meta.get("tiles", ()))],
        "occlude": [area * 3],
        "upload": [],
        "filters": [
            area * meta.get("channels", 0) * meta.get("count", 0) * meta.get("planes", 0),
            4 * meta.get("count", 0),
            4 * meta.get("count", 0) * meta.get("planes", 0),
        ],
        "extremes": [4 * sum(layer["channels"] for layer in meta["layers"])] * 2 if op == "extremes" else [],
        "contributions": [4 * meta.get("channels", 0)],
        "groups": [
            area * meta.get("count", 0) * meta.get("pictures", 0),
            4 * meta.get("count", 0) * meta.get("channels", 0),
        ],
    }[op]
    assert [buffer.nbytes for buffer in answer.buffers] == expected
    assert all(buffer.flags.c_contiguous and buffer.dtype.str in ("|u1", "<f4", "<i4") for buffer in answer.buffers)


# -- picture


def test_the_picture_is_what_the_network_saw_with_its_best_classes(session: Session) -> None:
    answer = session.answer("picture", {"image": 1})
    assert np.array_equal(answer.buffers[0], noise(3)[1])
    predicted = session.net.predict(noise(3)[1], k=5)
    assert answer.meta["predictions"] == [vars(p) for p in predicted]
    assert answer.meta["name"] == "picture 2"


def test_a_network_without_classes_has_a_picture_without_predictions() -> None:
    net = tiny_network(model=nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), labels=None)
    assert Session(net, noise(1)).answer("picture", {"image": 0}).meta["predictions"] == []


# -- thumbnails


def test_thumbnails_are_the_pictures_made_small_without_running_the_network() -> None:
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, 40:] = (255, 128, 0)
    session = Session(tiny_network(input_size=None), [noise(1)[0], torch.from_numpy(wide).permute(2, 0, 1) / 255])
    answer = session.answer("thumbnails", {})
    assert not session._recordings
    sizes = [tuple(size) for size in answer.meta["sizes"]]
    assert sizes == [buffer.shape[:2] for buffer in answer.buffers]
    assert max(max(size) for size in sizes) <= 48
    for buffer, one in zip(answer.buffers, session.pictures, strict=True):
        seen = session.net.denormalise(one.x)[0].permute(1, 2, 0).numpy() * 255
        assert buffer.mean((0, 1)) == pytest.approx(seen.mean((0, 1)), abs=1)
    left, right = answer.buffers[1][:, 2], answer.buffers[1][:, -3]
    assert left.max() == 0
    assert (np.abs(right.astype(int) - (255, 128, 0)) <= 1).all()


def test_many_thumbnails_stay_a_small_message() -> None:
    session = Session(tiny_network(), noise(2) * 300)
    answer = session.answer("thumbnails", {})
    assert len(answer.buffers) == 600
    assert sum(buffer.nbytes for buffer in answer.buffers) <= 2**20


# -- maps


def decoded(answer: Answer) -> np.ndarray[Any, Any]:
    codes, lows, highs = answer.buffers[:3]
    return lows[:, None, None] + codes / 255 * (highs - lows)[:, None, None]


@pytest.mark.parametrize("layer", ["0", "1", "2", "3", "5", "7"])
def test_maps_decode_to_the_activations(session: Session, layer: str) -> None:
    answer = session.answer("maps", {"image": 0, "layer": layer})
    true = session.recording(0).maps(layer).detach().numpy()
    span = (true.max((1, 2)) - true.min((1, 2)))[:, None, None]
    assert answer.buffers[0].shape == true.shape
    assert (np.abs(decoded(answer) - true) <= span / 255).all()
    assert answer.meta["lo"] == true.min()
    assert answer.meta["hi"] == true.max()
    assert np.array_equal(answer.buffers[3], true.max((1, 2)))
    assert np.array_equal(answer.buffers[4], true.reshape(len(true), -1).argmax(1))


def test_large_maps_are_averaged_down_but_keep_their_true_maximum_and_its_place() -> None:
    session = Session(tiny_network(input_size=150), noise(1, size=150))
    answer = session.answer("maps", {"image": 0, "layer": "0"})
    true = session.recording(0).maps("0").detach()
    assert answer.meta["full"] == [150, 150]
    assert (answer.meta["height"], answer.meta["width"]) == (GRID_PIXELS, GRID_PIXELS)
    small = nn.functional.adaptive_avg_pool2d(true[None], GRID_PIXELS)[0].numpy()
    span = (small.max((1, 2)) - small.min((1, 2)))[:, None, None]
    assert (np.abs(decoded(answer) - small) <= span / 255 + 1e-6).all()
    assert np.array_equal(answer.buffers[3], true.amax((1, 2)).numpy())
    assert np.array_equal(answer.buffers[4], true.flatten(1).argmax(1).numpy())


def test_many_maps_are_made_smaller_so_that_all_are_there_at_once() -> None:
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Conv2d(2, 2048, 1))
    session = Session(tiny_network(model=model, labels=None, input_size=56), noise(1, size=56))
    answer = session.answer("maps", {"image": 0, "layer": "1"})
    assert answer.meta["full"] == [56, 56]
    assert (answer.meta["height"], answer.meta["width"]) == (32, 32)
    assert answer.buffers[0].nbytes == 2**21


def test_a_constant_map_is_told_as_constant() -> None:
    model = tiny_model()
    with torch.no_grad():
        model[0].weight[2] = 0
        model[0].bias[2] = 0.25
    answer = Session(tiny_network(model=model), noise(1)).answer("maps", {"image": 0, "layer": "0"})
    codes, lows, highs = (buffer[2] for buffer in answer.buffers[:3])
    assert (codes == 0).all()
    assert lows == highs == 0.25


class Poison(nn.Module):
    """Passes on what it gets, but shows `value` on a side branch."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value, self.branch = value, nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.branch(torch.full_like(x, self.value) + 0 * x)
        return x


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_layer_that_is_not_finite_is_named(value: float) -> None:
    model = tiny_model()
    model[1] = nn.Sequential(nn.ReLU(), Poison(value))
    session = Session(tiny_network(model=model), noise(1))
    with pytest.raises(NotFinite, match=r"Layer '1\.1\.branch' computes NaN or infinity"):
        session.answer("maps", {"image": 0, "layer": "1.1.branch"})
    with pytest.raises(NotFinite, match=r"1\.1\.branch"):
        session.answer("projection", {"image": 0, "unit": "1.1.branch:0", "method": "neuron_gradient"})
    assert session.answer("maps", {"image": 0, "layer": "3"}).meta["channels"] == 12


# -- overlays and projections


@pytest.mark.parametrize("method", ["grad_cam", "saliency"])
def test_overlays_are_the_methods_own_results(session: Session, method: str) -> None:
    answer = session.answer("overlay", {"image": 0, "method": method, "targets": [None, 0, 3], "layer": None})
    logits = session.recording(0).logits[0].detach()
    predicted = int(logits.argmax())
    for told, codes, target in zip(answer.meta["maps"], answer.buffers, [predicted, 0, 3], strict=True):
        own = getattr(nbviz, method)(session.net, noise(3)[0], target).heatmap()
        assert (told["target"]["index"], told["target"]["label"]) == (target, session.net.labels[target])
        assert told["target"]["logit"] == pytest.approx(float(logits[target]))
        assert told["hi"] == pytest.approx(own.max(), rel=1e-5)
        assert told["empty"] == (not own.any())
        assert np.abs(codes / 255 * told["hi"] - own).max() <= max(told["hi"], 1e-9) / 255
    assert answer.meta["maps"][1]["target"]["probability"] == pytest.approx(float(logits.softmax(0)[0]))


def test_an_overlay_reports_before_every_class_and_can_be_stopped_there(session: Session) -> None:
    steps: list[tuple[int, int]] = []

    def report(step: int, of: int, message: str, partial: Callable[..., Any] | None = None) -> None:
        steps.append((step, of))
        if step == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        session.answer("overlay", {"image": 0, "method": "saliency", "targets": [0, 1, 2], "layer": None}, report)
    assert steps == [(0, 3), (1, 3)]


@pytest.mark.parametrize("method", ["deconvnet", "guided_backprop", "neuron_gradient"])
@pytest.mark.parametrize("unit", ["3:4", "3:4@5,6", "0:1"])
def test_projections_are_the_methods_own_results(session: Session, method: str, unit: str) -> None:
    answer = session.answer("projection", {"image": 2, "unit": unit, "method": method})
    own = getattr(nbviz, method)(session.net, noise(3)[2], unit)
    meta, codes = answer.meta, answer.buffers[0].astype(np.float32)
    values = own.values.permute(1, 2, 0).numpy()
    assert meta["scale"] == pytest.approx(images.robust_scale(own.values), rel=1e-5)
    assert meta["value"] == pytest.approx(own.score, rel=1e-5)
    assert tuple(meta["position"]) == own.position
    shown = values.clip(-meta["scale"], meta["scale"])
    assert np.abs((codes - 128) / 127 * meta["scale"] - shown).max() <= meta["scale"] / 127
    y0, x0, y1, x1 = meta["box"]
    outside = values.copy()
    outside[max(0, y0) : y1, max(0, x0) : x1] = 0
    assert not outside.any(), "nothing outside of the receptive field"


def test_a_position_beyond_the_map_of_a_smaller_picture_is_out_of_range() -> None:
    session = Session(tiny_network(), [torch.rand(1, 3, 16, 16)])
    with pytest.raises(OutOfRange, match="16×16"):
        session.answer("projection", {"image": 0, "unit": "0:1@30,2", "method": "deconvnet"})


def test_methods_and_what_they_ask_for_are_checked(session: Session) -> None:
    with pytest.raises(UnknownName, match=r"no method 'deconv'\. Did you mean 'deconvnet'"):
        session.answer("projection", {"image": 0, "unit": "3:4", "method": "deconv"})
    with pytest.raises(BadRequest, match="Grad-CAM asks for a class, not for a unit; for that there are deconvnet"):
        session.answer("projection", {"image": 0, "unit": "3:4", "method": "grad_cam"})
    with pytest.raises(BadRequest, match="asks for a unit, not for a class"):
        session.answer("overlay", {"image": 0, "method": "deconvnet", "targets": [None], "layer": None})
    with pytest.raises(OutOfRange, match="classes 0 … 3; there is no class 9"):
        session.answer("overlay", {"image": 0, "method": "grad_cam", "targets": [9], "layer": None})
    with pytest.raises(OutOfRange, match="units 0 … 11; there is no unit 12"):
        session.answer("projection", {"image": 0, "unit": "3:12", "method": "deconvnet"})


# -- filters and synthesis


def test_filters_decode_to_the_weights(session: Session) -> None:
    for layer, planes, channels in ((None, 1, 3), ("3", 8, 1)):
        answer = session.answer("filters", {"layer": layer})
        weights = session.net.model[int(layer or 0)].weight.detach().numpy()
        meta = answer.meta
        assert (meta["planes"], meta["channels"], meta["count"]) == (planes, channels, len(weights))
        shape = (len(weights), planes, 3, 3, channels)
        codes = answer.buffers[0].reshape(shape).transpose(0, 1, 4, 2, 3).reshape(weights.shape)
        tops = np.abs(weights).max((1, 2, 3), keepdims=True)
        assert np.abs((codes.astype(float) - 128) / 127 * tops - weights).max() <= tops.max() / 127
        assert meta["scale"] == pytest.approx(np.abs(weights).max())
        assert np.array_equal(answer.buffers[1], tops.ravel())
        assert np.array_equal(answer.buffers[2], [list(range(planes))] * len(weights))


@pytest.mark.parametrize(("kernel", "kept"), [(3, 16), (1, 64)])
def test_of_many_input_planes_those_with_the_largest_weights_are_sent(kernel: int, kept: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(3, 100, 1), nn.Conv2d(100, 5, kernel))
    session = Session(tiny_network(model=model, labels=None), noise(1))
    answer = session.answer("filters", {"layer": "1"})
    weights = model[1].weight.detach().numpy()
    assert (answer.meta["planes"], answer.meta["inputs"]) == (kept, 100)
    codes, tops, which = answer.buffers
    for k in range(5):
        norms = np.linalg.norm(weights[k].reshape(100, -1), axis=1)
        assert list(which[k]) == sorted(range(100), key=lambda i: -norms[i])[:kept]
        decoded = (codes[k, ..., 0].astype(float) - 128) / 127 * tops[k]
        assert np.abs(decoded - weights[k][which[k]]).max() <= tops[k] / 127


def test_a_synthesis_is_what_visualize_makes(session: Session) -> None:
    session.recording(0)
    answer = session.answer("synthesis", QUESTIONS["synthesis"])
    own = nbviz.visualize(session.net, "3:5", steps=3, size=32, seed=1)
    assert np.array_equal(answer.buffers[0], np.asarray(own.image))
    meta = answer.meta
    largest = float(session.recording(0).maps("3")[5].detach().max())
    assert meta["natural"] == {"largest": largest, "source": "of 1 picture seen"}
    assert (meta["value"], meta["film"][-1]) == (own.value, {"step": 3, "reading": own.activation})
    assert (meta["code"], meta["objective"]) == (own.code, "3:5")


@pytest.mark.parametrize("target", [{"logit": 2}, {"probability": 2}])
def test_a_class_can_be_synthesised(session: Session, target: dict[str, int]) -> None:
    session.recording(0)
    session.recording(2)
    meta = session.answer("synthesis", {**QUESTIONS["synthesis"], "target": target}).meta
    assert meta["film"][-1] == {"step": 3, "reading": meta["value"]}
    logits = torch.stack([session.recording(image).logits[0].detach() for image in (0, 2)])
    natural = logits if "logit" in target else logits.softmax(1)
    assert meta["natural"] == {"largest": float(natural[:, 2].max()), "source": "of 2 pictures seen"}
    assert "cat" in meta["objective"]


def test_a_synthesis_shows_a_frame_at_every_step(session: Session) -> None:
    frames: list[Any] = []

    def report(step: int, steps: int, message: str, partial: Callable[[], Any] | None = None) -> None:
        assert partial is not None
        meta, buffers = partial()
        frames.append((step, steps, message, meta, buffers[0]))

    session.answer("synthesis", QUESTIONS["synthesis"], report)
    assert [(step, steps, message) for step, steps, message, *_ in frames] == [
        (1, 3, "step 1 of 3"), (2, 3, "step 2 of 3"), (3, 3, "step 3 of 3"),
    ]  # fmt: skip
    assert all(picture.shape == (meta["height"], meta["width"], 3) for *_, meta, picture in frames)
    assert not np.array_equal(frames[0][-1], frames[2][-1])


def test_a_synthesis_needs_one_aim(session: Session) -> None:
    with pytest.raises(BadRequest, match="asks for one of unit, logit, probability, terms, not nothing"):
        session.answer("synthesis", {**QUESTIONS["synthesis"], "target": {}})
