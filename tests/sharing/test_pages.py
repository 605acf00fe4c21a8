"""Pages and contact sheets: what is in them, how large they are, and that names of a hostile person stay text."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nbviz.errors import BadRequest, Cancelled, Closed, NotWritten, UnknownName
from nbviz.sharing import wants
from nbviz.sharing.archive import Question
from nbviz.sharing.document import Document
from nbviz.sharing.outputs import document_of, recorded_in
from nbviz.sharing.packing import unpack
from nbviz.sharing.sheet import MOST_BYTES, Still, sheet
from nbviz.sharing.wants import Facts
from nbviz.widgets import Explorer
from tests.doubles import tiny_network
from tests.sharing.conftest import plain_person

Show = Callable[..., Explorer]
HOSTILE = "</script><img src=x onerror='alert(1)'>\"&--><!--"


def page_of(w: Explorer, tmp_path: Path) -> str:
    return w.to_html(tmp_path / "page.html").read_text("utf-8")


def asked(document: Document) -> set[str]:
    return {question.canonical for view in document.views for question, _ in view.archive}


def test_a_page_holds_what_the_widget_shows_and_what_was_looked_at(w: Explorer, tmp_path: Path) -> None:
    w.session.answer("projection", {"image": 1, "unit": "0:2", "method": "deconvnet", "params": {}})
    document = document_of(page_of(w, tmp_path))
    (view,) = document.views
    assert (view.state["layer"], view.state["unit"]) == (w.layer, w.unit)
    ops = {question.op for question, _ in view.archive}
    assert ops >= {"maps", "overlay", "picture", "projection", "thumbnails"}
    assert any(q.args.get("unit") == "0:2" for q, _ in view.archive)


def test_a_page_opens_on_what_lies_before_its_module(w: Explorer, tmp_path: Path) -> None:
    w.session.answer("projection", {"image": 1, "unit": "0:2", "method": "deconvnet", "params": {}})
    text = page_of(w, tmp_path)
    (view,) = document_of(text).views
    facts = Facts(view.state, lambda image: [p["index"] for p in _predicted(w, image)])
    assert [q.canonical for q, _ in view.archive][: view.opening] == [
        q.canonical for q in wants.at(facts, facts.opening) if q in view.archive
    ]
    assert len(view.archive) > view.opening > 3
    places = [text.index(f'id="nbviz-{name}"') for name in ("document", "contents", "module", "rest")]
    assert places == sorted(places)
    opening, rest = (re.search(rf'id="nbviz-{name}">([^<]*)<', text)[1] for name in ("contents", "rest"))  # type: ignore[index]
    assert len(opening) == sum(len(part.text) for content in view.opens_with for part in content.parts)
    assert rest


def _predicted(w: Explorer, image: int) -> Any:
    return w.session.answer("picture", {"image": image}).meta["predictions"]


def test_nothing_on_a_page_comes_from_elsewhere_and_only_its_own_scripts_run(w: Explorer, tmp_path: Path) -> None:
    text = page_of(w, tmp_path)
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    for script in re.findall(r'<script type="module"[^>]*>(.*?)</script>', text, re.S):
        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert not re.search(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=.?https?:", text)
    assert "style=" not in re.sub(r"<script.*?</script>", "", text, flags=re.S)


def test_names_of_a_hostile_person_stay_text(show: Show, tmp_path: Path) -> None:
    net = tiny_network(labels=[HOSTILE, "b", "c", "d"])
    net.name = HOSTILE
    text = page_of(show(net, target=0), tmp_path)
    assert "onerror='alert" not in re.sub(r'"[^"]*"', "", text)
    assert html.escape(HOSTILE) in text
    # Every script ends where it should: three of data, and the module.
    assert [len(re.findall(pattern, text)) for pattern in ("<script", "</script>")] == [4, 4]
    assert document_of(text).views[0].state["_network"]["labels"][0] == HOSTILE


def test_a_page_that_cannot_be_written_leaves_what_was_there(w: Explorer, plain_folder: Path) -> None:
    old = plain_folder / "page.html"
    with plain_person():
        old.write_text("old")
    w.to_html(plain_folder / "another.html").unlink()  # what is read once has been read by whoever may
    with pytest.raises(NotWritten, match=r"page\.html cannot be written: No such file or directory\."):
        w.to_html(plain_folder / "missing" / "page.html")
    old.chmod(0o444)
    with plain_person(), pytest.raises(NotWritten, match=r"page\.html cannot be written: it is read-only\."):
        w.to_html(old)
    old.chmod(0o644)
    plain_folder.chmod(0o555)
    for path in (old, plain_folder / "new.html"):
        with plain_person(), pytest.raises(NotWritten, match=r"cannot be written: Permission denied\."):
            w.to_html(path)
    assert [(path.name, path.read_text()) for path in plain_folder.iterdir()] == [("page.html", "old")]
    plain_folder.chmod(0o755)
    with plain_person():
        w.to_html(old)
    assert old.stat().st_size > 10_000


def test_an_interrupted_writing_leaves_what_was_there(
    w: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "page.html"
    old.write_text("old")

    def interrupted(_handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        w.to_html(old)
    assert old.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_closed_widget_says_so(show: Show, tmp_path: Path) -> None:
    w = show()
    w.close()
    for act in (w.snapshot, lambda: w.to_html(tmp_path / "page.html"), w.precompute):
        with pytest.raises(Closed, match="This Explorer was closed; make a new one"):
            act()
    assert not list(tmp_path.iterdir())


def test_a_snapshot_is_an_output_that_can_be_read_again(w: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    w.snapshot()
    (data,) = shown
    assert data["text/plain"].startswith("Explorer of Sequential")
    assert data["text/html"].index("<img alt=") < data["text/html"].index("<iframe")
    (recorded,) = recorded_in({"cells": [{"outputs": [{"data": data}]}]})
    assert asked(recorded.document) >= {'picture {"image": 0}', 'maps {"image": 0, "layer": "3"}'}
    assert recorded.title == data["text/plain"]


# ahead of the reader's clicks


def units(w: Explorer, tmp_path: Path) -> set[tuple[str, str, int]]:
    """What was recorded of units: unit, method, picture."""
    archive = document_of(page_of(w, tmp_path)).views[0].archive
    return {(q.args["unit"], q.args["method"], q.args["image"]) for q, _ in archive if q.op == "projection"}


def test_the_strongest_units_of_the_named_layers_are_recorded_on_all_pictures(w: Explorer, tmp_path: Path) -> None:
    took = w.precompute(["0", "3"], ["deconvnet", "neuron_gradient"], top_k=2, progress=False)
    expected = set()
    for layer in ("0", "3"):
        maxima = torch.stack([w.session.recording(i).maps(layer).flatten(1).amax(1) for i in (0, 1)]).amax(0)
        for unit in maxima.argsort(descending=True)[:2]:
            expected |= {
                (f"{layer}:{unit}", method, image) for method in ("deconvnet", "neuron_gradient") for image in (0, 1)
            }
    assert units(w, tmp_path) >= expected
    assert len(units(w, tmp_path) - expected) <= 2  # the unit as it opens, on either picture
    assert (took.reason, took.left_out) == ("", 0)
    assert took.answers > len(expected)
    size = (tmp_path / "page.html").stat().st_size
    assert abs(size - took.bytes) < 60_000


def test_all_units_and_chosen_pictures(w: Explorer, tmp_path: Path) -> None:
    w.precompute("0", "deconvnet", top_k=None, images=[1], progress=False)
    assert {unit for unit, _, image in units(w, tmp_path) if image == 1} >= {f"0:{i}" for i in range(8)}


def test_recording_stops_at_the_size_with_the_strongest_units_in_it(show: Show, tmp_path: Path) -> None:
    steps: list[int] = []
    whole = show().precompute("3", "deconvnet", top_k=None, progress=False)
    least = show().precompute("3", "deconvnet", top_k=1, progress=False)
    small = show()
    limit = (whole.bytes + least.bytes) / 2 / 1e6
    took = small.precompute(
        "3", "deconvnet", None, max_mb=limit, progress=False, on_step=lambda step, _of, _what: steps.append(step)
    )
    assert took.bytes <= limit * 1e6
    assert 0 < took.left_out < took.places
    assert "limit of" in repr(took)
    assert steps == list(range(1, len(steps) + 1))
    strongest = [f"3:{i}" for i in _ranked(small)]
    there = [unit for unit in strongest if (unit, "deconvnet", 0) in units(small, tmp_path)]
    assert there == strongest[: len(there)]


def _ranked(w: Explorer) -> list[int]:
    maxima = torch.stack([w.session.recording(i).maps("3").flatten(1).amax(1) for i in (0, 1)]).amax(0)
    return [int(i) for i in maxima.argsort(descending=True)]


def test_a_size_that_is_too_small_for_the_view_says_what_it_needs(w: Explorer) -> None:
    with pytest.raises(BadRequest, match=r"max_mb=0\.01 is too small: the page as it opens takes 0\.\d+ MB already"):
        w.precompute(max_mb=0.01)


@pytest.mark.parametrize("error", [KeyboardInterrupt, Cancelled])
def test_an_interrupted_recording_keeps_what_is_there(w: Explorer, tmp_path: Path, error: type[BaseException]) -> None:
    def stop(step: int, _steps: int, _what: str) -> None:
        if step == 6:
            raise error

    took = w.precompute("0", "deconvnet", progress=False, on_step=stop)
    assert took.reason == "it was interrupted"
    assert took.answers > 4
    assert "projection" in {q.op for q, _ in document_of(page_of(w, tmp_path)).views[0].archive}


def test_what_cannot_be_recorded_is_named(w: Explorer) -> None:
    with pytest.raises(UnknownName, match="no method 'deconvnte' to record; there are deconvnet"):
        w.precompute(methods=["deconvnte"])
    with pytest.raises(UnknownName, match="no layer '33'"):
        w.precompute(layers=["33"])
    with pytest.raises(IndexError, match="no picture 5"):
        w.precompute(images=[5])
    with pytest.raises(BadRequest, match="top_k=0"):
        w.precompute(top_k=0)


def test_what_is_not_defined_here_is_left_out(show: Show, tmp_path: Path) -> None:
    smooth = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.SiLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    w = show(tiny_network(model=smooth, labels=None))
    w.precompute(methods=["deconvnet", "neuron_gradient"], top_k=1, progress=False)
    assert {method for _, method, _ in units(w, tmp_path)} == {"neuron_gradient"}


def test_what_older_weights_gave_is_not_recorded(show: Show, tmp_path: Path) -> None:
    net = tiny_network()
    w = show(net)
    w.precompute("0", "deconvnet", top_k=4, progress=False)
    before = units(w, tmp_path)
    with torch.no_grad():
        net.model[0].weight.mul_(-1)  # type: ignore[index, operator, union-attr]
    after = units(w, tmp_path)
    assert len(before) > 4
    assert len(after) == 1


def test_what_excites_units_is_recorded_on_demand(w: Explorer, tmp_path: Path) -> None:
    w.precompute("0", ["visualize"], top_k=1, images=[0], progress=False)
    archive = document_of(page_of(w, tmp_path)).views[0].archive
    (found,) = [q for q, _ in archive if q.op == "synthesis"]
    assert found.args["target"]["unit"].startswith("0:")


def test_two_networks_are_recorded_with_what_each_of_them_answers(show: Show, tmp_path: Path) -> None:
    w = show(tiny_network(0), beside=tiny_network(1))
    w.precompute("3", "deconvnet", top_k=2, progress=False)
    archive = document_of(page_of(w, tmp_path)).views[0].archive
    by_network = [
        {Question(q.op, {**q.args, "network": None}).canonical: c for q, c in archive if q.args.get("network", 0) == n}
        for n in (0, 1)
    ]
    both = set(by_network[0]) & set(by_network[1])
    assert {question.partition(" ")[0] for question in both} == {"picture", "maps", "projection", "filters"}
    asked = 'maps {"image": 1, "layer": "3"}'
    for network, known in enumerate(by_network):
        answer = w.session.of(network).answer("maps", {"image": 1, "layer": "3"})
        assert unpack(known[asked].parts[0]) == answer.buffers[0].tobytes()
    assert by_network[0][asked].digest != by_network[1][asked].digest
    # Each network's heat maps are those of its own strongest classes.
    assert {q.args["network"] for q, _ in archive if q.op == "overlay" and "network" in q.args} == {1}


def test_weights_that_changed_in_the_second_network_are_not_recorded(show: Show, tmp_path: Path) -> None:
    other = tiny_network(1)
    w = show(tiny_network(0), beside=other)
    w.precompute("3", "deconvnet", top_k=4, progress=False)

    def recorded() -> list[bool]:
        archive = document_of(page_of(w, tmp_path)).views[0].archive
        return [q.args.get("network") == 1 for q, _ in archive if q.op == "projection"]

    assert sum(recorded()) > 4
    with torch.no_grad():
        other.model[0].weight.mul_(-1)  # type: ignore[index, operator, union-attr]
    assert sum(recorded()) == 1


def test_groups_come_with_a_layer_and_its_gallery_on_demand(w: Explorer, tmp_path: Path) -> None:
    w.precompute("0", "deconvnet", top_k=1, progress=False)
    archive = document_of(page_of(w, tmp_path)).views[0].archive
    (grouped,) = [q.args for q, _ in archive if q.op == "groups"]
    assert (grouped["layer"], grouped["count"], grouped["images"]) == ("0", 6, [0, 1])
    assert "gallery" not in {q.op for q, _ in archive}
    w.precompute("0", "gallery", top_k=1, progress=False)
    archive = document_of(page_of(w, tmp_path)).views[0].archive
    (drawn,) = [c.meta for q, c in archive if q.op == "gallery"]
    assert len(drawn["tiles"]) == drawn["channels"] == 8


# where nothing runs


def test_a_sheet_stays_small_whatever_its_pictures() -> None:
    dice = np.random.default_rng(0)
    stills = [Still(dice.integers(0, 256, (400, 600, 3), dtype=np.uint8), "noise", "noise") for _ in range(6)]
    assert len(sheet("title", stills)) < MOST_BYTES


def test_the_sheet_states_the_numbers(w: Explorer) -> None:
    text = w._repr_mimebundle_()[0]["text/html"]
    best = w.session.answer("picture", {"image": 0}).meta["predictions"][0]
    projected = w.session.answer("projection", {"image": 0, "unit": w.unit, "method": w.method, "params": {}}).meta
    assert f"{best['label']} {best['probability']:.1%}" in text
    assert f"{w.unit} at {projected['position'][0]},{projected['position'][1]} · value {projected['value']:.3g}" in text
