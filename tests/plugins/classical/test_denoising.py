"""Denoising equals scikit-image's, gains what it should, and leaves alone what has no noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle

from restore.contracts import Observation
from restore.registry import registry
from restore_classical.denoising import estimate_sigma

SIGMA = 25 / 255


def build(name, **options):
    return registry().find("model", name).build(**options)


def run(model, image):
    return model(Observation(image=image))


def tensor(levels):
    """An array of 8 bits, ``(H, W)`` or ``(H, W, C)``, as ``(1, C, H, W)`` in [0, 1]."""
    array = np.atleast_3d(levels) / np.float32(255)
    return torch.from_numpy(array).permute(2, 0, 1)[None]


PHOTOS = {"gray": tensor(data.camera()[100:260, 100:260]), "colour": tensor(data.astronaut()[:160, 150:310])}


def noisy(image, sigma=SIGMA, seed=0):
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return (image + sigma * noise).clamp(0, 1)


def psnr(first, second):
    return -10 * torch.log10((first - second).square().mean()).item()


def variation(image):
    """Total variation by forward differences, as the functional counts it."""
    down = torch.diff(image, dim=-2, append=image[..., -1:, :])
    right = torch.diff(image, dim=-1, append=image[..., -1:])
    return (down**2 + right**2).sqrt().sum().item()


@pytest.mark.parametrize(
    ("name", "options", "photo", "gain"),
    [
        ("nlm", {"sigma": SIGMA}, "gray", 8.3),
        ("nlm", {"sigma": SIGMA}, "colour", 8.4),
        ("nlm", {}, "gray", 8.0),
        ("nlm", {}, "colour", 8.4),
        ("tv-chambolle", {}, "gray", 7.4),
        ("tv-chambolle", {}, "colour", 7.2),
    ],
)
def test_noise_of_sigma_25_is_taken_away(name, options, photo, gain):
    image = PHOTOS[photo]
    assert psnr(run(build(name, **options), noisy(image)), image) > psnr(noisy(image), image) + gain


def test_gray_nlm_is_scikit_images():
    image = noisy(PHOTOS["gray"])
    theirs = denoise_nl_means(
        image[0, 0].numpy(), patch_size=7, patch_distance=4, h=0.5 * SIGMA, sigma=SIGMA, fast_mode=True
    )
    ours = run(build("nlm", sigma=SIGMA, h=0.5, patch_size=7, patch_distance=4), image)[0, 0]
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=1e-6)


def test_colour_nlm_compares_the_patches_of_all_channels_at_once():
    image = noisy(PHOTOS["colour"])
    theirs = denoise_nl_means(
        image[0].numpy(), patch_size=5, patch_distance=6, h=0.6 * SIGMA, sigma=SIGMA, channel_axis=0
    )
    np.testing.assert_allclose(run(build("nlm", sigma=SIGMA), image)[0].numpy(), theirs, rtol=0, atol=1e-6)


def test_total_variation_is_scikit_images_channel_by_channel():
    image = noisy(PHOTOS["colour"])
    ours = run(build("tv-chambolle", weight=0.2), image)[0]
    for channel, plane in zip(ours, image[0], strict=True):
        theirs = denoise_tv_chambolle(plane.numpy(), weight=0.2)
        np.testing.assert_allclose(channel.numpy(), theirs, rtol=0, atol=1e-6)


def test_without_sigma_nlm_takes_the_one_it_estimates():
    image = noisy(PHOTOS["gray"])
    estimated = estimate_sigma(image[0].permute(1, 2, 0).numpy())
    assert torch.equal(run(build("nlm"), image), run(build("nlm", sigma=estimated), image))


def test_each_image_of_a_batch_has_a_sigma_of_its_own():
    batch = torch.cat([noisy(PHOTOS["gray"], 0.02), noisy(PHOTOS["gray"], 0.2)])
    together = run(build("nlm"), batch)
    for i in range(2):
        assert torch.equal(together[i : i + 1], run(build("nlm"), batch[i : i + 1]))


@given(st.floats(0.01, 0.1), st.integers(0, 999))
@settings(max_examples=20)
def test_the_sigma_of_noise_on_a_slope_is_found(sigma, seed):
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:200, :200] / 200
    image = (0.3 + 0.2 * x + 0.2 * y)[..., None] + sigma * generator.normal(size=(200, 200, 2))
    assert estimate_sigma(image.astype(np.float32)) == pytest.approx(sigma, rel=0.04)


@pytest.mark.parametrize("level", [10, 25])
@pytest.mark.parametrize("photo", PHOTOS)
def test_the_sigma_of_noise_on_a_photo_is_found(level, photo):
    image = noisy(PHOTOS[photo], level / 255)[0].permute(1, 2, 0).numpy()
    assert estimate_sigma(image) * 255 == pytest.approx(level, rel=0.1)


@pytest.mark.parametrize("shape", [(1, 1, 30, 30), (1, 3, 2, 9), (1, 3, 9, 2), (2, 1, 1, 1)])
def test_nlm_leaves_alone_what_has_no_noise_to_be_seen(shape):
    image = torch.rand(*shape[:2], 1, 1, generator=torch.Generator().manual_seed(1)).expand(shape)
    assert torch.equal(run(build("nlm"), image), image)


def test_nlm_with_no_noise_to_take_away_returns_the_image():
    assert torch.equal(run(build("nlm", sigma=0), PHOTOS["gray"]), PHOTOS["gray"])


@settings(max_examples=40)
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]), st.floats(1e-6, 2))
def test_nlm_of_an_image_smaller_than_a_patch_stays_within_its_values(height, width, channels, sigma):
    image = torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(height * width))
    restored = run(build("nlm", sigma=sigma), image)
    assert restored.shape == image.shape
    assert restored.min() >= image.min() - 1e-5
    assert restored.max() <= image.max() + 1e-5


@pytest.mark.parametrize("photo", PHOTOS)
def test_more_weight_leaves_less_variation_and_the_mean_as_it_is(photo):
    image = noisy(PHOTOS[photo])
    left = [variation(run(build("tv-chambolle", weight=weight), image)) for weight in (0.02, 0.1, 0.5)]
    assert variation(image) > left[0] > left[1] > left[2]
    smooth = run(build("tv-chambolle", weight=0.5), image)
    torch.testing.assert_close(smooth.mean((2, 3)), image.mean((2, 3)), rtol=0, atol=1e-5)
