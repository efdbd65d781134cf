"""Alpha is resampled with the image, and colours under it never show."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from restore import images
from restore.errors import RestoreError


def resized(photo, scale, mode, tile=None):
    """Enlarge through Source and Canvas as the runtime does: colour and alpha by the same filter."""
    source, canvas = photo.source(), photo.canvas(scale)
    color, alpha = (read(0, 0, photo.height, photo.width) for read in (source.read, source.read_alpha))
    large = [F.interpolate(part, scale_factor=scale, mode=mode) for part in (color, alpha)]
    tile = tile or photo.height * scale
    for top in range(0, photo.height * scale, tile):
        canvas.write(top, 0, *(part[:, :, top : top + tile] for part in large))
    return canvas.photo().numpy()


def with_garbage(array, seed):
    """Replace the colours under full transparency by noise."""
    garbage = array.copy()
    hidden = array[..., -1] == 0
    noise = np.random.default_rng(seed).integers(0, np.iinfo(array.dtype).max, array.shape, array.dtype, endpoint=True)
    garbage[hidden, :-1] = noise[hidden, :-1]
    assert (garbage != array).any()
    return garbage


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [2, 4])
def test_garbage_under_transparency_changes_no_bit_of_an_enlargement(mode, dtype, channels, random_image):
    array = random_image(11, 13, channels, dtype)
    first, second = (resized(images.load(with_garbage(array, seed)), 3, mode) for seed in (1, 2))
    np.testing.assert_array_equal(first, second)
    assert first[..., -1].any()
    assert first[..., :-1].any()


def test_straight_alpha_would_have_bled():
    """Show that the garbage of the test above does reach visible pixels where colour is not premultiplied."""
    array = np.zeros((4, 4, 4), np.uint8)
    array[:, 2:] = (200, 100, 50, 255)
    naive = [torch.from_numpy(with_garbage(array, seed)).permute(2, 0, 1)[None].float() for seed in (1, 2)]
    first, second = (F.interpolate(image, scale_factor=3, mode="bilinear") for image in naive)
    visible = first[:, 3] > 0
    assert (first[:, :3] - second[:, :3]).abs().amax(1)[visible].max() > 30


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("hidden", [0, 255])
def test_an_edge_keeps_its_colour_and_alpha_is_the_resampled_alpha(dtype, hidden):
    peak = np.iinfo(dtype).max
    color = np.array([200, 100, 50]) * (peak // 255)
    array = np.full((8, 8, 4), hidden * (peak // 255), dtype)
    array[..., 3] = 0
    array[2:6, 2:6, :3], array[2:6, 2:6, 3] = color, peak
    large = resized(images.load(array), 4, "bilinear", tile=5)
    alpha = torch.from_numpy(array[..., 3].astype(np.float32))[None, None]
    want = F.interpolate(alpha, scale_factor=4, mode="bilinear")[0, 0].numpy()
    assert np.abs(large[..., 3] - want).max() <= 0.51
    visible = large[..., 3] > 0
    assert np.abs(large[visible][:, :3].astype(int) - color).max() <= 1
    partly = visible & (large[..., 3] < peak)
    assert partly.sum() > 50
    assert not large[want == 0].any()


def test_a_model_of_the_same_size_sees_no_garbage_and_hidden_colours_stay():
    array = np.zeros((6, 6, 4), np.uint8)
    array[1:4, 1:4] = (200, 100, 50, 255)
    array[2, 2, 3] = 77
    results = []
    for seed in (1, 2):
        photo = images.load(with_garbage(array, seed))
        canvas = photo.canvas()
        color = photo.source().read(0, 0, 6, 6)
        assert not color[:, :, 5].any()
        canvas.write(0, 0, F.avg_pool2d(color, 3, stride=1, padding=1, count_include_pad=False))
        result = canvas.photo().numpy()
        np.testing.assert_array_equal(result[..., 3], array[..., 3])
        hidden = array[..., 3] == 0
        np.testing.assert_array_equal(result[hidden], photo.numpy()[hidden])
        results.append(result[~hidden])
    np.testing.assert_array_equal(*results)


def test_where_channels_change_fully_transparent_pixels_are_black_and_not_noise():
    array = np.zeros((2, 3, 2), np.uint8)
    array[0] = (100, 255)
    canvas = images.load(array).canvas(channels=3)
    canvas.write(0, 0, torch.full((1, 3, 2, 3), 1e-3))
    np.testing.assert_array_equal(canvas.photo().numpy()[1], 0)


def test_the_smallest_float_alpha_keeps_its_colour():
    array = np.zeros((1, 3, 4), np.float32)
    array[0, :, :3], array[0, :, 3] = (0.25, 0.5, 0.75), (1e-12, 1e-6, 1)
    photo = images.load(array)
    canvas = photo.canvas()
    canvas.write(0, 0, photo.source().read(0, 0, 1, 3))
    np.testing.assert_allclose(images.export(canvas.photo()), array, rtol=2.5e-7)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_never_reach_a_result(value):
    photo = images.load(np.zeros((2, 3, 4), np.uint8))
    good, bad = torch.zeros(1, 1, 4, 6), torch.full((1, 1, 4, 6), value)
    for color, alpha in ((bad.expand(1, 3, 4, 6), good), (good.expand(1, 3, 4, 6), bad)):
        with pytest.raises(RestoreError, match="not finite"):
            photo.canvas(2).write(0, 0, color, alpha)
    with pytest.raises(RestoreError, match="written without it"):
        photo.canvas(2).write(0, 0, good.expand(1, 3, 4, 6))
