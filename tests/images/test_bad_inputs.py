"""Each bad input gets one clear error that names the file, in good time and never a traceback."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from restore import images
from restore.errors import InputError

NOISE = np.random.default_rng(0).integers(0, 256, (60, 70, 3), dtype=np.uint8)


def encoded(file_format, image=None, **options):
    buffer = io.BytesIO()
    (image or Image.fromarray(NOISE)).save(buffer, file_format, **options)
    return buffer.getvalue()


def deep(suffix):
    return cv2.imencode(suffix, NOISE.astype(np.uint16) * 257)[1].tobytes()


def deflated_tiff(array):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, photometric="rgb", compression="zlib")
    return buffer.getvalue()


WHOLE = {
    "png": encoded("PNG"), "jpg": encoded("JPEG"), "progressive.jpg": encoded("JPEG", progressive=True),
    "tif": encoded("TIFF"), "lzw.tif": encoded("TIFF", compression="tiff_lzw"), "webp": encoded("WEBP"),
    "bmp": encoded("BMP"), "gif": encoded("GIF"), "jp2": encoded("JPEG2000"), "16.png": deep(".png"),
    "16lzw.tif": deep(".tif"), "16.tif": deflated_tiff(NOISE.astype(np.uint16)), "ppm": encoded("PPM"),
}  # fmt: skip


def refused(path, match=None, **options):
    with pytest.raises(InputError, match=match) as caught:
        images.load(path, **options)
    assert str(path) in caught.value.message
    assert caught.value.cure
    return caught.value


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.75, 0.95])
@pytest.mark.parametrize("name", WHOLE)
def test_truncated(name, share, tmp_path, capfd):
    path = tmp_path / name
    path.write_bytes(WHOLE[name])
    images.load(path)
    path.write_bytes(WHOLE[name][: int(len(WHOLE[name]) * share)])
    refused(path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["png", "16.png", "16.tif"])
def test_damaged_samples(name, tmp_path):
    data = bytearray(WHOLE[name])
    data[len(data) // 2] ^= 0x55
    path = tmp_path / name
    path.write_bytes(data)
    refused(path, "corrupt")


def test_damaged_lzw_of_16_bits_is_told_once(tmp_path, capfd):
    data = bytearray(WHOLE["16lzw.tif"])
    with tifffile.TiffFile(io.BytesIO(WHOLE["16lzw.tif"])) as file:
        start, length = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    data[start : start + length] = bytes(length)
    path = tmp_path / "damaged.tif"
    path.write_bytes(data)
    refused(path, "damaged")
    assert capfd.readouterr() == ("", "")


@given(name=st.sampled_from(sorted(WHOLE)), data=st.data())
def test_any_damage_gives_an_image_or_an_error_of_ours(name, data):
    whole = bytearray(WHOLE[name])
    for _ in range(data.draw(st.integers(1, 8))):
        near_the_header = data.draw(st.booleans())
        at = data.draw(st.integers(0, min(len(whole) - 1, 200 if near_the_header else len(whole))))
        whole[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        images.load(bytes(whole), max_pixels=10**6)


def test_a_damaged_size_that_no_memory_holds(tmp_path, monkeypatch):
    def load(self):
        raise MemoryError

    path = tmp_path / "in.png"
    path.write_bytes(WHOLE["png"])
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    refused(path, "memory")


@pytest.mark.parametrize(
    "content", [b"hello, I am no image", b"\0" * 4096, b"II*\0", b"MM\0*\0\0\0\x08", b"\xff\xd8\xff"]
)
def test_no_image(content, tmp_path):
    path = tmp_path / "text.png"
    path.write_bytes(content)
    refused(path)


def test_empty_missing_folder_and_unreadable_names(tmp_path):
    (tmp_path / "empty.png").touch()
    refused(tmp_path / "empty.png", "is empty")
    refused(tmp_path / "missing.png", "does not exist")
    refused(tmp_path, "is a folder")
    refused(tmp_path / ("n" * 300 + ".png"), "cannot be read")
    refused("a\0b.png", "cannot be read")
    refused(tmp_path / "empty.png" / "below.png", "cannot be read")


def test_postscript_is_not_run(tmp_path):
    path = tmp_path / "in.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n")
    refused(path, "not an image")


def test_an_open_file_gets_a_cure():
    with pytest.raises(InputError, match="open file") as caught:
        images.load(io.BytesIO(WHOLE["png"]))
    assert "file.read()" in caught.value.cure


@pytest.mark.parametrize("depth", [8, 16])
def test_a_bomb_is_refused_by_its_header(depth, png, tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(100_000, 100_000, depth, 6, [], data=zlib.compress(bytes(10**6))))
    started = time.perf_counter()
    error = refused(path, "100000 x 100000 = 10000 megapixels")
    assert time.perf_counter() - started < 0.5
    assert "--max-pixels 10000000000" in error.cure


@pytest.mark.parametrize("sides", [(100_000, 100_000), (70_000, 6_000)])
def test_tiff_bombs(sides, tmp_path):
    path = tmp_path / "bomb.tif"
    tags = [
        (256, sides[0]),
        (257, sides[1]),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 200),
        (277, 1),
        (278, 9),
        (279, 9),
    ]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHLL", tag, 4, 1, v) for tag, v in tags)
    path.write_bytes((b"II*\0\x08\0\0\0" + directory + bytes(4)).ljust(300, b"\0"))
    refused(path, "megapixels")


@pytest.mark.parametrize("name", ["png", "16.png", "tif", "16.tif", "jpg", "webp"])
def test_the_limit_is_exact_and_an_option_raises_it_above_pillows_own(name, tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    path = tmp_path / name
    path.write_bytes(WHOLE[name])
    refused(path, "megapixels", max_pixels=60 * 70 - 1)
    assert images.load(path, max_pixels=60 * 70).numpy().shape == (60, 70, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_zero_sized(png, tmp_path):
    path = tmp_path / "zero.png"
    for sides in ((0, 5), (5, 0), (0, 0)):
        path.write_bytes(png(*sides, 8, 2, []))
        refused(path)
    with pytest.raises(InputError, match="no pixels: 0 x 5"):
        images.load(Image.new("RGB", (0, 5)))


@pytest.mark.parametrize(
    ("name", "file_format"),
    [("a.gif", "GIF"), ("a.png", "PNG"), ("a.webp", "WEBP"), ("a.tif", "TIFF"), ("a.jpg", "MPO")],
)
def test_animations_and_pages(name, file_format, tmp_path):
    frames = [Image.fromarray(NOISE), Image.fromarray(255 - NOISE)]
    path = tmp_path / name
    frames[0].save(path, file_format, save_all=True, append_images=frames[1:])
    refused(path, "has 2 (frames|pages)")
    if file_format != "TIFF":
        with Image.open(path) as image, pytest.raises(InputError, match="has 2 frames"):
            images.load(image)


def test_one_frame_of_an_animated_format_is_an_image(tmp_path):
    path = tmp_path / "a.gif"
    Image.new("P", (3, 2)).save(path, save_all=True)
    assert images.load(path).numpy().shape == (2, 3, 3)


class TestDepthThatWouldBeLost:
    @pytest.mark.parametrize("suffix", [".ppm", ".pgm"])
    def test_netpbm_of_16_bits(self, suffix, tmp_path):
        image = NOISE.astype(np.uint16)
        path = tmp_path / f"a{suffix}"
        cv2.imwrite(str(path), image if suffix == ".ppm" else image[..., 0])
        refused(path, "more than 8 bits")

    def test_jpeg_2000_of_16_bits(self, tmp_path):
        path = tmp_path / "a.jp2"
        cv2.imwrite(str(path), cv2.resize(NOISE.astype(np.uint16) * 257, (256, 256)))
        refused(path, "more than 8 bits")
        gray = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 15
        Image.fromarray(gray).save(path)
        np.testing.assert_array_equal(images.load(path).numpy(), gray, strict=True)

    def test_avif_of_10_bits(self, tmp_path):
        path = tmp_path / "a.avif"
        path.write_bytes(encoded("AVIF"))
        assert images.load(path).numpy().shape == (60, 70, 3)
        try:
            done = cv2.imwrite(str(path), NOISE.astype(np.uint16) * 4, [cv2.IMWRITE_AVIF_DEPTH, 10])
        except cv2.error:
            done = False
        if not done:
            pytest.skip("OpenCV was built without AVIF")
        refused(path, "more than 8 bits")
