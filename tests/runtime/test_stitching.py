"""Lack of memory: the batch is halved, then the tile, and every pixel is still right."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.errors import DeviceError, PluginError, RestoreError

ERRORS = {
    "torch": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "python": MemoryError,
    "allocator": lambda: RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
}


def hungry(limit, error="torch", fails=lambda seen: True):
    """Return a model that makes negatives and runs out of memory beyond so many pixels."""

    def model(seen):
        if seen.image[:, 0].numel() > limit and fails(seen):
            raise ERRORS[error]()
        return 1 - seen.image

    return model


EXACT = {"tiling": "exact", "receptive_field": 9}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("tile", ["auto", 200, 1000])
@pytest.mark.parametrize("size", [(200, 300), (133, 257), (17, 1500), (30, 30)])
def test_tiles_are_halved(make, picture, error, tile, size):
    image = picture(*size, 3)
    restorer = make(hungry(700, error), tile=tile, **EXACT)
    told = []
    outcome = restorer.restore(image, progress=lambda *counts: told.append(counts))
    assert np.array_equal(outcome.image, 255 - image)
    assert outcome.report.out_of_memory >= 1
    assert outcome.report.tiles == len([shape for shape in restorer.module.shapes if shape[2] * shape[3] <= 700])
    assert told[-1][0] == told[-1][1] == outcome.report.tiles


def test_each_size_fails_once_only(make, picture):
    """A queue of tiles that are too large is cut without a further try."""
    restorer = make(hungry(170 * 170), tile=250, **EXACT)
    outcome = restorer.restore(picture(500, 500, 3))
    large = [shape for shape in restorer.module.shapes if shape[2] * shape[3] > 170 * 170]
    assert (len(large), outcome.report.out_of_memory) == (1, 1)
    assert outcome.report.tiles == 16


def test_memory_that_gets_scarce_amid_an_image(make, picture):
    calls = []

    def later(seen):
        calls.append(seen.image.shape)
        return len(calls) > 3

    image = picture(400, 500, 3)
    outcome = make(hungry(15_000, fails=later), tile=150, **EXACT).restore(image)
    assert np.array_equal(outcome.image, 255 - image)
    assert outcome.report.out_of_memory >= 1


def test_halves_keep_to_the_multiples(make, strided, picture):
    """Cores of 32 pixels cannot be halved, which must not be tried for ever."""
    image = picture(200, 230, 3)

    def model(seen):
        if seen.image[0, 0].numel() > 96 * 96:
            raise torch.OutOfMemoryError
        return strided(seen)

    declared = {"tiling": "exact", "receptive_field": 16, "multiple_of": 32}
    whole = make(strided, tile="off", **declared)(image)
    outcome = make(model, tile="auto", **declared).restore(image)
    assert np.abs(outcome.image.astype(int) - whole).max() <= 1
    assert outcome.report.out_of_memory > 0
    starved = make(hungry(0), tile="auto", **declared).restore(image)
    assert isinstance(starved.error, DeviceError)


def test_where_no_tile_fits(make, picture):
    outcome = make(hungry(0), tile="auto", **EXACT).restore(picture(200, 300, 3))
    assert isinstance(outcome.error, DeviceError)
    assert "fake ran out of memory on cpu for numpy array (200, 300, 3) (300 x 200): even a tile of" in str(
        outcome.error
    )
    assert "--device cpu" in outcome.error.cure


@pytest.mark.parametrize(
    ("declared", "cure"),
    [
        ({}, "a smaller image"),
        ({"tiling": "internal"}, "a smaller image"),
        ({"tile": "off", **EXACT}, "--tile auto"),
        ({"tiling": "discouraged"}, "--tile 512"),
        ({"tiling": "discouraged", "fixed_size": (30, 30)}, "a smaller image"),
    ],
)
def test_an_image_that_must_be_whole(make, picture, declared, cure):
    with pytest.raises(DeviceError, match="the whole image at once is too much") as caught:
        make(hungry(700), **declared)(picture(30, 30, 3))
    assert caught.value.cure.startswith(cure)


@pytest.mark.parametrize("masked", [False, True])
def test_a_batch_is_halved_before_its_tiles(make, masked):
    images = torch.rand(5, 3, 10, 20)
    restorer = make(hungry(400), **EXACT)
    mask = torch.ones(5, 1, 10, 20) if masked else None
    outcome = restorer.restore(images, mask=mask)
    assert torch.equal(outcome.image, 1 - images)
    assert [shape[0] for shape in restorer.module.shapes] == [5, 2, 3, 1, 2]
    assert (outcome.report.out_of_memory, outcome.report.tiles) == (2, 1)


def test_other_errors_pass(make, picture):
    def broken(seen):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        make(broken, tile="auto", **EXACT)(picture(200, 300, 3))


def test_a_result_that_is_not_finite_names_its_image(make, picture, tmp_path):
    from PIL import Image

    Image.fromarray(picture(5, 7, 3)).save(tmp_path / "dark.png")
    restorer = make(lambda seen: seen.image / 0)
    with pytest.raises(RestoreError, match=r"dark\.png holds values that are not finite"):
        restorer(tmp_path / "dark.png")


@pytest.mark.parametrize(
    "made",
    [
        lambda seen: seen.image[..., 1:],
        lambda seen: seen.image[:1],
        lambda seen: seen.image[:, :2],
        lambda seen: seen.image[0],
        lambda seen: (seen.image, seen.image),
        lambda seen: None,
    ],
    ids=["size", "batch", "channels", "dimensions", "tuple", "None"],
)
def test_an_output_that_is_no_image_of_the_size(make, made):
    with pytest.raises(PluginError, match=r"fake made .* where 2 images of 7 x 5 were due"):
        make(made)(torch.rand(2, 3, 5, 7))
