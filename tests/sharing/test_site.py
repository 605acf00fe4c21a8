"""What an atlas becomes as a site, without a browser: bad folders, nothing half, hostile names."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import nbviz
from nbviz.atlas.plan import TILE
from nbviz.errors import BadRequest, Cancelled, NotWritten, UnknownName
from nbviz.session import Session
from nbviz.sharing.site import export
from tests.doubles import noise, tiny_network
from tests.sharing.conftest import plain_person

HOSTILE = "</script><img src=x>"


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> nbviz.Atlas:
    folder = tmp_path_factory.mktemp("pictures")
    for number, pixels in enumerate(noise(6)):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    net = tiny_network()
    net.name = HOSTILE
    return nbviz.scan(net, folder, tmp_path_factory.mktemp("hostile") / "atlas", layers=["0", "3"], k=2, progress=False)


def record(site: Path, layer: int, channel: int) -> tuple[dict[str, Any], bytes]:
    """What a click reads: the facts of a channel, and the pictures one after the other."""
    ends = json.loads((site / f"{layer}.json").read_text())["ends"]
    whole = (site / f"{layer}.bin").read_bytes()
    assert ends[-1] == len(whole)
    found = whole[ends[channel] : ends[channel + 1]]
    (length,) = struct.unpack_from("<I", found)
    return json.loads(found[4 : 4 + length]), found[4 + length :]


def test_a_record_is_found_by_its_range(atlas: nbviz.Atlas, tmp_path: Path) -> None:
    told = export(atlas, tmp_path / "site", ["3"], progress=False)
    assert (told.layers, told.channels) == (1, 12)
    facts, files = record(tmp_path / "site", atlas.layers.index("3"), 7)
    assert facts["unit"] == "3:7"
    assert [patch["score"] for patch in facts["patches"]] == [patch.score for patch in atlas.top("3:7")]
    assert sum(patch["length"] for patch in facts["patches"]) == len(files)


def test_names_of_a_hostile_person_stay_text(atlas: nbviz.Atlas, tmp_path: Path) -> None:
    export(atlas, tmp_path / "site", progress=False)
    text = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert HOSTILE not in text
    assert text.count("<script") == text.count("</script>") == 2


def test_a_folder_that_holds_something_is_left_alone(atlas: nbviz.Atlas, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadRequest, match="holds something already"):
        export(atlas, tmp_path, progress=False)
    with pytest.raises(UnknownName):
        export(atlas, tmp_path / "site", ["33"], progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_may_not_be_written_to_is_told(atlas: nbviz.Atlas, plain_folder: Path) -> None:
    plain_folder.chmod(0o555)
    with plain_person(), pytest.raises(NotWritten, match="site cannot be written: Permission denied"):
        export(atlas, plain_folder / "site", ["3"], progress=False)
    assert not list(plain_folder.iterdir())


def test_an_interrupted_export_leaves_nothing(atlas: nbviz.Atlas, tmp_path: Path) -> None:
    def stop(step: int, _steps: int, _what: str) -> None:
        if step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        export(atlas, tmp_path / "site", progress=False, on_step=stop)
    assert not list(tmp_path.iterdir())


def test_its_pictures_are_the_files_that_the_live_widget_shows(tmp_path: Path) -> None:
    # Pictures larger than an atlas keeps: neither may reduce them again in its own way.
    scenes = noise(5, size=224)
    labelled = [(picture, "noise") for picture in scenes]
    net = tiny_network(input_size=224)
    atlas = nbviz.scan(net, labelled, tmp_path / "atlas", layers=["3", "5"], k=3, progress=False)
    atlas.add("deconvnet", progress=False)
    export(atlas, tmp_path / "site", progress=False)
    live = Session(net, scenes, atlas=atlas)
    for name in atlas.layers:
        facts, files = record(tmp_path / "site", atlas.layers.index(name), 2)
        answer = live.answer("patches", {"unit": f"{name}:2", "method": "deconvnet"})
        assert len(facts["patches"]) == len(facts["projections"]["deconvnet"]) == 3
        assert files == answer.buffers[0].tobytes()
    assert max(patch["width"] for patch in facts["patches"]) == TILE
