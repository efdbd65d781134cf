"""JPEG against Pillow; levels and luma by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from restore.composition import build_degradation, degrade
from restore.errors import InputError, UsageError


def by_pillow(pixels, quality, subsampling):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("quality", [5, 60, 95])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", [(64, 80), (33, 17), (1, 1)])
@pytest.mark.parametrize("gray", [True, False])
def test_jpeg_is_what_pillow_makes(quality, subsampling, size, gray):
    pixels = data.chelsea()[100 : 100 + size[0], 100 : 100 + size[1]]
    pixels = np.ascontiguousarray(pixels[..., 0] if gray else pixels)
    result = degrade(pixels, f"jpeg:quality={quality},subsampling={subsampling}")
    assert np.array_equal(result, by_pillow(pixels, quality, subsampling))


def test_jpeg_takes_and_gives_the_same_colours_not_bgr():
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    assert np.abs(degrade(red, "jpeg:quality=95").astype(int) - red).max() <= 3


def test_jpeg_rounds_to_8_bits_first():
    image = torch.full((1, 1, 8, 8), 100.6 / 255)
    result = build_degradation("jpeg:quality=95")(image, {"quality": [95]})
    assert torch.equal(result, torch.full((1, 1, 8, 8), 101.0) / 255)


def test_qualities_of_a_range_are_whole_numbers_within_it():
    degradation = build_degradation("jpeg:quality=30+40")
    drawn = degradation.draw(torch.rand(300, 1, 1, 1), torch.Generator().manual_seed(0))["quality"]
    assert set(drawn) == set(range(30, 41))
    assert all(type(quality) is int for quality in drawn)


def test_images_that_libjpeg_cannot_hold():
    with pytest.raises(InputError, match="65500"):
        degrade(np.zeros((1, 65501), np.uint8), "jpeg")


@pytest.mark.parametrize(
    ("levels", "expected"),
    [(2, [0, 0, 0, 1, 1, 1]), (3, [0, 0, 0.5, 0.5, 1, 1]), (11, [0, 0.2, 0.4, 0.6, 0.8, 1])],
)
def test_quantize_by_hand(levels, expected):
    image = torch.tensor([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], dtype=torch.float64).view(1, 1, 1, 6)
    result = build_degradation(f"quantize:levels={levels}")(image, {"levels": levels})
    assert result.flatten().tolist() == pytest.approx(expected, abs=1e-15)


def test_quantize_to_256_levels_leaves_8_bits_alone():
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(degrade(pixels, "quantize:levels=256"), pixels)


def test_the_gradient_of_quantize_is_straight_through_and_costs_no_bit():
    image = torch.rand(1, 3, 8, 8)
    followed = image.clone().requires_grad_()
    degradation = build_degradation("quantize:levels=5")
    result = degradation(followed, {"levels": 5})
    assert torch.equal(result.detach(), degradation(image, {"levels": 5}))
    (result * 3).sum().backward()
    assert torch.equal(followed.grad, torch.full_like(image, 3))


def test_grayscale_is_the_luma_of_bt601():
    primaries = torch.eye(3, dtype=torch.float64).view(3, 3, 1, 1)
    result = build_degradation("grayscale")(primaries, {})
    assert result.flatten().tolist() == pytest.approx([0.299, 0.587, 0.114], abs=1e-15)
    pixels = data.chelsea()[:32, :32]
    by_pillow = np.asarray(Image.fromarray(pixels).convert("L")).astype(int)
    assert np.abs(degrade(pixels, "grayscale")[..., 0].astype(int) - by_pillow).max() <= 1


@pytest.mark.parametrize(("given", "channels"), [(3, 1), (3, 3), (1, 1), (1, 3)])
def test_channels_of_grayscale(given, channels):
    image = torch.rand(2, given, 4, 5)
    result = build_degradation(f"grayscale:channels={channels}")(image, {})
    assert result.shape == (2, channels, 4, 5)
    assert torch.equal(result, result[:, :1].expand_as(result))
    if given == 1:
        assert torch.equal(result[:, :1], image)


def test_gradients_of_grayscale():
    image = torch.rand(1, 3, 3, 4, dtype=torch.float64).mul(0.8).add(0.1).requires_grad_()
    for channels in (1, 3):
        degradation = build_degradation(f"grayscale:channels={channels}")
        assert torch.autograd.gradcheck(lambda x, d=degradation: d(x, {}), image)


@pytest.mark.parametrize(
    "spec",
    [
        "jpeg:quality=0",
        "jpeg:quality=96",
        "jpeg:quality=50.5",
        "jpeg:subsampling=4:1:1",
        "quantize:levels=1",
        "grayscale:channels=2",
    ],
)
def test_options_that_cannot_be(spec):
    with pytest.raises(UsageError):
        build_degradation(spec)
