"""What is recorded comes back as the page will paint it, and lies in a page once."""

from __future__ import annotations

import numpy as np
import pytest

from nbviz.errors import NotAReadableNotebook
from nbviz.session import Answer
from nbviz.sharing import Archive, Document, Link, Pool, View
from nbviz.sharing.archive import Question
from nbviz.sharing.document import FORMAT, read
from nbviz.sharing.packing import ROUNDING, pack, unpack

DICE = np.random.default_rng(0)


def codes(*shape: int) -> np.ndarray:
    return DICE.integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    ("op", "buffer"),
    [
        ("maps", codes(12, 5, 7)),
        ("maps", np.linspace(-3, 3, 12, dtype="<f4")),
        ("maps", np.arange(12, dtype="<i4")),
        ("overlay", codes(7, 7)),
        ("overlay", np.zeros((30, 30), np.uint8)),
        ("filters", codes(4, 3, 3, 3, 1)),
        ("picture", codes(20, 30, 3)),
        ("thumbnails", codes(9, 8, 3)),
        ("inversion", np.zeros((0, 0, 3), np.uint8)),
        ("whatever comes later", codes(20, 30, 3)),
    ],
)
def test_numbers_maps_and_what_the_network_saw_come_back_bit_by_bit(op: str, buffer: np.ndarray) -> None:
    assert unpack(pack(op, buffer)) == buffer.tobytes()


@pytest.mark.parametrize("shape", [(20, 30, 3), (20, 30), (20, 30, 1)])
def test_a_projection_comes_back_within_four_levels_and_its_zero_exactly(shape: tuple[int, ...]) -> None:
    buffer = codes(*shape)
    buffer[:10] = 128
    back = np.frombuffer(unpack(pack("projection", buffer)), np.uint8).reshape(shape)
    error = np.abs(back.astype(int) - buffer)
    assert error.max() <= ROUNDING // 2 == 4
    assert (back[:10] == 128).all()


def test_packing_pays() -> None:
    field = np.zeros((224, 224, 3), np.uint8) + 128
    field[90:130, 90:130] = codes(40, 40, 3)
    assert len(pack("projection", field).data) < field.nbytes / 30
    noise = codes(100)
    assert pack("maps", noise).codec == "plain"  # where deflating would make it larger


def archive(*keys: str, image: int = 0) -> Archive:
    made = Archive()
    for number, key in enumerate(keys):
        plane = np.full((4, 4), ord(key), np.uint8)
        made.add(Question("maps", {"image": image, "layer": str(number)}), Answer(key, {"layer": key}, [plane]))
    return made


def test_equal_contents_lie_in_a_page_once() -> None:
    two = archive("a", "a", "b")
    assert len(two) == 3
    views = [View({}, two), View({}, archive("a", image=1))]
    document = Document(views, {"model": 0})
    assert len(Pool([document]).text) == 2 * len(Pool([Document([View({}, archive("a"))], {"model": 0})]).text)


def test_what_a_view_needs_to_open_comes_first() -> None:
    views = [View({}, archive("a", "b", "c"), opening=1), View({}, archive("d", "a", image=1), opening=1)]
    documents = [Document([view], {"model": 0}) for view in views]
    pool = Pool(documents)
    assert pool.opening == "".join(c.parts[0].text for view in views for c in view.opens_with)
    assert [c.key for view in views for c in view.opens_with] == ["a", "d"]
    assert len(pool.rest) == len(pool.opening)
    for document in documents:
        (was,), (now,) = document.views, read(pool.describe(document), pool.text).views
        assert [(q.canonical, c.digest) for q, c in now.archive] == [(q.canonical, c.digest) for q, c in was.archive]
        assert now.opening == 1


def test_equal_keys_of_different_kernels_do_not_mix() -> None:
    mine, theirs = archive("a"), Archive()
    plane = np.full((4, 4), 7, np.uint8)
    theirs.add(Question("maps", {"image": 0, "layer": "0"}), Answer("a", {"layer": "a"}, [plane]))
    pool = Pool([Document([View({}, one)], {"model": 0}) for one in (mine, theirs)])
    back = [read(pool.describe(Document([View({}, one)], {"model": 0})), pool.text) for one in (mine, theirs)]
    (_, first), (_, second) = (next(iter(one.views[0].archive)) for one in back)
    assert [unpack(first.parts[0])[0], unpack(second.parts[0])[0]] == [ord("a"), 7]


def test_a_document_comes_back_from_its_page() -> None:
    views = [View({"layer": "0", "unit": "</script>"}, archive("a", "b")), View({"layer": "1"}, archive("b", "c"))]
    layout = {"box": "row", "titles": ["x"], "children": [{"model": 0}, {"model": 1}]}
    document = Document(views, layout, [Link((0, "unit"), (1, "unit"), both=False)])
    pool = Pool([document])
    back = read(pool.describe(document), pool.text)
    assert [dict(view.state) for view in back.views] == [dict(view.state) for view in views]
    assert (back.layout, list(back.links)) == (layout, list(document.links))
    for was, now in zip(views, back.views, strict=True):
        assert [(q.canonical, c.digest) for q, c in now.archive] == [(q.canonical, c.digest) for q, c in was.archive]


def test_a_recording_of_a_newer_nbviz_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document([View({}, archive("a"))], {"model": 0})
    pool = Pool([document])
    monkeypatch.setattr("nbviz.sharing.document.FORMAT", FORMAT + 1)
    monkeypatch.setattr("nbviz.sharing.document.__version__", "9.9")
    described = pool.describe(document)
    monkeypatch.undo()
    with pytest.raises(NotAReadableNotebook, match=r"written by nbviz 9\.9, this is .*: update nbviz"):
        read(described, pool.text)


@pytest.mark.parametrize("described", ["", "no base64!", "AAAA", "eJyrVkrLL8pNLFGyMtRRKkotLs0pAXJqAUBKBq0="])
def test_a_damaged_recording_is_told(described: str) -> None:
    with pytest.raises(NotAReadableNotebook, match="A recording is damaged"):
        read(described, "")
