"""Integer images are never held as floats: that would take 4 or 8 bytes a sample where 1 or 2 suffice."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import tifffile

from restore import images
from restore.images import png, tiff


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("alpha", [None, "assocalpha"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_loading_and_saving(dtype, alpha, suffix, tmp_path):
    y, x = np.mgrid[:1000, :1000]
    array = np.stack([(x + y * k) % 251 for k in range(4 if alpha else 3)], axis=2).astype(dtype)
    extra = {"extrasamples": [alpha]} if alpha else {}
    tifffile.imwrite(tmp_path / "in.tif", array, photometric="rgb", compression="zlib", **extra)
    images.load(images.load(tmp_path / "in.tif").save(tmp_path / f"out.{suffix}"))
    peaks = []
    for work in (lambda: images.load(tmp_path / "in.tif"), lambda: images.load(tmp_path / f"out.{suffix}")):
        tracemalloc.start()
        photo = work()
        peaks.append(tracemalloc.get_traced_memory()[1] / array.nbytes)
        assert tracemalloc.get_traced_memory()[0] < 1.1 * array.nbytes, "the file's bytes are let go"
        tracemalloc.stop()
    tracemalloc.start()
    photo.save(tmp_path / f"again.{suffix}")
    peaks.append(tracemalloc.get_traced_memory()[1] / array.nbytes)
    tracemalloc.stop()
    floats = 4 / array.itemsize
    assert max(peaks) < (1 + floats if dtype == "uint8" else 4), peaks


@pytest.mark.parametrize("band", [1, 100, 1000])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_bands_leave_no_seams(band, channels, tmp_path, random_image, png_samples, monkeypatch):
    monkeypatch.setattr(png, "BAND", band)
    monkeypatch.setattr(tiff, "BAND", band)
    array = random_image(23, 9, channels, "uint16")
    path = images.load(array).save(tmp_path / "out.png")
    np.testing.assert_array_equal(png_samples(path.read_bytes()), array)
    if channels == 4:
        opaque = array.copy()
        opaque[..., 3] = 65535
        tifffile.imwrite(tmp_path / "in.tif", opaque, photometric="rgb", extrasamples=["assocalpha"])
        np.testing.assert_array_equal(images.load(tmp_path / "in.tif").numpy(), opaque)
