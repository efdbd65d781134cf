"""Alpha: kept as it is at scale 1, otherwise enlarged beside the model, without bleeding or seams."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image


def same(seen):
    return seen.image


def larger(seen):
    return seen.image.repeat_interleave(4, 2).repeat_interleave(4, 3)


@pytest.fixture
def disc():
    """A red disc on green that full transparency hides, ``(H, W, 4)``."""

    def disc(height, width):
        y, x = np.mgrid[:height, :width]
        inside = np.hypot(y - height / 2, x - width / 2) - min(height, width) / 3
        image = np.zeros((height, width, 4), np.uint8)
        image[..., 1] = 255
        image[inside < 2] = (255, 0, 0, 255)
        image[..., 3] = (255 * np.clip(0.5 - inside / 4, 0, 1)).astype(np.uint8)
        return image

    return disc


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_at_scale_one_it_is_returned_bit_for_bit(make, disc, dtype):
    peak = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image = (disc(40, 30) / 255 * peak).astype(dtype)
    result = make(lambda seen: 1 - seen.image)(image)
    assert np.array_equal(result[..., 3], image[..., 3])
    opaque, hidden = image[..., 3] == peak, image[..., 3] == 0
    assert np.array_equal(result[opaque][:, :3], peak - image[opaque][:, :3])
    assert np.array_equal(result[hidden], image[hidden])


def test_gray_with_alpha(make, disc):
    image = disc(40, 30)[..., [0, 3]]
    result = make(same, channels=(3,))(image)
    assert result.shape == image.shape
    assert np.array_equal(result[..., 1], image[..., 1])
    assert np.abs(result[..., 0].astype(int) - image[..., 0]).max() <= 1


def test_enlarged_alpha_is_bicubic(make, disc):
    """Pillow's bicubic kernel is the same; at the border, which it treats otherwise, alpha is 0 here."""
    image = disc(40, 30)
    alpha = Image.fromarray(image[..., 3] / np.float32(255)).resize((120, 160), Image.Resampling.BICUBIC)
    expected = np.asarray(alpha).clip(0, 1) * 255
    result = make(larger, scale=4)(image)
    assert result.shape == (160, 120, 4)
    assert np.abs(result[..., 3] - expected).max() <= 0.51


def test_hidden_colours_do_not_bleed(make, disc):
    result = make(larger, scale=4)(disc(40, 30))
    visible = result[..., 3] > 0
    assert visible.any()
    assert not visible.all()
    assert (result[visible][:, 1] == 0).all()


def test_tiles_give_the_same_bits(make, disc):
    """Though the model has no halo that could feed the kernel."""
    image = disc(170, 333)
    declared = {"scale": 4, "tiling": "exact", "receptive_field": 1}
    whole, tiled = (make(larger, tile=tile, **declared).restore(image) for tile in ("off", 100))
    assert tiled.report.tiles == 6
    assert np.array_equal(whole.image, tiled.image)


def test_images_with_and_without_it_in_one_batch(make, disc):
    images = [disc(40, 30), disc(40, 30)[..., :3], disc(40, 30)]
    restorer = make(larger, scale=4)
    results = [outcome.image for outcome in restorer.map(images, batch_size=3)]
    assert restorer.module.shapes == [(3, 3, 40, 30)]
    assert [result.shape[2] for result in results] == [4, 3, 4]
    assert np.array_equal(results[2], restorer(images[2]))


def test_tensors_with_alpha(make, disc):
    image = torch.from_numpy(disc(40, 30)).permute(2, 0, 1)[None].repeat(2, 1, 1, 1)
    result = make(same)(image)
    assert torch.equal(result[:, 3], image[:, 3])


def rim(size):
    """A bright gray square, opaque, in the middle of nothing: black pixels of alpha 0."""
    image = np.zeros((size, size, 4), np.uint8)
    image[size // 3 : -(size // 3), size // 3 : -(size // 3)] = (200, 200, 200, 255)
    return image


def sharpened(seen):
    """What networks do to edges: overshoot on both sides."""
    blurred = torch.nn.functional.avg_pool2d(seen.image, 5, 1, 2, count_include_pad=False)
    return 3 * seen.image - 2 * blurred


@pytest.mark.parametrize("hidden", [0, 255])
def test_the_rim_of_an_object_is_no_edge_to_the_model(make, hidden):
    image = rim(60)
    image[image[..., 3] == 0, :3] = hidden
    result = make(sharpened)(image)
    assert (result[image[..., 3] == 255][:, :3] == 200).all()


def test_partly_transparent_pixels_keep_their_own_colour(make):
    image = np.full((9, 9, 4), 100, np.uint8)
    image[4, 4] = (10, 20, 30, 5)
    assert np.array_equal(make(same)(image), image)
