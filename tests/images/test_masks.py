"""Masks: white is missing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from restore import images
from restore.errors import InputError
from restore.images import mask as mask_module


@pytest.fixture
def photo():
    return images.load(np.zeros((5, 7, 3), np.uint8))


HOLES = np.zeros((5, 7), bool)
HOLES[1:3, 2:6] = True


@pytest.mark.parametrize(
    "mask",
    [HOLES, HOLES.astype(np.uint8) * 255, HOLES.astype(np.uint16) * 65535, HOLES.astype(np.float32),
     HOLES[..., None].repeat(3, 2), Image.fromarray(HOLES), torch.from_numpy(HOLES)[None], torch.from_numpy(HOLES),
     torch.from_numpy(HOLES)[None, None].float()],
    ids=lambda mask: f"{type(mask).__name__}-{getattr(mask, 'dtype', '')}",
)  # fmt: skip
def test_every_kind_of_mask(mask, photo):
    result = images.load_mask(mask, photo)
    assert (result.shape, result.dtype) == ((1, 1, 5, 7), torch.float32)
    np.testing.assert_array_equal(result[0, 0].numpy(), HOLES)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "gif"])
def test_files_even_lossy_ones(suffix, tmp_path):
    holes = np.kron(HOLES, np.ones((8, 8), bool))
    Image.fromarray(holes.astype(np.uint8) * 255).save(tmp_path / f"mask.{suffix}")
    photo = images.load(np.zeros((40, 56), np.uint8))
    np.testing.assert_array_equal(images.load_mask(tmp_path / f"mask.{suffix}", photo)[0, 0].numpy(), holes)


def test_the_threshold_is_half_white_and_large_masks_are_read_in_bands(photo, monkeypatch):
    monkeypatch.setattr(mask_module, "BAND", 15)
    gray = np.arange(35, dtype=np.uint8).reshape(5, 7) + 110
    np.testing.assert_array_equal(images.load_mask(gray, photo)[0, 0].numpy(), gray > 127)
    color = np.array([[[255, 255, 0], [255, 0, 0]]], np.uint8).repeat(5, 0).repeat(4, 1)[:, :7]
    want = np.array([True] * 4 + [False] * 3)
    np.testing.assert_array_equal(images.load_mask(color, photo)[0, 0].numpy(), np.broadcast_to(want, (5, 7)))


def test_a_mask_turns_with_its_exif_as_its_photo_does(photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = Image.fromarray(HOLES.astype(np.uint8) * 255).transpose(Image.Transpose.ROTATE_90)
    lying.save(tmp_path / "mask.png", exif=exif)
    np.testing.assert_array_equal(images.load_mask(tmp_path / "mask.png", photo)[0, 0].numpy(), HOLES)


def test_alpha_as_mask_takes_full_transparency_only():
    array = np.full((2, 3, 4), 255, np.uint8)
    array[0, 0, 3], array[1, 2, 3] = 0, 1
    result = images.load_mask("alpha", images.load(array))
    assert result[0, 0].tolist() == [[1, 0, 0], [0, 0, 0]]


def test_one_mask_serves_a_batch_and_each_image_may_have_its_own():
    photo = images.load(torch.zeros(2, 3, 5, 7))
    assert torch.equal(images.load_mask(HOLES, photo)[1, 0], torch.from_numpy(HOLES).float())
    own = torch.stack([torch.from_numpy(HOLES), torch.from_numpy(~HOLES)])[:, None]
    assert torch.equal(images.load_mask(own, photo), own.float())


def test_an_empty_mask_misses_nothing(photo):
    assert not images.load_mask(np.zeros((5, 7), np.uint8), photo).any()


def test_a_mask_that_does_not_exist_is_told_with_what_may_be_given(photo):
    with pytest.raises(InputError, match="the mask mask-center does not exist") as caught:
        images.load_mask("mask-center", photo)
    assert 'observe(image, "mask-center").mask' in caught.value.cure


@pytest.mark.parametrize("level", [30, 100, 200])
def test_a_gray_mask_is_doubted(level, photo):
    mask = images.read_mask(HOLES.astype(np.uint8) * level, photo)
    assert mask.missing.any() == (level > 127)
    assert "22.9% of it is gray" in mask.doubt
    assert "make what is missing white" in mask.doubt


def test_soft_rims_and_what_jpeg_makes_of_a_mask_are_not(tmp_path):
    y, x = np.mgrid[:64, :64] - 32
    disc = np.clip(20.5 - np.hypot(y, x), 0, 1)
    photo = images.load(np.zeros((64, 64), np.uint8))
    assert images.read_mask(disc, photo).doubt == ""
    Image.fromarray((disc > 0.5).astype(np.uint8) * 255).save(tmp_path / "mask.jpg", quality=60)
    assert images.read_mask(tmp_path / "mask.jpg", photo).doubt == ""


@pytest.mark.parametrize(
    ("mask", "words"),
    [(HOLES.T, "is 5 x 7, and numpy array .* is 7 x 5"), (HOLES.astype(np.uint8), "holds 0 and 1 in uint8"),
     (HOLES.astype(np.uint16), "white is 65535"), (HOLES.astype(int), "the mask cannot be used: .* dtype int64"),
     ("alpha", "no alpha"), (HOLES * 2.0, "the mask cannot be used: .* from 0 to 2"), (HOLES * np.nan, "mask .*NaN"),
     (HOLES.tolist(), "the mask .* list"), (HOLES[None], r"the mask .*\(1, 5, 7\)"),
     ("missing.png", "missing.png does not exist"), (torch.zeros(3, 1, 5, 7), "holds 3 images")],
)  # fmt: skip
def test_refused(mask, words, photo):
    with pytest.raises(InputError, match=words):
        images.load_mask(mask, photo)


def test_a_photo_above_the_usual_limit_may_have_its_mask(monkeypatch, tmp_path):
    Image.fromarray(HOLES).save(tmp_path / "mask.png")
    monkeypatch.setattr(mask_module, "DEFAULT_MAX_PIXELS", 10)
    images.load_mask(tmp_path / "mask.png", images.load(np.zeros((5, 7), np.uint8)))
    with pytest.raises(InputError, match="megapixels"):
        images.load_mask(tmp_path / "mask.png", images.load(np.zeros((2, 2), np.uint8)))
