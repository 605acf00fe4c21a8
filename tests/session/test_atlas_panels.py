"""What an atlas says of a unit in the page: strongest patches, their projections, the histogram and its examples."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nbviz
from nbviz import images
from nbviz.errors import BadAtlas, BadRequest, OutOfRange
from nbviz.methods import METHODS, record
from nbviz.session import Session
from nbviz.session.nature import Natural

COUNT = 24
UNIT = "layer2:5"
ASKED = {"unit": UNIT, "method": "deconvnet"}


@pytest.fixture(scope="module")
def net() -> nbviz.Network:
    return nbviz.Network.demo(device="cpu")


@pytest.fixture(scope="module")
def scenes() -> list[tuple[Any, str]]:
    made = nbviz.demo.scenes(COUNT, 3)
    return [(picture, names[0]) for picture, names in zip(made.pictures, made.names, strict=True)]


@pytest.fixture(scope="module")
def atlas(net: nbviz.Network, scenes: list[Any], tmp_path_factory: pytest.TempPathFactory) -> nbviz.Atlas:
    path = tmp_path_factory.mktemp("atlas") / "scenes"
    return nbviz.scan(net, scenes, path, layers=["layer2", "fc"], k=4, progress=False)


@pytest.fixture
def session(net: nbviz.Network, scenes: list[Any], atlas: nbviz.Atlas) -> Session:
    return Session(net, [scenes[0][0]], atlas=atlas)


def files_of(buffer: Any, lengths: list[int]) -> list[np.ndarray[Any, Any]]:
    ends = np.cumsum(lengths)
    assert ends[-1] == buffer.size
    parts = np.split(buffer, ends[:-1])
    return [np.asarray(Image.open(io.BytesIO(part.tobytes())).convert("RGB")).astype(int) for part in parts]


def test_the_patches_are_the_atlas_s_own_with_their_classes(session: Session, atlas: nbviz.Atlas) -> None:
    meta = session.answer("patches", ASKED).meta
    top = atlas.top(UNIT)
    assert [(p["score"], p["picture"], p["label"], tuple(p["box"])) for p in meta["patches"]] == [
        (p.score, p.picture, p.label, p.box) for p in top
    ]
    classes = atlas.classes(UNIT)
    assert {one["label"]: one["count"] for one in meta["classes"]} == dict(classes.counts)
    assert meta["purity"] == classes.purity
    assert (meta["seen"], meta["total"], meta["complete"]) == (COUNT, COUNT, True)
    assert sum(meta["counts"]) == COUNT
    assert meta["largest"] == pytest.approx(top[0].score)


def test_each_projection_is_that_of_the_patch_s_own_place(
    session: Session, net: nbviz.Network, atlas: nbviz.Atlas, scenes: list[Any]
) -> None:
    for method in ("deconvnet", "neuron_gradient"):
        answer = session.answer("patches", {**ASKED, "method": method})
        lengths = [one["length"] for one in (*answer.meta["patches"], *answer.meta["projections"])]
        drawn = files_of(answer.buffers[0], lengths)[len(answer.meta["patches"]) :]
        for patch, shown, told in zip(atlas.top(UNIT), drawn, answer.meta["projections"], strict=True):
            neuron = net.unit("layer2", 5, *patch.position)
            values = METHODS[method].function(net, record(net, scenes[patch.picture][0]), neuron).values
            y0, x0, y1, x1 = patch.box
            part = values[:, y0:y1, x0:x1]
            assert told["scale"] == pytest.approx(images.robust_scale(part))
            own = images.signed_picture(part, told["scale"]).astype(int)
            assert np.abs(own - shown).mean() < 8, "no more than what the encoding costs"


def test_patches_are_seen_before_their_projections_are_computed(session: Session) -> None:
    seen: list[tuple[int, int]] = []

    def report(step: int, steps: int, message: str, partial: Any = None) -> None:
        meta, buffers = partial()
        lengths = [one["length"] for one in (*meta["patches"], *meta["projections"])]
        files_of(buffers[0], lengths)
        seen.append((len(meta["patches"]), len(meta["projections"])))

    session.answer("patches", {**ASKED, "method": "guided_backprop"}, report)
    assert seen == [(4, 0), (4, 1), (4, 2), (4, 3)]
    assert session.takes_steps("patches", ASKED)


def test_projections_that_the_atlas_has_are_not_computed_again(
    net: nbviz.Network, scenes: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atlas = nbviz.scan(net, scenes, tmp_path / "a", layers=["layer2"], k=2, progress=False)
    live = Session(net, [scenes[0][0]], atlas=atlas).answer("patches", ASKED)
    atlas.add("deconvnet", progress=False)
    monkeypatch.setattr(nbviz.Atlas, "input", lambda *_: pytest.fail("it was stored"))
    stored = Session(net, [scenes[0][0]], atlas=atlas).answer("patches", ASKED)
    for one, other in zip(live.meta["projections"], stored.meta["projections"], strict=True):
        assert one["scale"] == pytest.approx(other["scale"])


def test_a_bin_opens_to_pictures_that_lie_in_it(session: Session, atlas: nbviz.Atlas) -> None:
    counts = atlas.histogram(UNIT).counts
    number = int(counts.argmax())
    answer = session.answer("examples", {"unit": UNIT, "bin": number})
    meta = answer.meta
    assert meta["count"] == counts[number]
    assert len(files_of(answer.buffers[0], [one["length"] for one in meta["patches"]])) == len(meta["patches"]) > 0
    assert all(meta["lo"] <= one["score"] <= meta["hi"] for one in meta["patches"])


def test_a_picture_of_the_data_set_is_taken_in_once(session: Session, scenes: list[Any]) -> None:
    first = session.answer("adopt", {"picture": 7}).meta["image"]
    again = session.answer("adopt", {"picture": 7}).meta["image"]
    assert (first, again, len(session.pictures)) == (1, 1, 2)
    assert np.array_equal(session.recording(1).picture, record(session.net, scenes[7][0]).picture)


def test_the_grid_s_tiles_are_each_unit_s_first_patch_on_one_scale(
    session: Session, net: nbviz.Network, atlas: nbviz.Atlas
) -> None:
    answer = session.answer("strongest", {"layer": "layer2", "first": 8, "count": 16})
    meta = answer.meta
    field = net.layer("layer2").receptive_field
    assert field is not None
    assert (meta["channels"], meta["height"], meta["width"]) == (64, *field.size)
    assert (meta["seen"], meta["total"], meta["complete"]) == (COUNT, COUNT, True)
    drawn = files_of(answer.buffers[0], [tile["length"] for tile in meta["tiles"]])
    for channel, (tile, shown) in enumerate(zip(meta["tiles"], drawn, strict=True), 8):
        first = atlas.top(("layer2", channel))[0]
        assert (tile["channel"], tile["score"], tile["label"]) == (channel, first.score, first.label)
        y0, x0, y1, x1 = first.box
        assert shown.shape == (y1 - y0, x1 - x0, 3), "a pixel of the picture is a pixel of the tile"
        assert first.image is not None
        assert np.abs(shown - np.asarray(first.image.convert("RGB"))).mean() < 8, "no more than what the encoding costs"


def test_large_patches_fit_into_tiles_and_batches_stay_small(session: Session, net: nbviz.Network) -> None:
    answer = session.answer("strongest", {"layer": "fc", "first": 0, "count": 20})
    assert (answer.meta["height"], answer.meta["width"]) == (64, 64), "each class sees the whole picture"
    assert {part.shape for part in files_of(answer.buffers[0], [t["length"] for t in answer.meta["tiles"]])} == {
        (64, 64, 3)
    }
    # The worst there can be: 64 tiles of noise, which no encoding makes smaller than its pixels.
    assert 64 * 64 * 64 * 3 < 1_000_000
    with pytest.raises(OutOfRange, match="has channels 0 to 19, not 20"):
        session.answer("strongest", {"layer": "fc", "first": 4, "count": 17})


def test_dead_units_have_no_tile_and_say_so(scenes: list[Any], tmp_path: Path) -> None:
    net = nbviz.Network.demo(device="cpu")
    # A layer that a rectifier follows inside of the stage: its channel 3 never fires.
    net.model.layer2[0].bn1.weight.data[3] = 0
    net.model.layer2[0].bn1.bias.data[3] = -1
    layer = "layer2.0.relu1"
    atlas = nbviz.scan(net, scenes, tmp_path / "a", layers=[layer], k=2, progress=False)
    session = Session(net, [scenes[0][0]], atlas=atlas)
    tiles = session.answer("strongest", {"layer": layer, "first": 0, "count": 8}).meta["tiles"]
    assert [(t["length"], t["note"]) for t in tiles if t["channel"] == 3] == [
        (0, "dead: no picture of the data set brings it above zero")
    ]
    assert all(t["length"] > 0 for t in tiles if t["score"] > 0)


def test_nature_is_what_the_data_set_reached(session: Session, atlas: nbviz.Atlas) -> None:
    net = session.net
    assert session.natural(net.unit(UNIT)) == Natural(atlas.top(UNIT)[0].score, f"of the atlas, n = {COUNT}")
    session.recording(0)
    assert session.natural(net.unit("layer3:1")).source == "of 1 picture seen", "that layer was not scanned"
    assert session.natural(net.unit("layer2:5@0,0")).source == "of 1 picture seen", "no neuron is kept"


def test_a_scan_that_goes_on_is_another_answer(
    net: nbviz.Network, scenes: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(done: int, total: int, what: str) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nbviz.scan(net, scenes, tmp_path / "a", layers=["layer2"], batch=4, progress=False, on_progress=leave)
    alone = Session(net, [scenes[0][0]], atlas=str(tmp_path / "a")).answer("patches", ASKED).meta
    assert all("cannot be read any more" in patch["note"] for patch in alone["patches"]), "pictures of a list are gone"
    session = Session(net, [scenes[0][0]], atlas=nbviz.Atlas(tmp_path / "a", scenes))
    before = session.answer("patches", ASKED).meta
    assert before["seen"] < before["total"] == COUNT
    assert not before["complete"]
    asked = {"layer": "layer2", "first": 0, "count": 4}
    tiles = session.answer("strongest", asked).meta
    assert (tiles["seen"], tiles["complete"]) == (before["seen"], False)
    assert all(tile["length"] > 0 for tile in tiles["tiles"]), "cut out of the pictures that are at hand"
    nbviz.scan(net, scenes, tmp_path / "a", layers=["layer2"], batch=4, progress=False)
    after = session.answer("patches", ASKED).meta
    assert (after["seen"], after["complete"]) == (COUNT, True)
    assert session.answer("strongest", asked).meta["complete"]


def test_what_is_no_atlas_of_this_network_is_refused_at_once(net: nbviz.Network, atlas: nbviz.Atlas) -> None:
    other = nbviz.Network.demo(device="cpu")
    next(other.model.parameters()).data += 0.1
    with pytest.raises(BadAtlas, match="made with another network"):
        Session(other, list(nbviz.demo.scenes(1, 0).pictures), atlas=atlas)
    with pytest.raises(BadRequest, match=r"A dict is no atlas; give what nbviz\.scan returns, or its path\."):
        Session(net, list(nbviz.demo.scenes(1, 0).pictures), atlas={})
    with pytest.raises(BadRequest, match="There is no atlas here"):
        Session(net, list(nbviz.demo.scenes(1, 0).pictures)).answer("patches", ASKED)
    with pytest.raises(BadRequest, match="There is no atlas here"):
        Session(net, list(nbviz.demo.scenes(1, 0).pictures)).answer(
            "strongest", {"layer": "layer2", "first": 0, "count": 1}
        )


def test_an_explorer_of_an_atlas_alone_opens_on_its_first_pictures(net: nbviz.Network, atlas: nbviz.Atlas) -> None:
    w = nbviz.explore(net, atlas=atlas)
    assert len(w.session.pictures) == 4
    assert w._atlas == {"name": "scenes", "layers": ["layer2", "fc"]}
    w.close()


def test_the_extremes_of_an_atlas_are_its_largest_values_layer_by_layer(
    session: Session, atlas: nbviz.Atlas, scenes: list[Any]
) -> None:
    answer = session.answer("extremes", {"images": None})
    assert (answer.meta["pictures"], answer.meta["atlas"]) == (len(scenes), atlas.path.name)
    assert [layer["name"] for layer in answer.meta["layers"]] == ["layer2", "fc"]
    own = nbviz.methods.extremes(session.net, [picture for picture, _ in scenes])
    expected = np.concatenate([own.largest["layer2"], own.largest["fc"]])
    assert np.allclose(answer.buffers[1], expected, rtol=1e-4, atol=1e-5)
    assert np.isnan(answer.buffers[0]).all()
    with pytest.raises(BadRequest, match="no atlas here"):
        Session(session.net, [scenes[0][0]]).answer("extremes", {"images": None})
