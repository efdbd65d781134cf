"""{uint8, uint16, float32} x {L, LA, RGB, RGBA} x formats: lossless through an identity model, or refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from restore import images
from restore.errors import InputError

CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}
LOSSLESS = {
    ("uint8", "png"): "L LA RGB RGBA",
    ("uint8", "tif"): "L LA RGB RGBA",
    ("uint8", "bmp"): "L RGB",
    ("uint16", "png"): "L LA RGB RGBA",
    ("uint16", "tif"): "L LA RGB RGBA",
    ("float32", "tif"): "L RGB",
}
"""What comes back bit for bit in the mode it had. WebP and float alpha have tests of their own below."""
REFUSED = {
    ("uint8", "jpg"): "LA RGBA",
    ("uint8", "bmp"): "LA RGBA",
    **{(dtype, suffix): "L LA RGB RGBA" for dtype in ("uint16", "float32") for suffix in ("jpg", "webp", "bmp")},
    ("float32", "png"): "L LA RGB RGBA",
}


def cells(table):
    return [(dtype, mode, suffix) for (dtype, suffix), modes in table.items() for mode in modes.split()]


def make_file(path, array):
    """Write the input by tifffile, so that our writer is not what the test starts from."""
    channels = array.shape[2]
    tifffile.imwrite(
        path,
        array[..., 0] if channels == 1 else array,
        photometric="rgb" if channels >= 3 else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if channels in (2, 4) else None,
    )
    return path


def read_by_others(path, png_samples):
    if path.suffix == ".png":
        return png_samples(path.read_bytes())
    array = tifffile.imread(path) if path.suffix == ".tif" else np.array(Image.open(path))
    return array[..., None] if array.ndim == 2 else array


@pytest.mark.parametrize(("dtype", "mode", "suffix"), cells(LOSSLESS))
def test_lossless(dtype, mode, suffix, tmp_path, identity, random_image, png_samples):
    array = random_image(13, 11, CHANNELS[mode], dtype)
    result = identity(make_file(tmp_path / "in.tif", array))
    path = result.save(tmp_path / f"out.{suffix}")
    written = read_by_others(path, png_samples)
    assert written.dtype == dtype
    np.testing.assert_array_equal(written, array)
    np.testing.assert_array_equal(images.load(path).numpy(), array[..., 0] if mode == "L" else array)


@pytest.mark.parametrize(("dtype", "mode", "suffix"), cells(REFUSED))
def test_refused_rather_than_lost(dtype, mode, suffix, tmp_path, identity, random_image):
    result = identity(make_file(tmp_path / "in.tif", random_image(5, 4, CHANNELS[mode], dtype)))
    with pytest.raises(InputError, match=rf"out\.{suffix}: \w+ has no (alpha|16-bit|float)"):
        result.save(tmp_path / f"out.{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


@pytest.mark.parametrize("mode", CHANNELS)
def test_webp_is_lossless_at_quality_100_and_has_no_gray(mode, tmp_path, identity, random_image):
    array = random_image(13, 11, CHANNELS[mode], "uint8")
    path = identity(make_file(tmp_path / "in.tif", array)).save(tmp_path / "out.webp", quality=100)
    want = array if array.shape[2] >= 3 else np.concatenate([array[..., :1]] * 3 + [array[..., 1:]], axis=2)
    np.testing.assert_array_equal(np.array(Image.open(path)), want)


@pytest.mark.parametrize(("suffix", "mode", "error"), [("jpg", "L", 1.0), ("jpg", "RGB", 2.0), ("webp", "RGB", 2.5)])
def test_lossy_formats_stay_near_and_quality_matters(suffix, mode, error, tmp_path, identity):
    ramp = np.linspace(0, 255, 64)
    smooth = np.stack([ramp[:, None] + 0 * ramp, ramp + 0 * ramp[:, None], 255 - ramp + 0 * ramp[:, None]], axis=2)
    array = smooth.round().astype(np.uint8)[..., : CHANNELS[mode]]
    result = identity(make_file(tmp_path / "in.tif", array))
    good, bad = (result.save(tmp_path / f"{quality}.{suffix}", quality=quality) for quality in (95, 10))
    written = Image.open(good)
    assert written.mode == mode
    difference = np.array(written).reshape(array.shape).astype(float) - array
    assert np.abs(difference).mean() < error
    assert bad.stat().st_size < good.stat().st_size


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_float_alpha_is_exact_and_its_colour_within_rounding(mode, tmp_path, identity, random_image):
    array = random_image(13, 11, CHANNELS[mode], "float32")
    written = tifffile.imread(identity(make_file(tmp_path / "in.tif", array)).save(tmp_path / "out.tif"))
    np.testing.assert_array_equal(written[..., -1], array[..., -1])
    np.testing.assert_allclose(written, array, rtol=2.5e-7, atol=0)
    hidden = array[..., -1] == 0
    np.testing.assert_array_equal(written[hidden], array[hidden])


def test_every_colour_of_16_bits_survives_every_small_and_large_alpha(identity):
    color = np.arange(65536, dtype=np.uint16)
    alphas = np.array([0, 1, 2, 3, 255, 256, 32767, 65534, 65535], np.uint16)
    array = np.stack(np.broadcast_arrays(color[None], alphas[:, None]), axis=2)
    tall = array.reshape(-1, 512, 2)
    np.testing.assert_array_equal(images.export(_whole(images.load(tall))), tall)


def _whole(photo):
    canvas = photo.canvas()
    canvas.write(0, 0, photo.source().read(0, 0, photo.height, photo.width))
    return canvas.photo()


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_dark_uint16_image_stays_uint16(suffix, tmp_path, identity):
    dark = np.arange(200, dtype=np.uint16).reshape(10, 20)
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, dark)
    result = identity(path)
    assert result.source().read(0, 0, 10, 20).max() == pytest.approx(199 / 65535, rel=1e-6)
    again = images.load(result.save(tmp_path / f"out.{suffix}"))
    assert again.pixels.dtype == np.uint16
    np.testing.assert_array_equal(again.numpy(), dark)


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "BMP", "JPEG", "WEBP", "GIF", "PPM"])
def test_bytes_come_back_as_bytes_of_their_format_or_png(file_format, identity):
    buffer = io.BytesIO()
    array = np.random.default_rng(1).integers(0, 256, (9, 7), dtype=np.uint8)
    Image.fromarray(array).convert("RGB" if file_format == "WEBP" else "L").save(buffer, file_format)
    result = identity(buffer.getvalue())
    image = Image.open(io.BytesIO(result))
    assert image.format == (file_format if file_format not in ("GIF", "PPM") else "PNG")
    if file_format not in ("JPEG", "WEBP"):
        np.testing.assert_array_equal(np.array(image.convert("L")), array)
