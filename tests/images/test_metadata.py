"""Profile, resolution, EXIF, XMP and text go where the format has a place for them."""

from __future__ import annotations

import io
import struct
import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from restore import images

MAKER_NOTE = bytes(range(256)) + b"offsets 0x1234"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" xmp:Rating="5"/>'
    b"<tiff:Orientation>8</tiff:Orientation></x:xmpmeta>"
)
RATED = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description xmp:Rating="5"/></x:xmpmeta>'
MAKE, DATE, ORIENTATION, EXIF, GPS = 0x010F, 0x0132, 0x0112, 0x8769, 0x8825


def exif_block(order, orientation=6, size=(24, 16)):
    """Lay out by hand what a camera writes: IFD0, EXIF with a maker note, GPS, and a thumbnail in IFD1."""
    chars = {"<": b"II", ">": b"MM"}[order]
    heap, tables = bytearray(), {}

    def entry(tag, kind, count, value):
        size = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}[kind] * count
        if size <= 4:
            packed = value.ljust(4, b"\0")
        else:
            packed = struct.pack(order + "L", HEAP + len(heap))
            heap.extend(value + b"\0" * (len(value) % 2))
        return struct.pack(order + "HHL", tag, kind, count) + packed

    def number(kind, value):
        return struct.pack(order + {3: "H", 4: "L"}[kind], value)

    HEAP = 8 + sum(2 + 12 * n + 4 for n in (5, 3, 2, 4))  # noqa: N806
    starts = {0: 8, EXIF: 8 + 66, GPS: 8 + 66 + 42, 1: 8 + 66 + 42 + 30}
    thumbnail = io.BytesIO()
    Image.new("RGB", (8, 6), (9, 9, 9)).save(thumbnail, "JPEG")
    latitude = struct.pack(order + "6L", 48, 1, 51, 1, 2400, 100)
    tables[EXIF] = [
        entry(0x829A, 5, 1, struct.pack(order + "2L", 1, 250)), entry(0x927C, 7, len(MAKER_NOTE), MAKER_NOTE),
        entry(0xA002, 4, 1, number(4, size[0])),
    ]  # fmt: skip
    tables[GPS] = [entry(1, 2, 2, b"N\0"), entry(2, 5, 3, latitude)]
    tables[0] = [
        entry(MAKE, 2, 8, b"Kam\xc3\xa9ra\0"), entry(ORIENTATION, 3, 1, number(3, orientation)),
        entry(DATE, 2, 20, b"2024:05:06 07:08:09\0"), entry(EXIF, 4, 1, number(4, starts[EXIF])),
        entry(GPS, 4, 1, number(4, starts[GPS])),
    ]  # fmt: skip
    end = HEAP + len(heap)
    tables[1] = [
        entry(0x0103, 3, 1, number(3, 6)), entry(ORIENTATION, 3, 1, number(3, orientation)),
        entry(0x0201, 4, 1, number(4, end)), entry(0x0202, 4, 1, number(4, len(thumbnail.getvalue()))),
    ]  # fmt: skip
    block = chars + struct.pack(order + "HL", 42, 8)
    for key in (0, EXIF, GPS, 1):
        link = starts[1] if key == 0 else 0
        block += struct.pack(order + "H", len(tables[key])) + b"".join(tables[key]) + struct.pack(order + "L", link)
    return b"Exif\0\0" + block + bytes(heap) + thumbnail.getvalue()


def pixels(dtype="uint8"):
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (16, 24, 3), dtype=dtype)


def jpeg(path, **options):
    Image.fromarray(pixels()).save(path, "JPEG", **options)
    return path


def rich(path, order="<"):
    return jpeg(path, exif=exif_block(order), icc_profile=SRGB, xmp=XMP, dpi=(300, 240), comment="Grüße".encode())


def opened(path):
    with Image.open(path) as image:
        image.load()
        image.getexif().get_ifd(EXIF), image.getexif().get_ifd(GPS)
        return image


def check_exif(path, size):
    exif = opened(path).getexif()
    assert exif.get(ORIENTATION, 1) == 1
    assert exif[MAKE] in ("Kaméra", "KamÃ©ra")
    assert exif[DATE] == "2024:05:06 07:08:09"
    camera, gps = exif.get_ifd(EXIF), exif.get_ifd(GPS)
    assert float(camera[0x829A]) == 1 / 250
    assert camera[0x927C] == MAKER_NOTE
    assert camera[0xA002] == size[0]
    assert gps[1] == "N"
    assert [float(part) for part in gps[2]] == [48, 51, 24]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_from_a_camera_to_every_format(order, suffix, tmp_path):
    photo = images.load(rich(tmp_path / "in.jpg", order))
    canvas = photo.canvas(2)
    path = canvas.photo().save(tmp_path / f"out.{suffix}")
    image = opened(path)
    assert image.size == (32, 48)
    check_exif(path, image.size)
    assert not image.getexif().get_ifd(1), "the thumbnail would show the picture as it was, lying on its side"
    assert image.info["icc_profile"] == SRGB
    xmp = image.info["xmp"]
    assert (xmp.encode() if isinstance(xmp, str) else xmp) == XMP.replace(b'"6"', b'"1"').replace(b">8<", b">1<")
    if suffix != "webp":
        assert image.info["dpi"] == pytest.approx((300, 240), rel=1e-4)
    if suffix == "jpg":
        assert image.info["comment"].decode() == "Grüße"
    if suffix == "png":
        assert image.text["Comment"] == "Grüße"


def test_the_exif_of_a_camera_changes_in_its_orientation_and_size_alone(tmp_path):
    before = exif_block(">")
    after = opened(images.load(jpeg(tmp_path / "in.jpg", exif=before)).save(tmp_path / "out.jpg")).info["exif"]
    assert len(after) == before.index(b"\xff\xd8")
    different = [i for i in range(len(after)) if after[i] != before[i]]
    orientation = before.index(struct.pack(">HHL", ORIENTATION, 3, 1)) + 9
    assert orientation in different
    size, link = before.index(struct.pack(">HHL", 0xA002, 4, 1)), 6 + 8 + 62
    allowed = {orientation, *range(size + 2, size + 12), *range(link, link + 4)}
    assert set(different) <= allowed


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_tiff_keeps_what_tiff_says(dtype, byteorder, tmp_path):
    """EXIF in a TIFF is a directory of the file; a reader that is not Pillow finds it in the output."""
    array = pixels("uint8").astype(dtype) / (255 if dtype == "float32" else 1)
    array = array.astype(dtype)
    source = tmp_path / "in.tif"
    first = images.load(rich(tmp_path / "in.jpg"))
    tifffile.imwrite(
        source, array, photometric="rgb", byteorder=byteorder, resolution=(118.11, 118.11),
        resolutionunit="CENTIMETER", iccprofile=SRGB, description="Grüße".encode(), software="Kamera 1.0",
        extratags=[(700, 1, len(RATED), RATED, True), (315, 2, 0, "Ärtist".encode(), True)], metadata=None,
    )  # fmt: skip
    plain = images.load(source).save(tmp_path / "plain.tif")
    with tifffile.TiffFile(plain) as file:
        tags = file.pages.first.tags
        assert tags["ImageDescription"].value == "Grüße"
        assert (tags["Software"].value, tags["Artist"].value) == ("Kamera 1.0", "Ärtist")
        assert bytes(tags["InterColorProfile"].value) == SRGB
        assert bytes(tags["XMP"].value) == RATED
    assert opened(plain).info["dpi"] == pytest.approx((300, 300), rel=1e-4) if dtype != "float32" else True
    assert images.load(plain).form.metadata.dpi == pytest.approx((300, 300), rel=1e-4)
    np.testing.assert_array_equal(tifffile.imread(plain), array)
    if dtype == "uint8":
        check = first.save(tmp_path / "camera.tif")
        for _ in range(2):  # what we wrote once can be carried again
            with tifffile.TiffFile(check) as file:
                tags = file.pages.first.tags
                assert tags["ExifTag"].value["ExposureTime"] == (1, 250)
                assert tags["ExifTag"].value["MakerNote"] == MAKER_NOTE
                assert tags["GPSTag"].value["GPSLatitude"] == (48, 1, 51, 1, 24, 1)
                assert 274 not in tags or tags[274].value == 1
                assert not file.pages.first.is_subifd
                assert len(file.pages) == 1
            check_exif(check, (16, 24))
            check = images.load(check).save(tmp_path / "again.tif", overwrite=True)
        check_exif(images.load(check).save(tmp_path / "camera.jpg"), (16, 24))


def test_16_bits_carry_everything_too(png, tmp_path):
    array = pixels("uint16")
    rows = [row.astype(">u2").tobytes() for row in array]
    block = exif_block("<", orientation=1)[6:]
    title = "Title".encode("latin-1") + b"\0\0\0\0\0" + "Überschrift ✓".encode()
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + XMP
    chunks = [
        (b"pHYs", struct.pack(">IIB", 11811, 11811, 1)), (b"eXIf", block), (b"iTXt", title), (b"iTXt", xmp),
        (b"tEXt", b"Author\0J\xf6rg"),
    ]  # fmt: skip
    source = tmp_path / "in.png"
    source.write_bytes(png(24, 16, 16, 2, rows, chunks=chunks))
    for suffix in ("png", "tif"):
        path = images.load(source).save(tmp_path / f"out.{suffix}")
        check_exif(path, (24, 16))
        metadata = images.load(path).form.metadata
        assert metadata.dpi == pytest.approx((300, 300), rel=1e-5)
        assert b'tiff:Orientation="1"' in metadata.xmp
        np.testing.assert_array_equal(images.load(path).numpy(), array)
    text = opened(tmp_path / "out.png").text
    assert text["Title"] == "Überschrift ✓"
    assert text["Author"] == "Jörg"


@pytest.mark.parametrize("depth", [8, 16])
def test_png_says_again_how_its_colours_are_meant(depth, png, tmp_path):
    told = {b"gAMA": struct.pack(">I", 100000), b"cHRM": bytes(range(32)), b"cICP": bytes([9, 16, 0, 1])}
    path = tmp_path / "in.png"
    path.write_bytes(png(1, 1, depth, 2, [bytes(3 * depth // 8)], chunks=list(told.items())))
    data = images.load(path).save(tmp_path / "out.png").read_bytes()
    for kind, content in told.items():
        assert data.count(kind + content) == 1
        assert data.index(kind) < data.index(b"IDAT")


def test_hidden_copies_of_the_orientation_are_left_out(tmp_path):
    block = exif_block("<")[6:]
    from PIL import PngImagePlugin

    text = PngImagePlugin.PngInfo()
    text.add_text("Raw profile type exif", f"\nexif\n{len(block) + 6:8}\n" + (b"Exif\0\0" + block).hex())
    Image.fromarray(pixels()).save(tmp_path / "in.png", pnginfo=text)
    photo = images.load(tmp_path / "in.png")
    np.testing.assert_array_equal(photo.numpy(), np.rot90(pixels(), -1))
    path = photo.save(tmp_path / "out.png")
    assert "Raw profile type exif" not in opened(path).text
    assert opened(path).getexif()[ORIENTATION] == 1
    assert opened(path).getexif()[DATE] == "2024:05:06 07:08:09"


@pytest.mark.parametrize("length", [0, 3, 8, 20, 60, 100, 200, 400])
def test_damaged_exif_costs_the_exif_and_not_the_image(length, tmp_path):
    for damaged in (
        exif_block("<", 1)[: 6 + length],
        b"Exif\0\0" + bytes(length),
        b"Exif\0\0MM\0*" + b"\xff" * length,
    ):
        path = jpeg(tmp_path / "in.jpg", exif=damaged)
        photo = images.load(path)
        with warnings.catch_warnings(action="ignore"), Image.open(path) as image:
            np.testing.assert_array_equal(photo.numpy(), np.array(image))
        for suffix in ("jpg", "png", "tif", "webp"):
            assert images.load(photo.save(tmp_path / f"out.{suffix}", overwrite=True)).width == 24


def test_exif_of_types_that_its_tags_cannot_have_is_left_out_tag_by_tag(tmp_path):
    odd = exif_block("<", 1).replace(struct.pack("<HHL", 2, 5, 3), struct.pack("<HHL", 2, 2, 24))
    path = images.load(jpeg(tmp_path / "in.jpg", exif=odd)).save(tmp_path / "out.tif")
    with tifffile.TiffFile(path) as file:
        assert file.pages.first.tags["ExifTag"].value["MakerNote"] == MAKER_NOTE
        assert file.pages.first.tags["GPSTag"].value == {"GPSLatitudeRef": "N"}


def test_blocks_too_large_for_a_jpeg_are_left_out_and_the_image_written(tmp_path):
    exif = exif_block("<")[:-10] + bytes(70_000)
    png = tmp_path / "in.png"
    Image.fromarray(pixels()).save(png, exif=exif[6:])
    photo = images.load(png)
    assert "exif" not in opened(photo.save(tmp_path / "out.jpg")).info
    assert len(opened(photo.save(tmp_path / "out.png")).info["exif"]) > 70_000


@pytest.mark.parametrize(("space", "kept"), [(b"GRAY", False), (b"RGB ", True)])
def test_a_gray_profile_does_not_follow_into_colour(space, kept, tmp_path):
    profile = SRGB[:16] + space + SRGB[20:]
    Image.fromarray(pixels()[..., 0]).save(tmp_path / "in.jpg", icc_profile=profile)
    photo = images.load(tmp_path / "in.jpg")
    assert photo.canvas().photo().form.metadata.icc == profile
    assert photo.canvas(channels=3).photo().form.metadata.icc == (profile if kept else None)


def test_pil_images_carry_theirs(tmp_path):
    with Image.open(rich(tmp_path / "in.jpg")) as image:
        result = images.export(images.load(image).canvas(2).photo())
    assert result.size == (32, 48)
    assert result.info["icc_profile"] == SRGB
    assert result.info["dpi"] == (300, 240)
    assert (result.getexif()[ORIENTATION], result.getexif().get_ifd(EXIF)[0xA002]) == (1, 32)
    with Image.open(images.load(tmp_path / "in.jpg").save(tmp_path / "in.tif")) as image:
        assert images.export(images.load(image)).getexif()[DATE] == "2024:05:06 07:08:09"


def test_a_resolution_without_a_unit_is_none(tmp_path):
    tifffile.imwrite(tmp_path / "in.tif", pixels("uint16"), photometric="rgb", resolution=(3, 2), resolutionunit=1)
    tifffile.imwrite(tmp_path / "8.tif", pixels(), photometric="rgb", resolution=(3, 2), resolutionunit="NONE")
    assert images.load(tmp_path / "in.tif").form.metadata.dpi is None
    assert images.load(tmp_path / "8.tif").form.metadata.dpi is None


def test_bmp_keeps_its_resolution(tmp_path):
    photo = images.load(rich(tmp_path / "in.jpg"))
    assert opened(photo.save(tmp_path / "out.bmp")).info["dpi"] == pytest.approx((300, 240), rel=1e-3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_xmp_tells_the_orientation_where_nothing_else_does(dtype, tmp_path):
    for tags in ([], [(ORIENTATION, 3, 1, 1, True)]):
        extra = [(700, 1, len(XMP), XMP, True), *tags]
        tifffile.imwrite(tmp_path / "in.tif", pixels(dtype), photometric="rgb", extratags=extra, metadata=None)
        photo = images.load(tmp_path / "in.tif")
        np.testing.assert_array_equal(photo.numpy(), pixels(dtype) if tags else np.rot90(pixels(dtype), -1))
        np.testing.assert_array_equal(
            images.load(photo.save(tmp_path / "out.tif", overwrite=True)).numpy(), photo.numpy()
        )


def test_descriptions_that_programs_wrote_for_themselves_are_left_out(tmp_path):
    tifffile.imwrite(tmp_path / "in.tif", pixels("uint16"), photometric="rgb")
    photo = images.load(tmp_path / "in.tif")
    path = photo.canvas(3).photo().save(tmp_path / "out.tif")
    assert tifffile.imread(path).shape == (48, 72, 3)
    with tifffile.TiffFile(path) as file:
        assert "ImageDescription" not in file.pages.first.tags
