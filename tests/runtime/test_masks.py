"""Masks: what is missing is filled, all else is returned bit for bit; a model sees no more than it may."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from restore.errors import InputError, UsageError
from restore.notices import RestoreWarning


def fill(seen):
    """Fill with a value that no picture has, and spoil everything else."""
    return torch.where(seen.mask > 0, torch.full_like(seen.image, 1.0), 1 - seen.image)


@pytest.fixture
def filler(make):
    return make(fill, task="inpainting", channels=(1, 3))


@pytest.fixture
def hole():
    """Return what makes a mask with a hole in its middle."""

    def hole(height, width):
        mask = np.zeros((height, width), bool)
        mask[height // 4 : height // 2 + 1, width // 4 : width // 2 + 1] = True
        return mask

    return hole


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(15, 11), (15, 11, 3)])
def test_what_is_known_is_returned_bit_for_bit(filler, picture, hole, dtype, shape):
    peak = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    image = (picture(*shape) / np.float64(255) * peak).astype(dtype)
    mask = hole(15, 11)
    result = filler(image, mask=mask)
    assert result.dtype == image.dtype
    assert np.array_equal(result[~mask], image[~mask])
    assert (result[mask] == peak).all()


@pytest.mark.parametrize("kind", ["bool", "uint8", "float", "torch", "pil", "path"])
def test_masks_of_every_kind(filler, picture, hole, kind, tmp_path):
    image, mask = picture(15, 11, 3), hole(15, 11)
    gray = Image.fromarray(mask.astype(np.uint8) * 255)
    gray.save(tmp_path / "mask.png")
    kinds = {
        "bool": mask,
        "uint8": mask.astype(np.uint8) * 255,
        "float": mask.astype(np.float32),
        "torch": torch.from_numpy(mask)[None],
        "pil": gray,
        "path": tmp_path / "mask.png",
    }
    assert np.array_equal(filler(image, mask=kinds[kind]), np.where(mask[..., None], 255, image))


def test_tiles(make, picture, hole):
    image, mask = picture(200, 333, 3), hole(200, 333)
    for tile in (150, "auto", "off"):
        restorer = make(fill, task="inpainting", tile=tile, tiling="exact", receptive_field=5)
        outcome = restorer.restore(image, mask=mask)
        assert np.array_equal(outcome.image, np.where(mask[..., None], 255, image))
        assert outcome.report.missing_share == pytest.approx(mask.mean(), rel=1e-6)
        assert outcome.report.tiles == (6 if tile == 150 else 1)


def test_nothing_is_missing(filler, picture):
    """The model is not even asked, and the result is no window into what was given."""
    image = picture(15, 11, 3)
    outcome = filler.restore(image, mask=np.zeros((15, 11), bool))
    result = outcome.image
    assert np.array_equal(result, image)
    assert filler.module.shapes == []
    assert (outcome.report.missing_share, outcome.report.tiles) == (0, 0)
    result[:] = 7
    assert not (image == 7).all()


def test_everything_is_missing(filler, picture):
    outcome = filler.restore(picture(15, 11, 3), mask=np.ones((15, 11), bool))
    assert (outcome.image == 255).all()
    assert outcome.report.missing_share == 1


def test_a_gray_mask_is_told_in_the_report_of_its_image_alone(filler, picture, hole):
    gray, clear = hole(15, 11) * np.uint8(100), hole(15, 11)
    images = [picture(15, 11, 3), picture(15, 11, 3)]
    first, second = filler.map(images, masks=[gray, clear], batch_size=2)
    [told] = first.report.warnings
    assert "not black and white" in told
    assert (first.report.missing_share, second.report.warnings) == (0, ())
    with pytest.warns(RestoreWarning, match="not black and white"):
        filler(images[0], mask=gray)


@pytest.mark.parametrize("declared", [{}, {"multiple_of": 8}, {"min_size": 64}, {"channels": (1,)}])
def test_what_is_under_the_mask_never_reaches_the_model(make, picture, declared):
    """Not even by way of the mirror image beyond the border, where the hole lies here."""
    image = picture(21, 13, 3)
    mask = np.zeros((21, 13), bool)
    mask[15:, 7:] = True
    other = image.copy()
    other[mask] = 255 - other[mask]
    seen = []

    def spy(observation):
        seen.append(observation)
        return observation.image

    restorer = make(spy, task="inpainting", **declared)
    for given in (image, other):
        restorer(given, mask=mask)
    assert torch.equal(seen[0].image, seen[1].image)
    assert torch.equal(seen[0].mask, seen[1].mask)
    assert seen[0].mask.shape == (len(seen[0].image), 1, *seen[0].image.shape[2:])
    assert (seen[0].mask[..., :21, :13] == torch.from_numpy(mask).float()).all()


def test_a_model_of_another_task_sees_all(make, picture, hole):
    image = picture(15, 11, 3)
    result = make(lambda seen: seen.image * 0.5, keeps_known=True)(image, mask=hole(15, 11))
    expected = np.where(hole(15, 11)[..., None], image / 2, image)
    assert np.abs(result - expected).max() <= 0.5


@pytest.mark.parametrize("tile", ["off", 8])
def test_a_model_of_another_task_may_change_what_is_known(make, picture, hole, tile):
    """Also where nothing is missing: it is asked all the same."""
    image = picture(15, 11, 3)
    negative = make(lambda seen: 1 - seen.image, tile=tile, tiling="approximate", receptive_field=1)
    for mask in (hole(15, 11), np.zeros((15, 11), bool)):
        outcome = negative.restore(image, mask=mask)
        assert np.array_equal(outcome.image, 255 - image)
        assert outcome.report.missing_share == pytest.approx(mask.mean())


def test_batches_of_a_tensor(filler):
    images = torch.rand(3, 3, 8, 9)
    masks = torch.zeros(3, 1, 8, 9)
    masks[1, :, 2:4, 3:5] = 1
    result = filler(images, mask=masks)
    assert torch.equal(result, torch.where(masks > 0, torch.ones(()), images))
    one = filler(images, mask=masks[1])
    assert torch.equal(one, torch.where(masks[1] > 0, torch.ones(()), images))


class TestAlpha:
    def test_holes_are_filled_and_opaque(self, filler, picture):
        image = picture(15, 11, 4)
        image[..., 3] = 255
        image[3:6, 2:5, 3] = 0
        image[8, 8, 3] = 100
        outcome = filler.restore(image, mask="alpha")
        missing = image[..., 3] == 0
        assert (outcome.image[missing] == 255).all()
        assert np.array_equal(outcome.image[~missing], image[~missing])
        assert outcome.report.missing_share == pytest.approx(missing.mean())

    def test_nothing_is_transparent(self, filler, picture):
        image = picture(15, 11, 4)
        image[..., 3] = 1
        assert np.array_equal(filler(image, mask="alpha"), image)

    def test_beside_masks_of_another_kind_in_one_batch(self, filler, picture, hole):
        image = picture(15, 11, 4)
        image[..., 3] = 255
        holes = image.copy()
        holes[hole(15, 11), 3] = 0
        results = [o.image for o in filler.map([image, holes], masks=[hole(15, 11), "alpha"], batch_size=2)]
        assert filler.module.shapes == [(2, 3, 15, 11)]
        expected = np.where(hole(15, 11)[..., None], 255, image)
        assert np.array_equal(results[0], expected)
        assert np.array_equal(results[1], expected)

    def test_a_mask_does_not_open_what_is_transparent(self, filler, picture, hole):
        image = picture(15, 11, 4)
        image[..., 3] = 0
        assert np.array_equal(filler(image, mask=hole(15, 11)), image)

    def test_an_image_without(self, filler, picture):
        with pytest.raises(InputError, match="has no alpha"):
            filler(picture(15, 11, 3), mask="alpha")


def test_errors(make, filler, picture, hole):
    with pytest.raises(UsageError, match=r"fills holes, and no mask says where numpy array \(15, 11, 3\)"):
        filler(picture(15, 11, 3))
    with pytest.raises(InputError, match="make the mask as large"):
        filler(picture(15, 11, 3), mask=hole(11, 15))
    larger = make(lambda seen: seen.image.repeat_interleave(4, 2).repeat_interleave(4, 3), scale=4)
    with pytest.raises(UsageError, match="changes the size"):
        larger(picture(15, 11, 3), mask=hole(15, 11))
