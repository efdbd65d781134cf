"""Files as other programs write them, against decoders that are not ours."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps

from restore import images
from restore.errors import InputError

PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
"""Adam7: first row, first column, step of rows, step of columns."""


def encoded(image, file_format, **options):
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def tiff(array, **options):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()


def be16(array):
    return [row.astype(">u2").tobytes() for row in array]


class TestPng:
    @pytest.mark.parametrize(("color_type", "channels"), [(0, 1), (4, 2), (2, 3), (6, 4)])
    def test_16_bits_of_every_kind(self, color_type, channels, png, random_image):
        array = random_image(9, 10, channels, "uint16")
        np.testing.assert_array_equal(
            images.load(png(10, 9, 16, color_type, be16(array))).numpy(), np.squeeze(array), strict=True
        )

    @pytest.mark.parametrize("size", [(9, 10), (3, 17), (1, 1), (5, 1)])
    @pytest.mark.parametrize(("color_type", "channels"), [(0, 1), (4, 2), (2, 3), (6, 4)])
    def test_interlaced_16_bits(self, size, color_type, channels, png, random_image):
        array = random_image(*size, channels, "uint16")
        parts = [array[y::dy, x::dx] for y, x, dy, dx in PASSES]
        rows = [row for part in parts if part.size for row in be16(part)]
        data = png(size[1], size[0], 16, color_type, rows, interlace=1)
        np.testing.assert_array_equal(images.load(data).pixels[0], array[..., : channels - (channels % 2 == 0)])
        if channels in (2, 4):
            np.testing.assert_array_equal(images.load(data).alpha[0], array[..., -1])

    @pytest.mark.parametrize(("color_type", "channels"), [(0, 1), (2, 3)])
    def test_16_bits_with_a_transparent_colour(self, color_type, channels, png, random_image):
        array = random_image(6, 7, channels, "uint16") | 1
        array[2, 3] = array[4, 4] = 1000
        array[5, 5] = 1001  # equal in its high byte only
        array[5, 6] = [1000, 1000, 7][3 - channels :]
        told = (b"tRNS", array[2, 3].astype(">u2").tobytes())
        photo = images.load(png(7, 6, 16, color_type, be16(array), chunks=[told]))
        np.testing.assert_array_equal(photo.pixels[0], array)
        want = np.full((6, 7), 65535, np.uint16)
        want[2, 3] = want[4, 4] = 0
        np.testing.assert_array_equal(photo.alpha[0], want)

    @pytest.mark.parametrize("depth", [1, 2, 4])
    def test_gray_of_few_bits_with_a_transparent_level(self, depth, png):
        levels = 2**depth
        value = np.arange(8) % levels
        bits = "".join(format(level, f"0{depth}b") for level in value)
        row = int(bits, 2).to_bytes(depth, "big")
        told = (b"tRNS", (levels - 1).to_bytes(2, "big"))
        photo = images.load(png(8, 1, depth, 0, [row], chunks=[told]))
        np.testing.assert_array_equal(photo.pixels[0, 0, :, 0], value * 255 // (levels - 1))
        np.testing.assert_array_equal(photo.alpha[0, 0], np.where(value == levels - 1, 0, 255))

    def test_palettes_with_and_without_transparency(self, png):
        palette = (b"PLTE", bytes([10, 20, 30, 40, 50, 60, 70, 80, 90]))
        rows = [bytes([0, 1, 2]), bytes([2, 1, 0])]
        opaque = images.load(png(3, 2, 8, 3, rows, chunks=[palette]))
        assert opaque.alpha is None
        np.testing.assert_array_equal(opaque.numpy()[1], [[70, 80, 90], [40, 50, 60], [10, 20, 30]])
        photo = images.load(png(3, 2, 8, 3, rows, chunks=[palette, (b"tRNS", bytes([0, 128]))]))
        np.testing.assert_array_equal(photo.numpy()[0], [[10, 20, 30, 0], [40, 50, 60, 128], [70, 80, 90, 255]])

    def test_8_bit_rgb_with_a_transparent_colour_and_1_bit(self, png):
        told = (b"tRNS", bytes([0, 1, 0, 2, 0, 3]))
        photo = images.load(png(2, 1, 8, 2, [bytes([1, 2, 3, 1, 2, 4])], chunks=[told]))
        np.testing.assert_array_equal(photo.numpy(), [[[1, 2, 3, 0], [1, 2, 4, 255]]])
        np.testing.assert_array_equal(images.load(png(4, 1, 1, 0, [b"\xa0"])).numpy(), [[255, 0, 255, 0]])


class TestTiff:
    LAYOUTS = (
        {}, {"byteorder": ">"}, {"bigtiff": True}, {"bigtiff": True, "byteorder": ">"},
        {"rowsperstrip": 3}, {"compression": "zlib"}, {"tile": (16, 16)},
        {"tile": (16, 16), "compression": "zlib", "byteorder": ">"},
    )  # fmt: skip

    @pytest.mark.parametrize("options", LAYOUTS, ids=str)
    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
    def test_layouts(self, options, dtype, random_image):
        array = random_image(20, 37, 3, dtype)
        photo = images.load(tiff(array, photometric="rgb", **options))
        np.testing.assert_array_equal(photo.numpy(), array, strict=True)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_differences(self, dtype, random_image):
        array = random_image(20, 37, 3, dtype)
        data = tiff(array, photometric="rgb", compression="zlib", predictor=True)
        np.testing.assert_array_equal(images.load(data).numpy(), array, strict=True)

    @pytest.mark.parametrize("compression", ["packbits", "tiff_lzw", "tiff_adobe_deflate"])
    @pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P", "I;16"])
    def test_compressions_by_libtiff(self, mode, compression):
        array = np.random.default_rng(0).integers(0, 256, (21, 17, 4), dtype=np.uint8)
        image = Image.fromarray(array).convert(mode) if mode != "I;16" else Image.fromarray(array.view("<u2")[..., 0])
        want = np.array(image if mode != "P" else image.convert("RGB"))
        want = want.astype(np.uint8) * np.uint8(255) if mode == "1" else want
        photo = images.load(encoded(image, "TIFF", compression=compression))
        np.testing.assert_array_equal(photo.numpy(), want, strict=True)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    @pytest.mark.parametrize("channels", [3, 4])
    def test_planes(self, dtype, channels, random_image):
        array = random_image(6, 7, channels, dtype)
        extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
        planes = np.ascontiguousarray(array.transpose(2, 0, 1))
        data = tiff(planes, photometric="rgb", planarconfig="separate", **extra)
        np.testing.assert_array_equal(images.load(data).numpy(), array)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
    def test_white_is_zero(self, dtype, random_image):
        array = random_image(6, 7, 1, dtype)[..., 0]
        peak = np.iinfo(dtype).max if dtype != "float32" else np.float32(1)
        np.testing.assert_array_equal(images.load(tiff(array, photometric="miniswhite")).numpy(), peak - array)

    @pytest.mark.parametrize("channels", [1, 3, 4])
    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_lzw(self, channels, dtype, random_image):
        array = random_image(31, 17, channels, dtype)
        done, data = cv2.imencode(".tif", array[..., [2, 1, 0, 3][:channels]] if channels > 1 else array)
        assert done
        assert tifffile.TiffFile(io.BytesIO(data.tobytes())).pages[0].compression == 5
        np.testing.assert_array_equal(images.load(data.tobytes()).numpy(), np.squeeze(array), strict=True)

    def test_lzw_of_16_bits_white_is_zero(self):
        array = np.arange(99, dtype=np.uint16).reshape(9, 11) * 600
        data = encoded(Image.fromarray(array), "TIFF", compression="tiff_lzw", tiffinfo={262: 0})
        np.testing.assert_array_equal(images.load(data).numpy(), 65535 - array)

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_premultiplied_alpha_becomes_straight(self, dtype):
        peak = np.iinfo(dtype).max
        half, fifth = peak // 2, peak // 5
        array = np.array([[[fifth, 0, half, half], [9, 9, 9, 0], [1, 2, 3, peak]]], dtype)
        straight = np.array([[[round(fifth * peak / half), 0, peak, half], [0, 0, 0, 0], [1, 2, 3, peak]]], dtype)
        photo = images.load(tiff(array, photometric="rgb", extrasamples=["assocalpha"]))
        np.testing.assert_array_equal(photo.alpha[0], straight[..., 3])
        np.testing.assert_array_equal(photo.numpy()[:, [0, 2]], straight[:, [0, 2]])
        np.testing.assert_array_equal(images.load(tiff(
            np.ascontiguousarray(array[..., 2:]), photometric="minisblack", planarconfig="contig",
            extrasamples=["assocalpha"],
        )).numpy()[:, [0, 2]], straight[:, [0, 2], 2:])  # fmt: skip

    @pytest.mark.parametrize("dtype", ["uint8", "uint16"])
    def test_a_fourth_channel_of_unspecified_meaning_is_kept_as_alpha(self, dtype, random_image):
        array = random_image(6, 7, 4, dtype)
        data = tiff(array, photometric="rgb", extrasamples=["unspecified"])
        np.testing.assert_array_equal(images.load(data).numpy(), array)
        gray = np.ascontiguousarray(array[..., 2:])
        data = tiff(gray, photometric="minisblack", planarconfig="contig", extrasamples=["unspecified"])
        np.testing.assert_array_equal(images.load(data).numpy(), gray)
        if dtype == "uint8":
            data = encoded(Image.frombytes("RGBX", (7, 6), array.tobytes()), "TIFF", compression="tiff_lzw")
            np.testing.assert_array_equal(images.load(data).numpy(), array)

    @pytest.mark.parametrize(
        ("bits", "row", "levels"),
        [
            (1, b"\xa5", [255, 0, 255, 0, 0, 255, 0, 255]),
            (2, b"\x1b", [0, 85, 170, 255]),
            (4, b"\x05", [0, 85]),
        ],
    )
    def test_few_bits(self, bits, row, levels):
        for white_is_zero in (False, True):
            tags = [
                (256, len(levels)),
                (257, 1),
                (258, bits),
                (259, 1),
                (262, int(not white_is_zero)),
                (273, 200),
            ]
            tags += [(277, 1), (278, 1), (279, 1)]
            entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags)
            head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries
            want = [[255 - level for level in levels]] if white_is_zero else [levels]
            np.testing.assert_array_equal(images.load(head.ljust(200, b"\0") + row).numpy(), want)

    @pytest.mark.parametrize(
        ("array", "options", "words"),
        [(np.ones((4, 5), np.int16), {}, "samples of type int16"),
         (np.ones((4, 5), np.int8), {}, "samples of type int8"),
         (np.ones((4, 5), np.uint32), {}, "samples of type uint32"),
         (np.full((4, 5), 9, np.float32), {}, "from 9 to 9"),
         (np.full((4, 5), np.nan, np.float32), {}, "not finite"),
         (np.ones((3, 4, 5), np.uint16), {}, "3 pages"),
         (np.ones((4, 5, 4), np.uint16), {"photometric": "separated", "planarconfig": "contig"}, "SEPARATED"),
         (np.ones((4, 5, 5), np.uint8), {"photometric": "rgb", "planarconfig": "contig"}, "5 channels"),
         (np.ones((4, 5, 5), np.uint16), {"photometric": "rgb", "planarconfig": "contig"}, "5 channels"),
         (np.ones((2, 16, 16), np.uint16), {"volumetric": True, "tile": (1, 16, 16)}, "no plain image")],
    )  # fmt: skip
    def test_refused(self, array, options, words):
        data = tiff(array, **{"photometric": "minisblack", **options})
        with pytest.raises(InputError, match=words):
            images.load(data)

    def test_cielab(self):
        red = Image.new("RGB", (4, 4), (200, 30, 40))
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        data = encoded(ImageCms.profileToProfile(red, srgb, lab, outputMode="LAB"), "TIFF")
        assert np.abs(images.load(data).numpy().astype(int) - (200, 30, 40)).max() <= 2


class TestJpeg:
    COLORS = ((255, 0, 0), (0, 128, 0), (255, 255, 255), (0, 0, 0), (90, 60, 200))

    @pytest.mark.parametrize("color", COLORS)
    def test_cmyk_as_adobe_writes_it_inverted(self, color):
        cmyk = Image.new("CMYK", (16, 16), (*(255 - value for value in color), 0))
        photo = images.load(encoded(cmyk, "JPEG", quality=100))
        assert photo.form.metadata.icc is None
        assert np.abs(photo.numpy().astype(int) - color).max() <= 2

    @pytest.mark.parametrize("color", COLORS)
    def test_ycck(self, color):
        """Store luma and chroma of the colour in the first three components, and say so in Adobe's marker."""
        r, g, b = (float(value) for value in color)
        luma = 0.299 * r + 0.587 * g + 0.114 * b
        stored = [luma, 128 + (b - luma) / 1.772, 128 + (r - luma) / 1.402, 255]
        # libjpeg takes 255 minus the RGB of YCC for inverted CMY, so the RGB stored is that of CMY itself
        r, g, b = (255 - value for value in (r, g, b))
        luma = 0.299 * r + 0.587 * g + 0.114 * b
        stored[:3] = [luma, 128 + (b - luma) / 1.772, 128 + (r - luma) / 1.402]
        image = Image.new("CMYK", (16, 16), tuple(255 - round(min(255, max(0, value))) for value in stored))
        data = bytearray(encoded(image, "JPEG", quality=100, subsampling=0))
        marker = data.index(b"Adobe")
        assert data[marker + 11] == 0
        data[marker + 11] = 2
        assert np.abs(images.load(bytes(data)).numpy().astype(int) - color).max() <= 3

    def test_an_unusable_profile_of_cmyk_is_dropped_and_the_formula_taken(self):
        cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
        photo = images.load(encoded(cmyk, "JPEG", quality=100, icc_profile=b"no profile"))
        assert photo.form.metadata.icc is None
        assert np.abs(photo.numpy().astype(int) - (255, 0, 0)).max() <= 2

    @pytest.mark.parametrize("mode", ["L", "RGB"])
    def test_pixels_are_those_of_another_decoder(self, mode):
        array = np.random.default_rng(0).integers(0, 256, (33, 41, 3), dtype=np.uint8)
        data = encoded(Image.fromarray(array).convert(mode), "JPEG", quality=90, subsampling=0)
        want = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        want = want if mode == "L" else want[..., ::-1]
        assert np.abs(images.load(data).numpy().astype(int) - want).max() <= 1


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("file_format", ["JPEG", "PNG", "TIFF", "WEBP"])
    def test_as_pillow_transposes(self, file_format, orientation, tmp_path):
        array = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / "in.bin"
        path.write_bytes(encoded(Image.fromarray(array), file_format, exif=exif))
        want = np.array(ImageOps.exif_transpose(Image.open(path)))
        photo = images.load(path)
        np.testing.assert_array_equal(photo.numpy(), want)
        self._comes_out_upright(photo, want, tmp_path)

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("compression", [None, "tiff_lzw"])
    def test_16_bit_tiff(self, orientation, compression, tmp_path):
        array = np.random.default_rng(0).integers(0, 65536, (16, 24), dtype=np.uint16)
        data = encoded(Image.fromarray(array), "TIFF", compression=compression, tiffinfo={274: orientation})
        want = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
        photo = images.load(data)
        np.testing.assert_array_equal(photo.numpy(), want)
        self._comes_out_upright(photo, want, tmp_path)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_16_bit_png(self, orientation, png, tmp_path):
        array = np.random.default_rng(0).integers(0, 65536, (5, 7, 3), dtype=np.uint16)
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = png(7, 5, 16, 2, be16(array), chunks=[(b"eXIf", exif.tobytes()[6:])])
        channels = [Image.fromarray(array[..., channel].copy()) for channel in range(3)]
        for channel in channels:
            channel.info["exif"] = exif.tobytes()
        want = np.stack([np.array(ImageOps.exif_transpose(channel)) for channel in channels], axis=2)
        photo = images.load(data)
        np.testing.assert_array_equal(photo.numpy(), want)
        self._comes_out_upright(photo, want, tmp_path)

    @staticmethod
    def _comes_out_upright(photo, want, folder):
        for suffix in ("png", "tif", "jpg", "webp"):
            if suffix in ("png", "tif") or want.dtype == np.uint8:
                with Image.open(photo.save(folder / f"out.{suffix}")) as written:
                    assert (written.height, written.width) == want.shape[:2]
                    assert written.getexif().get(0x0112, 1) == 1


def test_a_photo_prints_in_one_line(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGBA", (7, 5)).save(path)
    assert repr(images.load(path)) == f"<Photo {path}: 7 x 5, RGB and alpha, uint8>"
