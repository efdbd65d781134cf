"""Holes are filled as OpenCV and scikit-image fill them, at full depth, from what is known alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from skimage.restoration import inpaint_biharmonic

from restore.contracts import Observation
from restore.errors import InputError
from restore.registry import registry

NAMES = ("telea", "navier-stokes", "biharmonic")
OPENCV = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}


def build(name, **options):
    return registry().find("model", name).build(**options)


def run(model, image, mask):
    return model(Observation(image=image, mask=mask))


def cat():
    """A natural image ``(1, 3, 160, 200)`` in [0, 1]."""
    return torch.from_numpy(data.chelsea()[60:220, 100:300] / np.float32(255)).permute(2, 0, 1)[None]


def hole(height, width, *boxes):
    mask = torch.zeros(1, 1, height, width)
    for rows, columns in boxes:
        mask[..., rows, columns] = 1
    return mask


INNER = hole(160, 200, (slice(30, 50), slice(40, 80)), (slice(100, 103), slice(20, 180)))
BORDER = hole(160, 200, (slice(0, 10), slice(None)), (slice(150, 160), slice(50, 90)), (slice(60, 90), slice(195, 200)))
SPECKS = (torch.rand(1, 1, 160, 200, generator=torch.Generator().manual_seed(0)) < 0.5).float()
SHAPES = {"inner": INNER, "border": BORDER, "specks": SPECKS}


def in_8_bits(name, mask):
    """What OpenCV makes of the image in 8 bits, all channels at once, ``(1, 3, H, W)``."""
    levels = cat()[0].mul(255).round().permute(1, 2, 0).byte().numpy()
    filled = cv2.inpaint(levels, mask[0, 0].byte().numpy(), 3, OPENCV[name])
    return torch.from_numpy(filled / np.float32(255)).permute(2, 0, 1)[None]


def psnr(first, second, mask):
    """Decibels over the missing pixels."""
    return -10 * torch.log10((first - second)[mask.expand_as(first) > 0].square().mean()).item()


@pytest.mark.parametrize("name", OPENCV)
@pytest.mark.parametrize("radius", [1, 3.0, 7])
def test_a_hole_away_from_the_border_is_filled_with_opencvs_floats(name, radius):
    image = cat()
    restored = run(build(name, radius=radius), image, INNER)
    holes = INNER[0, 0].numpy().astype(np.uint8)
    for channel, plane in zip(restored[0].numpy(), image[0].numpy(), strict=True):
        theirs = cv2.inpaint(np.where(holes, np.float32(0), plane * 255), holes, radius, OPENCV[name])
        np.testing.assert_allclose(channel[holes > 0], theirs[holes > 0].clip(0, 255) / 255, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "mean"), [("telea", 1.2), ("navier-stokes", 0.75)])
@pytest.mark.parametrize("shape", ["inner", "specks"])
def test_the_result_differs_from_opencvs_on_8_bits_by_their_rounding_alone(name, mean, shape):
    ours = run(build(name), cat(), SHAPES[shape])
    difference = (ours - in_8_bits(name, SHAPES[shape])).abs()[SHAPES[shape].expand_as(ours) > 0] * 255
    assert difference.mean() < mean
    assert difference.quantile(0.99) < 5


@pytest.mark.parametrize("name", OPENCV)
def test_at_the_border_it_fills_as_well_as_opencv(name):
    ours, theirs = run(build(name), cat(), BORDER), in_8_bits(name, BORDER)
    assert psnr(ours, cat(), BORDER) > psnr(theirs, cat(), BORDER) - 0.1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_known_pixels_are_kept_bit_for_bit_and_the_others_lie_in_range(name, shape):
    mask = SHAPES[shape]
    restored = run(build(name), cat(), mask)
    assert torch.equal(torch.where(mask > 0, 0, restored), torch.where(mask > 0, 0, cat()))
    assert restored.min() >= 0
    assert restored.max() <= 1


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(st.integers(1, 14), st.integers(1, 14), st.floats(0, 1), st.integers(0, 999))
def test_what_a_missing_pixel_held_does_not_matter(name, height, width, share, seed):
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(1, 1, height, width, generator=generator)
    mask = (torch.rand(1, 1, height, width, generator=generator) < share).float()
    mask[..., seed % height, seed % width] = 0
    model = build(name)
    black = run(model, torch.where(mask > 0, 0.0, image), mask)
    assert torch.equal(run(model, torch.where(mask > 0, float("nan"), image), mask), black)
    assert torch.equal(torch.where(mask > 0, 0, black), torch.where(mask > 0, 0, image))
    assert black.isfinite().all()


@pytest.mark.parametrize(("name", "tolerance"), [("telea", 3 / 255), ("navier-stokes", 1e-5), ("biharmonic", 1e-5)])
@given(st.floats(0, 1, width=32), st.integers(0, 999))
def test_a_flat_image_stays_flat_at_any_depth(name, tolerance, level, seed):
    mask = (torch.rand(1, 1, 9, 11, generator=torch.Generator().manual_seed(seed)) < 0.7).float()
    mask[..., 0, seed % 11] = 0
    flat = torch.full((1, 1, 9, 11), level)
    restored = run(build(name), torch.where(mask > 0, 1 - level, flat), mask)
    torch.testing.assert_close(restored, flat, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_white_are_not_overshot(name, level):
    restored = run(build(name), torch.full((1, 1, 160, 200), level), SPECKS)
    assert restored.min() >= 0
    assert restored.max() <= 1


def test_biharmonic_continues_a_cubic_which_has_no_bilaplacian():
    y, x = torch.meshgrid(torch.linspace(-1, 1, 24), torch.linspace(-1, 1, 30), indexing="ij")
    cubic = (0.5 + 0.1 * x - 0.15 * y + 0.1 * x * y + 0.1 * x**3 - 0.1 * x * y**2)[None, None]
    mask = hole(24, 30, (slice(6, 15), slice(8, 20)), (slice(17, 20), slice(3, 27)))
    restored = run(build("biharmonic"), torch.where(mask > 0, 0, cubic), mask)
    torch.testing.assert_close(restored, cubic, rtol=0, atol=1e-5)


def test_biharmonic_is_scikit_images():
    restored = run(build("biharmonic"), cat(), BORDER)
    for channel in range(3):
        plane = cat()[0, channel].double().numpy()
        theirs = torch.from_numpy(inpaint_biharmonic(plane, BORDER[0, 0].bool().numpy()))
        torch.testing.assert_close(restored[0, channel].double(), theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "shape", "gain"),
    [
        ("telea", "inner", 3.7), ("telea", "border", 1.3), ("telea", "specks", 9.7),
        ("navier-stokes", "inner", 3.8), ("navier-stokes", "border", 0.4), ("navier-stokes", "specks", 11.0),
        ("biharmonic", "inner", 6.8), ("biharmonic", "specks", 11.9),
    ],
)  # fmt: skip
def test_a_natural_image_is_filled_better_than_with_its_mean(name, shape, gain):
    image, mask = cat(), SHAPES[shape]
    mean = (image * (1 - mask)).sum((2, 3), keepdim=True) / (1 - mask).sum()
    filled = run(build(name), image * (1 - mask), mask)
    assert psnr(filled, image, mask) > psnr(mean.expand_as(image), image, mask) + gain


@pytest.mark.parametrize("name", NAMES)
def test_without_a_mask_or_a_hole_the_image_comes_back(name):
    model = build(name)
    assert torch.equal(run(model, cat(), None), cat())
    assert torch.equal(run(model, cat(), torch.zeros(1, 1, 160, 200)), cat())


@pytest.mark.parametrize("name", NAMES)
def test_in_a_batch_each_image_has_its_own_holes(name):
    images, masks = torch.cat([cat(), cat(), cat()]), torch.cat([INNER, torch.zeros_like(INNER), BORDER])
    restored = run(build(name), images, masks)
    assert torch.equal(restored[0], run(build(name), cat(), INNER)[0])
    assert torch.equal(restored[1], cat()[0])
    assert torch.equal(restored[2], run(build(name), cat(), BORDER)[0])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("side", [1, 8])
def test_an_image_of_which_nothing_is_known_is_refused_with_the_cure(name, side):
    images, masks = torch.rand(2, 3, side, side), torch.zeros(2, 1, side, side)
    masks[1] = 1
    with pytest.raises(InputError, match="every pixel is missing") as refusal:
        run(build(name), images, masks)
    assert "invert" in refusal.value.cure


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 1, 8, 9), (1, 3, 8, 8), (2, 1, 8, 8), (8, 8)])
def test_a_mask_that_does_not_fit_is_refused(name, shape):
    with pytest.raises(InputError, match="does not belong to images"):
        run(build(name), torch.rand(1, 3, 8, 8), torch.zeros(shape))


def test_the_radius_says_how_far_opencv_looks():
    near, far = (run(build("telea", radius=radius), cat(), INNER) for radius in (1, 9))
    assert (near - far).abs().max() > 0.02
