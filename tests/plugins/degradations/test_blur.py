"""Blur: against scipy, and against what a straight path must do."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from restore.composition import build_degradation
from restore.errors import UsageError


def blur(spec, image):
    degradation = build_degradation(spec)
    return degradation(image, degradation.draw(image, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("sigma", [0.001, 0.4, 1.6, 2.3, 7.0])
def test_gaussian_blur_equals_scipy(sigma):
    image = np.random.default_rng(0).random((2, 3, 21, 17))
    expected = [[gaussian_filter(plane, sigma, mode="nearest", truncate=4) for plane in one] for one in image]
    result = blur(f"gaussian-blur:sigma={sigma}", torch.from_numpy(image))
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-14, rtol=0)


def test_gaussian_blur_in_float32_is_as_exact_as_float32():
    image = np.random.default_rng(0).random((1, 1, 40, 40), dtype=np.float32)
    expected = gaussian_filter(image[0, 0].astype(np.float64), 3, mode="nearest", truncate=4)
    result = blur("gaussian-blur:sigma=3", torch.from_numpy(image))
    np.testing.assert_allclose(result[0, 0].numpy(), expected, atol=5e-7, rtol=0)


def test_sigma_is_drawn_within_its_range_for_each_sample():
    degradation = build_degradation("gaussian-blur:sigma=1+3")
    drawn = degradation.draw(torch.rand(200, 1, 2, 2), torch.Generator().manual_seed(0))["sigma"]
    assert len(set(drawn)) == 200
    assert 1 <= min(drawn) < 1.1
    assert 2.9 < max(drawn) <= 3


def test_horizontal_motion_is_the_mean_along_a_row():
    image = torch.rand(1, 3, 6, 20, dtype=torch.float64)
    result = blur("motion-blur:length=5,angle=0", image)
    padded = np.pad(image.numpy(), ((0, 0), (0, 0), (0, 0), (2, 2)), mode="edge")
    expected = sum(padded[..., start : start + 20] for start in range(5)) / 5
    np.testing.assert_allclose(result.numpy(), expected, atol=1e-14, rtol=0)


def test_vertical_motion_is_horizontal_motion_of_the_turned_image():
    image = torch.rand(1, 1, 12, 20, dtype=torch.float64)
    turned = blur("motion-blur:length=7,angle=0", image.mT).mT
    torch.testing.assert_close(blur("motion-blur:length=7,angle=90", image), turned, atol=1e-12, rtol=0)


def moments(kernel):
    """Return the sum, the centroid (x to the right, y up) and the covariance of a kernel."""
    side = kernel.shape[-1]
    y, x = np.mgrid[side // 2 : -side // 2 : -1, -(side // 2) : side // 2 + 1]
    total = kernel.sum()
    centre = ((kernel * x).sum() / total, (kernel * y).sum() / total)
    spread = [[(kernel * a * b).sum() / total for b in (x, y)] for a in (x, y)]
    return total, centre, np.array(spread)


@given(length=st.integers(4, 30).map(lambda half: 2 * half + 1), angle=st.floats(-360, 360))
@settings(max_examples=40)
def test_motion_keeps_the_light_and_the_place_and_points_along_its_angle(length, angle):
    point = torch.zeros(1, 1, 81, 81, dtype=torch.float64)
    point[..., 40, 40] = 1
    total, centre, spread = moments(blur(f"motion-blur:length={length},angle={angle}", point)[0, 0].numpy())
    assert total == pytest.approx(1, abs=1e-12)
    assert centre == pytest.approx((0, 0), abs=1e-12)
    sizes, axes = np.linalg.eigh(spread)
    along = axes[:, 1]
    expected = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    assert abs(along @ expected) > np.cos(np.radians(1.5))
    # A row of n equal pixels has the variance (n**2 - 1) / 12.
    assert np.sqrt(12 * sizes[1] + 1) == pytest.approx(length, abs=0.5)


def test_any_direction_is_drawn_and_recorded():
    degradation = build_degradation("motion-blur:length=9")
    drawn = degradation.draw(torch.rand(200, 1, 2, 2), torch.Generator().manual_seed(0))
    assert drawn["length"] == [9] * 200
    assert 0 <= min(drawn["angle"]) < 5
    assert 175 < max(drawn["angle"]) <= 180


def test_uniform_images_stay_as_they_are_up_to_the_border():
    image = torch.full((1, 3, 9, 9), 0.7, dtype=torch.float64)
    for spec in ("gaussian-blur:sigma=5", "motion-blur:length=31,angle=30"):
        torch.testing.assert_close(blur(spec, image), image, atol=1e-14, rtol=0)


@pytest.mark.parametrize("spec", ["gaussian-blur:sigma=1.2", "motion-blur:length=5,angle=30"])
def test_gradients(spec):
    image = torch.rand(2, 1, 6, 7, dtype=torch.float64).mul(0.4).add(0.3).requires_grad_()
    degradation = build_degradation(spec)
    params = degradation.draw(image, torch.Generator())
    assert torch.autograd.gradcheck(lambda x: degradation(x, params), image)


@pytest.mark.parametrize(
    "spec",
    [
        "gaussian-blur:sigma=0",
        "gaussian-blur:sigma=101",
        "gaussian-blur:sigma=3+1",
        "motion-blur:length=4",
        "motion-blur:length=1",
        "motion-blur:length=203",
        "motion-blur:angle=400",
    ],
)
def test_options_that_cannot_be(spec):
    with pytest.raises(UsageError):
        build_degradation(spec)
