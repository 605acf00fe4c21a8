"""Reading pictures, scales with a stated domain, colour maps that are even to the eye, overlays, encodings."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from nbviz import images
from nbviz.errors import BadPicture, BadRequest, NotFinite, UnknownName
from tools import colormaps

RNG = np.random.default_rng(0)
PICTURE = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)


def file_of(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


# ------------------------------------------------------------------------------------------ reading


def test_every_way_to_give_a_picture_reads_the_same(tmp_path: Path) -> None:
    picture = Image.fromarray(PICTURE)
    path = tmp_path / "a cat.png"
    picture.save(path)
    tensor = torch.from_numpy(PICTURE).permute(2, 0, 1)
    ways = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), picture, PICTURE, tensor]
    ways += [PICTURE / 255, tensor / 255, (tensor / 255).double(), np.asfortranarray(PICTURE)]
    for way in ways:
        read = images.read(way)
        assert read.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(read), PICTURE)


def test_grey_pictures_in_three_shapes_and_both_channel_counts() -> None:
    grey = PICTURE[..., 0]
    for way in (grey, grey[..., None], torch.from_numpy(grey.copy()), torch.from_numpy(grey.copy())[None]):
        np.testing.assert_array_equal(np.asarray(images.read(way, channels=1)), grey)
        np.testing.assert_array_equal(np.asarray(images.read(way)), np.repeat(grey[..., None], 3, 2))
    assert images.read(PICTURE, channels=1).mode == "L"


def test_the_orientation_that_a_camera_notes_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90° clockwise to see it upright
    data = file_of(Image.fromarray(PICTURE), "PNG", exif=exif)
    np.testing.assert_array_equal(np.asarray(images.read(data)), np.rot90(PICTURE, -1))


def test_transparency_lies_over_white() -> None:
    clear = np.dstack([PICTURE, np.zeros((6, 8), np.uint8)])
    assert (np.asarray(images.read(clear)) == 255).all()
    half = Image.new("LA", (2, 2), (0, 128))
    assert (np.asarray(images.read(half)) == 127).all()
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([10, 20, 30, 0, 0, 0])
    np.testing.assert_array_equal(np.asarray(images.read(palette))[0, 0], [10, 20, 30])
    palette.info["transparency"] = 0
    np.testing.assert_array_equal(np.asarray(images.read(palette))[0, 0], [255, 255, 255])


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "P", "LA", "I;16"])
def test_all_modes_become_rgb_or_grey(mode: str) -> None:
    picture = Image.new(mode, (3, 2))
    assert images.read(picture).mode == "RGB"
    assert images.read(picture, channels=1).mode == "L"


def test_sixteen_bits_are_scaled_not_cut() -> None:
    deep = np.array([[0, 257 * 7, 65535]], np.uint16)
    data = file_of(Image.fromarray(deep))
    np.testing.assert_array_equal(np.asarray(images.read(data, channels=1)), [[0, 7, 255]])


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(np.asarray(images.read(data))[0, 0], [255, 0, 0])


def test_a_large_photograph_is_reduced_while_it_is_decoded() -> None:
    data = file_of(Image.new("RGB", (9000, 6000), "orange"), "JPEG")
    read = images.read(data)
    assert 4_000_000 < read.width * read.height <= images.ENOUGH_PIXELS
    assert read.width / read.height == pytest.approx(1.5, rel=1e-3)


def test_a_picture_near_the_limit_is_reduced_and_one_beyond_refused() -> None:
    read = images.read(file_of(Image.new("L", (10_000, 10_000), 77)))
    assert read.width * read.height <= images.ENOUGH_PIXELS
    assert np.asarray(read)[5, 5, 0] == 77
    for side in (10_001, 14_000):
        with pytest.raises(BadPicture, match="megapixels"):
            images.read(file_of(Image.new("1", (side, side))))


def test_a_given_picture_stays_as_it_was() -> None:
    picture = Image.new("P", (3, 3))
    images.read(picture)
    assert picture.mode == "P"
    rgb = Image.fromarray(PICTURE)
    images.read(rgb).paste((255, 255, 255), (0, 0, 8, 6))
    np.testing.assert_array_equal(np.asarray(rgb), PICTURE)


def test_pictures_are_read_from_many_threads() -> None:
    data, found = file_of(Image.fromarray(PICTURE)), []
    threads = [threading.Thread(target=lambda: found.append(np.asarray(images.read(data)))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert all((read == PICTURE).all() for read in found)


JPEG = file_of(Image.effect_noise((64, 64), 90).convert("RGB"), "JPEG")

BAD: dict[str, tuple[object, str]] = {
    "missing file": ("no/such/cat.jpg", "'cat.jpg' does not exist"),
    "folder": (Path(), "cannot be opened"),
    "web address": ("https://example.org/cat.jpg", "web address; download"),
    "text file": (Path(__file__), "'test_images.py' is not a picture"),
    "no bytes": (b"", "not a picture"),
    "cut off": (JPEG[: len(JPEG) // 2], "damaged or cut off"),
    "number": (5, "int is not a picture"),
    "none": (None, "NoneType is not a picture"),
    "empty array": (np.zeros((0, 3, 3), np.uint8), "0x3x3 is empty"),
    "empty picture": (Image.new("RGB", (0, 5)), "0x5 pixels"),
    "channels first": (np.zeros((3, 8, 9), np.uint8), r"transpose\(1, 2, 0\)"),
    "channels last": (torch.zeros(8, 9, 3), r"permute\(2, 0, 1\)"),
    "batch": (torch.zeros(2, 3, 8, 9), r"x\[0\]"),
    "batch of arrays": (np.zeros((2, 8, 9, 3), np.uint8), r"array\[0\]"),
    "two channels": (np.zeros((8, 9, 2), np.uint8), "8x9x2 is not a picture"),
    "vector": (np.zeros(9, np.uint8), "shape 9 is not a picture"),
    "truth values": (np.zeros((8, 9), bool), "dtype bool"),
    "wide integers": (np.zeros((8, 9, 3), np.int64), "dtype int64"),
    "normalised": (torch.full((3, 8, 9), -2.1), "floats from -2.1 to -2.1"),
    "bytes as floats": (np.full((8, 9, 3), 255.0), "uint8 in 0..255"),
    "nan": (np.full((8, 9, 3), np.nan), "NaN"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_a_picture_gets_one_sentence(name: str) -> None:
    value, words = BAD[name]
    with pytest.raises(BadPicture, match=words) as raised:
        images.read(value)
    assert str(raised.value).endswith((".", ")."))
    assert "\n" not in str(raised.value)


def test_names_and_keys() -> None:
    assert images.name_of("photos/cat.final.jpg", 0) == "cat.final"
    assert images.name_of(PICTURE, 2) == "picture 3"
    assert images.name_of(Image.fromarray(PICTURE), 0) == "picture 1"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("../../etc/passwd.png", "passwd"),
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>"),
        ("line\nend\x00\u2028.png", "lineend"),
        ("\u202egnp.exe.png", "gnp.exe"),
        ("\ud800.png", "picture 1"),
        ("   .png", "picture 1"),
        (f"{'long' * 100}.png", f"{'long' * 19}lon…"),
    ],
    ids=["path", "markup", "control", "right to left", "surrogate", "blank", "long"],
)
def test_a_hostile_name_becomes_a_short_line_of_text(hostile: str, shown: str) -> None:
    assert images.name_of(hostile, 0) == shown


def test_a_very_large_file_is_read_smaller_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.new("L", (10_000, 2_000)).save(path)
    assert images.note_of(path) == images.note_of(path.read_bytes()) == "scaled down from 10,000×2,000 pixels"
    read = images.read(path)
    assert read.width * read.height <= images.ENOUGH_PIXELS
    assert images.note_of(PICTURE) == images.note_of(Image.fromarray(PICTURE)) == ""
    key = images.content_key(PICTURE)
    assert key == images.content_key(torch.from_numpy(PICTURE.copy())) == images.content_key(np.asfortranarray(PICTURE))
    assert len(key) == 16
    assert key != images.content_key(PICTURE.reshape(8, 6, 3))
    assert images.content_key(b"a") != images.content_key(b"b")
    assert images.content_key(torch.ones(2, dtype=torch.bfloat16)) == images.content_key(np.ones(2, np.float32))


# ------------------------------------------------------------------------------------------- scales


def test_unsigned_goes_from_zero_to_the_maximum() -> None:
    codes, lo, hi = images.normalise([[-1, 0], [1, 4]], "unsigned")
    assert (lo, hi) == (0, 4)
    np.testing.assert_array_equal(codes, [[0, 0], [64, 255]])


def test_signed_keeps_zero_at_128() -> None:
    codes, lo, hi = images.normalise(torch.tensor([-2.0, -1, 0, 1]), "signed")
    assert (lo, hi) == (-2, 2)
    np.testing.assert_array_equal(codes, [1, 64, 128, 192])
    shared, *_ = images.normalise([-2.0, -1, 0, 1], (-4, 4))
    np.testing.assert_array_equal(shared, [64, 96, 128, 160])


def test_a_stated_domain_clips() -> None:
    codes, lo, hi = images.normalise([0, 1, 2, 3, 9], (1, 3))
    assert (lo, hi) == (1, 3)
    np.testing.assert_array_equal(codes, [0, 0, 128, 255, 255])


def test_maps_without_extent_are_the_byte_of_zero() -> None:
    assert images.normalise(np.zeros((2, 2)), "signed")[0].tolist() == [[128, 128], [128, 128]]
    assert images.normalise(np.zeros(2), "unsigned")[0].tolist() == [0, 0]
    assert images.normalise(np.full(2, -3.0), "unsigned")[1:] == (0, 0)
    assert images.normalise(np.full(2, 7.0), (7, 7))[0].tolist() == [0, 0]


def test_numbers_that_have_no_scale_are_refused() -> None:
    with pytest.raises(NotFinite, match="1 of 3 values"):
        images.normalise([0, np.nan, 1], "unsigned")
    with pytest.raises(NotFinite):
        images.normalise([np.inf], "signed")
    with pytest.raises(BadRequest, match="not a range"):
        images.normalise([1.0], (2, 1))
    with pytest.raises(BadRequest, match="not a domain"):
        images.normalise([1.0], "both")  # type: ignore[arg-type]


def test_maps_are_enlarged_as_torch_does_it_bilinearly() -> None:
    values = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(0))
    expected = F.interpolate(values[None], (31, 24), mode="bilinear")[0]
    # float32: some units in the last place of values up to 4.
    np.testing.assert_allclose(images.resize_map(values, (31, 24)), expected, atol=3e-6)
    assert images.resize_map(values[0], (3, 2)).shape == (3, 2)


# ------------------------------------------------------------------------------------------- colour


def lab(colours: Any) -> Any:
    return colormaps.oklab(np.asarray(colours, np.float64) / 255)


def anchors(name: str) -> Any:
    return np.array([list(bytes.fromhex(colour[1:])) for colour in images.colormaps()[name]["anchors"]])


def test_the_file_is_what_its_script_computes() -> None:
    assert json.loads(colormaps.TARGET.read_text()) == colormaps.colormaps()
    assert all(len(anchors(name)) == 33 for name in images.colormaps())


def test_ember_rises_evenly_in_lightness() -> None:
    lightness = lab(anchors("ember"))[:, 0]
    steps = np.diff(lightness)
    assert lightness[0] < 0.2
    assert lightness[-1] > 0.94
    assert steps.min() > 0.9 * steps.mean()
    assert steps.max() < 1.1 * steps.mean()
    assert (np.diff(lab(images.lookup("ember"))[:, 0]) > 0).all()


def test_tide_is_symmetric_around_a_light_grey() -> None:
    colours = lab(anchors("tide"))
    np.testing.assert_allclose(colours[:, 0], colours[::-1, 0], atol=0.003)
    assert colours[:, 0].argmax() == 16
    assert colours[16, 0] > 0.93
    steps = np.diff(colours[:17, 0])
    assert steps.min() > 0.9 * steps.mean()
    zero = images.lookup("tide")[128].astype(int)
    assert zero.max() - zero.min() <= 2
    red, blue = images.lookup("tide")[255].astype(int), images.lookup("tide")[0].astype(int)
    assert red[0] > red[2]
    assert blue[2] > blue[0]


@pytest.mark.parametrize("name", ["ember", "tide"])
def test_equal_steps_look_equal(name: str) -> None:
    steps = np.linalg.norm(np.diff(lab(anchors(name)), axis=0), axis=1)
    assert steps.max() < 1.2 * steps.min()


def test_lookup_is_linear_between_anchors_and_offers_near_names() -> None:
    table = images.lookup("grey")
    assert table.shape == (256, 3)
    np.testing.assert_allclose(table[:, 0], np.arange(256), atol=1)
    np.testing.assert_array_equal(images.lookup("jet")[[0, 255]], [[0, 0, 128], [128, 0, 0]])
    with pytest.raises(UnknownName, match="Did you mean 'ember'"):
        images.lookup("embers")


def test_colours_follow_the_domain() -> None:
    values = np.array([[0.0, 2.0]])
    np.testing.assert_array_equal(images.colourise(values)[0], images.lookup("ember")[[0, 255]])
    np.testing.assert_array_equal(images.colourise(values, domain="signed")[0], images.lookup("tide")[[128, 255]])
    np.testing.assert_array_equal(images.colourise(values, "jet", (0, 4))[0], images.lookup("jet")[[0, 128]])


def test_an_overlay_covers_in_proportion_to_the_evidence() -> None:
    picture = np.full((4, 4, 3), 200, np.uint8)
    heat = np.zeros((4, 4))
    heat[1, 1], heat[2, 2] = 4, 2
    laid = images.overlay(picture, heat, alpha=0.5)
    top, middle = images.lookup("ember")[[255, 128]].astype(float)
    np.testing.assert_array_equal(laid[0, 0], [200, 200, 200])
    np.testing.assert_allclose(laid[1, 1], 100 + top / 2, atol=1)
    np.testing.assert_allclose(laid[2, 2], 150 + middle / 4, atol=1)
    even = images.overlay(picture, heat, alpha=0.5, proportional=False)
    np.testing.assert_allclose(even[0, 0], 100 + images.lookup("ember")[0] / 2, atol=1)


def test_an_overlay_without_evidence_is_the_picture() -> None:
    for signed in (False, True):
        np.testing.assert_array_equal(images.overlay(PICTURE, np.zeros((3, 3)), signed=signed), PICTURE)
    np.testing.assert_array_equal(images.overlay(PICTURE, np.full((3, 3), -1.0)), PICTURE)
    np.testing.assert_array_equal(images.overlay(PICTURE, np.ones((3, 3)), alpha=0), PICTURE)


def test_a_signed_overlay_shows_both_signs() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    laid = images.overlay(picture, [[-1.0, 0], [0, 1]], alpha=1, signed=True)
    np.testing.assert_array_equal(laid[1, 1], images.lookup("tide")[255])
    np.testing.assert_array_equal(laid[0, 0], images.lookup("tide")[1])
    np.testing.assert_array_equal(laid[0, 1], [0, 0, 0])


def test_overlays_refuse_what_they_cannot_lay() -> None:
    with pytest.raises(BadPicture, match="HxWx3 uint8"):
        images.overlay(PICTURE / 255, np.ones((2, 2)))  # type: ignore[arg-type]
    with pytest.raises(BadRequest, match="opacity"):
        images.overlay(PICTURE, np.ones((2, 2)), alpha=1.5)
    with pytest.raises(NotFinite):
        images.overlay(PICTURE, np.full((2, 2), np.nan))


def test_signed_pictures_share_one_scale_over_the_colours() -> None:
    values = torch.zeros(3, 2, 2)
    values[0, 0, 0], values[1, 0, 0] = 2, -1
    picture = images.signed_picture(values)
    assert picture.shape == (2, 2, 3)
    np.testing.assert_array_equal(picture[0, 0], [255, 64, 128])
    assert (picture[1:] == 128).all()
    np.testing.assert_array_equal(images.signed_picture(values, scale=4)[0, 0], [192, 96, 128])
    assert images.signed_picture(values[:1]).shape == (2, 2)
    assert (images.signed_picture(torch.zeros(2, 2)) == 128).all()
    with pytest.raises(BadRequest, match="not 5x2x2"):
        images.signed_picture(torch.zeros(5, 2, 2))


def test_encodings_are_what_they_say() -> None:
    assert (np.asarray(Image.open(io.BytesIO(images.encode(PICTURE)))) == PICTURE).all()
    for encoding in ("png", "webp", "jpeg"):
        opened = Image.open(io.BytesIO(images.encode(PICTURE[..., 0], encoding)))
        assert opened.format == encoding.upper()
        assert opened.size == (8, 6)
    with pytest.raises(BadRequest, match="not an encoding"):
        images.encode(PICTURE, "gif")  # type: ignore[arg-type]
