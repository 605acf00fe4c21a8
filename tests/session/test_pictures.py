"""Pictures may come at any time: from Python, or from the page in parts."""

from __future__ import annotations

import io
import threading
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nbviz.errors import BadPicture, BadRequest
from nbviz.session import Session
from nbviz.session.uploads import MOST_PARTS, PART_BYTES
from tests.doubles import LONG, noise

HALF = {"file": "f", "name": "new.png", "parts": 2}


def png(seed: int = 9, size: int = 32) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(noise(1, seed, size)[0]).save(buffer, "png")
    return buffer.getvalue()


def uploaded(session: Session, data: bytes, name: str = "new.png", parts: int = 2) -> Any:
    """The last answer to a file that is sent in as many parts."""
    cuts = [len(data) * i // parts for i in range(parts + 1)]
    for part in range(parts):
        args = {"file": name, "name": name, "part": part, "parts": parts, "data": data[cuts[part] : cuts[part + 1]]}
        answer = session.answer("upload", args)
        assert answer.meta["received"] == part + 1
    return answer


def test_an_added_picture_is_answered_like_those_from_the_beginning(session: Session) -> None:
    picture = noise(1, seed=5)[0]
    index = session.add(picture, "fifth")
    assert (index, session.picture(index).name) == (3, "fifth")
    alone = Session(session.net, [picture])
    for op, args in (("picture", {}), ("maps", {"layer": "3"}), ("projection", {"unit": "3:4", "method": "deconvnet"})):
        found, expected = session.answer(op, {"image": index, **args}), alone.answer(op, {"image": 0, **args})
        assert all(np.array_equal(a, b) for a, b in zip(found.buffers, expected.buffers, strict=True))


def test_the_same_picture_is_not_added_twice(session: Session) -> None:
    assert session.add(noise(3)[1], "again") == 1
    assert len(session.pictures) == 3
    assert session.picture(1).name == "picture 2"


def test_thumbnails_follow_the_pictures(session: Session) -> None:
    before = session.answer("thumbnails", {})
    session.add(noise(1, seed=5)[0])
    after = session.answer("thumbnails", {})
    assert after.key != before.key
    assert (len(before.buffers), len(after.buffers)) == (3, 4)


def test_what_is_no_picture_changes_nothing(session: Session) -> None:
    told: list[int] = []
    session.pictures_changed = lambda: told.append(1)
    with pytest.raises(BadPicture):
        session.add(b"GIF89a and nothing more")
    assert (len(session.pictures), told) == (3, [])
    session.add(noise(1, seed=5)[0])
    assert told == [1]


def test_pictures_may_come_while_something_is_computed(session: Session) -> None:
    """The thumbnails are made of those that were there at the beginning."""
    added: list[int] = []

    def report(step: int, _steps: int, _message: str, _partial: Any = None) -> None:
        thread = threading.Thread(target=lambda: added.append(session.add(noise(1, seed=step + 20)[0])))
        thread.start()
        thread.join(LONG)

    answer = session.answer("thumbnails", {}, report)
    assert len(answer.buffers) == len(answer.meta["sizes"])
    assert added == [3, 4, 5]
    assert len(session.answer("thumbnails", {}).buffers) == 6


# -- uploads


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_a_file_in_parts_is_the_picture_it_was(session: Session, parts: int) -> None:
    data = png()
    meta = uploaded(session, data, parts=parts).meta
    assert meta == {"received": parts, "image": 3, "note": ""}
    assert session.picture(3).name == "new"
    assert session.picture(3).key == Session(session.net, [data]).picture(0).key


def test_the_same_file_may_be_sent_again(session: Session) -> None:
    assert [uploaded(session, png()).meta["image"] for _ in range(2)] == [3, 3]


def test_a_file_that_is_no_picture_is_one_sentence_and_the_next_one_is_taken(session: Session) -> None:
    with pytest.raises(BadPicture, match="not a picture that Pillow can read"):
        uploaded(session, b"import os; os.system('true')", "<img onerror>.py")
    assert len(session.pictures) == 3
    assert uploaded(session, png()).meta["image"] == 3


def test_a_picture_of_a_hundred_megapixels_is_scaled_with_a_note(session: Session) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (10_000, 10_000), (200, 30, 30)).save(buffer, "jpeg", quality=50)
    meta = uploaded(session, buffer.getvalue(), "large.jpg").meta
    assert meta["note"] == "scaled down from 10,000×10,000 pixels"
    shown = session.answer("picture", {"image": meta["image"]})
    assert shown.meta["note"] == meta["note"]
    assert np.abs(shown.buffers[0].astype(int) - (200, 30, 30)).max() <= 3


def test_a_file_is_forgotten_where_another_one_begins(session: Session) -> None:
    session.answer("upload", {**HALF, "part": 0, "data": png()[:100]})
    assert uploaded(session, png(seed=4), "other.png").meta["image"] == 3
    with pytest.raises(BadRequest, match="interrupted by another one"):
        session.answer("upload", {**HALF, "part": 1, "data": png()[100:]})


@pytest.mark.parametrize("part", [1, 2])
def test_a_part_that_does_not_follow_is_refused(session: Session, part: int) -> None:
    with pytest.raises(BadRequest):
        session.answer("upload", {**HALF, "part": part, "data": b"x"})


@pytest.mark.parametrize("args", [{"parts": MOST_PARTS + 1, "data": b"x"}, {"data": bytes(PART_BYTES + 1)}])
def test_a_file_beyond_all_measure_is_refused_at_once(session: Session, args: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="give a smaller picture"):
        session.answer("upload", {**HALF, "part": 0, **args})
    assert uploaded(session, png()).meta["image"] == 3
