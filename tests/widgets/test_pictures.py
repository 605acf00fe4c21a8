"""Adding pictures to an open widget, from a cell and from the page."""

from __future__ import annotations

import io
import threading

import pytest
from PIL import Image

from nbviz.errors import BadPicture
from nbviz.widgets import Explorer
from tests.doubles import LONG, noise


def test_a_picture_is_added_from_a_cell_and_turned_to(w: Explorer) -> None:
    picture = noise(1, seed=8)[0]
    assert w.add_image(picture, "<b>mine</b>") == 3
    assert w.image_index == w.comm.state("image_index") == 3
    assert [image["name"] for image in w.comm.state("_images")] == [
        "picture 1",
        "picture 2",
        "picture 3",
        "<b>mine</b>",
    ]
    assert [image.name for image in w.images][-1] == "<b>mine</b>"
    assert w.images[-1].x.shape == (1, 3, 32, 32)
    w.comm.ask("r1", "maps", image=3, layer="3")
    assert w.wait(LONG)
    assert w.comm.custom()[-1]["type"] == "result"


def test_a_picture_may_wait_in_the_strip(w: Explorer) -> None:
    assert w.add_image(noise(1, seed=8)[0], show=False) == 3
    assert (w.image_index, len(w.comm.state("_images"))) == (0, 4)
    assert w.add_image(noise(3)[2]) == w.image_index == 2


def test_what_is_no_picture_leaves_the_widget_as_it_was(w: Explorer) -> None:
    with pytest.raises(BadPicture):
        w.add_image(b"nothing")
    assert (w.image_index, len(w.images), len(w.comm.state("_images"))) == (0, 3, 3)


def test_the_page_sends_a_file_in_parts(w: Explorer) -> None:
    buffer = io.BytesIO()
    Image.fromarray(noise(1, seed=8)[0]).save(buffer, "png")
    data = buffer.getvalue()
    for part, piece in enumerate((data[:500], data[500:])):
        w.comm.ask(f"r{part}", "upload", buffers=[piece], file="f", name="dog.png", part=part, parts=2)
        assert w.wait(LONG)
    assert [m["meta"]["image"] for m in w.comm.custom() if m["type"] == "result"] == [None, 3]
    assert w.comm.state("_images")[3]["name"] == "dog"
    assert w.image_index == 0, "turning to it is the page's choice"


def test_a_part_without_its_bytes_is_refused(w: Explorer) -> None:
    w.comm.ask("r1", "upload", file="f", name="dog.png", part=0, parts=1)
    (answer,) = w.comm.custom()
    assert (answer["type"], answer["kind"]) == ("failure", "BadRequest")
    assert "one buffer, not 0" in answer["message"]


def test_pictures_from_several_threads_all_arrive(w: Explorer) -> None:
    threads = [
        threading.Thread(target=w.add_image, args=(picture,), kwargs={"show": False}) for picture in noise(6, seed=8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    keys = [image["key"] for image in w.comm.state("_images")]
    assert len(keys) == len(set(keys)) == 9
    assert keys == [image.key for image in w.images]
