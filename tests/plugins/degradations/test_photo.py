"""Photographs of phones and the web: each step against theory, and nothing moves."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from restore.composition import build_degradation
from restore.errors import UsageError
from restore.training.patches import CONTEXT
from restore_degradations.photo import RESAMPLERS, blur, resample

GENTLE = "sigma=0.01,resize=1,noise=0,quality=95"
"""Options with which nothing but the size changes that one could see."""


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def textured(height, width, seed=0):
    """Return an image with detail at every size, in the middle of the range."""
    noise = torch.rand(1, 3, height, width, generator=seeded(seed))
    return sum(blur(noise - 0.5, sigma, sigma, 0.0) * sigma for sigma in (0.5, 2, 8)).mul(0.5).add(0.5).clamp(0, 1)


def impulse(side):
    image = torch.zeros(1, 1, side, side)
    image[..., side // 2, side // 2] = 1
    return image


def centre(image):
    """Return the row and column of the centre of mass of what is above the background."""
    light = (image[0, 0].double() - image[0, 0].double().median()).clamp(min=0.02) - 0.02
    return [float((light.sum(1 - axis) * torch.arange(light.shape[axis])).sum() / light.sum()) for axis in (0, 1)]


@given(height=st.integers(1, 50), width=st.integers(1, 50), scale=st.integers(1, 5), seed=st.integers(0, 2**20))
@settings(max_examples=25)
def test_the_size_is_that_of_the_scale(height, width, scale, seed):
    seen = build_degradation(f"photo:scale={scale}").observe(torch.rand(1, 3, height, width), seeded(seed))
    assert seen.image.shape == (1, 3, math.ceil(height / scale), math.ceil(width / scale))
    assert torch.equal(seen.image.mul(255).round().div(255), seen.image)


@given(seed=st.integers(0, 2**40), row=st.integers(60, 90), column=st.integers(60, 90))
@settings(max_examples=40)
def test_nothing_moves(seed, row, column):
    """A blob's centre of mass stays, in pixels of the result, where the pixels' centres say."""
    y, x = torch.arange(152.0)[:, None], torch.arange(152.0)
    blob = torch.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 10**2)).mul(0.7).add(0.1)[None, None]
    seen = build_degradation("photo:noise=0,quality=95").observe(blob, seeded(seed))
    assert centre(seen.image) == pytest.approx([(row + 0.5) / 4 - 0.5, (column + 0.5) / 4 - 0.5], abs=0.03)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 3.0])
def test_a_round_blur_is_scipys(sigma):
    image = torch.rand(1, 1, 40, 50, generator=seeded())
    expected = gaussian_filter(image[0, 0].double().numpy(), sigma, mode="nearest", radius=math.ceil(4 * sigma))
    np.testing.assert_allclose(blur(image, sigma, sigma, 0.0)[0, 0].numpy(), expected, atol=2e-6)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 135.0])
def test_an_oblong_blur_lies_as_its_angle_says(angle):
    """Second moments of a blurred point: the squares of both deviations, turned."""
    spread = blur(impulse(61), 4.0, 1.5, angle)[0, 0].double()
    right, up = torch.arange(61.0) - 30, 30 - torch.arange(61.0)[:, None]
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    assert spread.sum() == pytest.approx(1, abs=1e-5)
    assert (spread * right**2).sum() == pytest.approx(16 * cos**2 + 2.25 * sin**2, rel=5e-3)
    assert (spread * up**2).sum() == pytest.approx(16 * sin**2 + 2.25 * cos**2, rel=5e-3)
    assert (spread * right * up).sum() == pytest.approx((16 - 2.25) * sin * cos, rel=5e-3, abs=1e-4)


def test_area_is_the_mean_of_what_is_covered():
    image = torch.rand(1, 3, 12, 20, generator=seeded())
    expected = image.reshape(1, 3, 3, 4, 5, 4).mean((3, 5))
    torch.testing.assert_close(resample(image, 3, 5, "area"), expected)
    halves = torch.tensor([[[[0.0, 3.0, 6.0]]]])
    torch.testing.assert_close(resample(halves, 1, 2, "area"), torch.tensor([[[[1.0, 5.0]]]]))


@pytest.mark.parametrize("kind", RESAMPLERS)
@pytest.mark.parametrize("size", [(7, 9), (30, 42)])
def test_resampling_commutes_with_mirrors(kind, size):
    image = torch.rand(1, 3, 16, 20, generator=seeded())
    mirrored = resample(image.flip(-1, -2), *size, kind).flip(-1, -2)
    torch.testing.assert_close(mirrored, resample(image, *size, kind), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (3, 14)])
def test_the_coding_is_jpegs_with_blocks_that_begin_anywhere(top, left):
    image = torch.rand(1, 3, 40, 48, generator=seeded())
    degradation = build_degradation("photo:scale=1,sigma=0.01,resize=1,noise=0,quality=40")
    params = {**degradation.draw(image, seeded()), "top": [top], "left": [left]}
    around = torch.nn.functional.pad(image, (left, 0, top, 0), mode="replicate")
    coded = build_degradation("jpeg")(around, {"quality": 40})[..., top:, left:]
    assert (degradation(image, params) - coded).abs().max() <= 3 / 255
    assert (degradation(image, params) - coded).abs().mean() < 1e-3


@pytest.mark.parametrize(("photon", "level", "expected"), [(0, 0.25, 0.06), (0, 0.5, 0.06), (1, 0.25, 0.03)])
def test_the_noise_has_its_deviation_and_photons_grow_with_the_light(photon, level, expected):
    flat = torch.full((1, 3, 256, 256), level)
    degradation = build_degradation(f"photo:scale=1,{GENTLE.replace('noise=0', 'noise=0.06')},photon={photon},gray=1")
    noise = degradation.observe(flat, seeded()).image - level
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert noise.std() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("photon", [0, 1])
def test_gray_noise_is_the_same_in_all_channels(photon):
    flat = torch.full((1, 3, 128, 128), 0.5)
    apart = {}
    for gray in (0, 1):
        text = f"photo:scale=1,sigma=0.01,resize=1,noise=0.1,photon={photon},gray={gray},quality=95"
        image = build_degradation(text).observe(flat, seeded()).image
        apart[gray] = (image - image.mean(1, keepdim=True)).std().item()
    assert apart[1] < 0.1 * apart[0]


def test_noise_between_is_softened_by_the_way_back():
    """Halved by area, four independent values make one: half the deviation."""
    flat = torch.full((1, 1, 256, 256), 0.5)
    degradation = build_degradation("photo:scale=1,sigma=0.01,resize=2,noise=0.08,photon=0,quality=95")
    params = {**degradation.draw(flat, seeded()), "back": ["area"]}
    assert degradation(flat, params).std() == pytest.approx(0.04, rel=0.05)


def test_its_signal_is_what_it_does_without_noise():
    images = textured(64, 80).expand(4, -1, -1, -1)
    noisy, clean = (build_degradation(f"photo:noise={noise}") for noise in (0.05, 0))
    params = noisy.draw(images, seeded())
    without = {**params, "noise": [0.0] * 4}
    assert torch.equal(noisy.signal(images, params), clean(images, without))
    assert not torch.equal(noisy(images, params), clean(images, without))


def test_draws_cover_their_ranges_and_keep_to_their_shares():
    degradation = build_degradation("photo:anisotropic=0.25,photon=0.5,gray=0.75")
    count = 2000
    drawn = degradation.draw(torch.zeros(count, 1, 1, 1), seeded())
    for name, low, high in (
        ("sigma", 0.2, 3.0), ("across", 0.2, 3.0), ("resize", 0.7, 2.0), ("noise", 0.0, 0.06), ("quality", 30, 95),
        ("top", 0, 15), ("left", 0, 15),
    ):  # fmt: skip
        assert low <= min(drawn[name]) < low + 0.02 * (high - low), name
        assert high - 0.02 * (high - low) < max(drawn[name]) <= high, name
    assert set(drawn["there"]) == set(drawn["back"]) == set(RESAMPLERS)
    oblong = [along != across for along, across in zip(drawn["sigma"], drawn["across"], strict=True)]
    assert [angle > 0 for angle in drawn["angle"]] == oblong
    for share, chosen in ((0.25, oblong), (0.5, drawn["photon"]), (0.75, drawn["gray"])):
        assert sum(chosen) / count == pytest.approx(share, abs=4 * 0.5 / math.sqrt(count))


@pytest.mark.parametrize("quality", [30, 95])
def test_the_surroundings_of_a_patch_in_training_are_enough(quality):
    """For the widest blur and a size between that is below the result's; JPEG's blocks lie anywhere, but alike in both.

    Colour is coded 16 pixels at once and smoothed beyond them, so the outermost pixels may differ a little.
    """
    image = textured(352, 352)
    degradation = build_degradation(f"photo:sigma=3,anisotropic=0,resize=0.75,noise=0,quality={quality}")
    margin = 32 - CONTEXT
    window = image[..., 4 * margin : -4 * margin, 4 * margin : -4 * margin]
    for seed in range(6):
        params = degradation.draw(image, seeded(seed))
        far = degradation(image, params)[..., 32:-32, 32:-32]
        shifted = {name: [(params[name][0] + margin) % 16] for name in ("top", "left")}
        near = degradation(window, {**params, **shifted})[..., CONTEXT:-CONTEXT, CONTEXT:-CONTEXT]
        assert near.shape == far.shape == (1, 3, 24, 24)
        assert (near - far).abs().max() <= 6 / 255
        assert (near - far).abs().mean() <= 0.05 / 255


@pytest.mark.parametrize(
    "options",
    [
        "scale=0", "sigma=0", "sigma=3+1", "anisotropic=1.5", "resize=0.05", "resize=11", "noise=-0.1", "photon=2",
        "gray=-1", "quality=0", "quality=96",
    ],
)  # fmt: skip
def test_options_that_cannot_be(options):
    with pytest.raises(UsageError, match="photo"):
        build_degradation(f"photo:{options}")
