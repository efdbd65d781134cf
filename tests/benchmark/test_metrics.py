"""PSNR and SSIM against published values, closed forms and scikit-image."""

from __future__ import annotations

import math

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from restore.benchmark import metrics, psnr, ssim
from restore.errors import InputError, UsageError


def nchw(array):
    array = np.asarray(array)
    array = array[..., None] if array.ndim == 2 else array
    return torch.from_numpy(array.copy()).permute(2, 0, 1)[None]


def constant(value, channels=1, size=16):
    return torch.full((1, channels, size, size), float(value), dtype=torch.float64)


def reference_ssim(a, b, peak):
    """scikit-image with Wang's settings; it crops the 5 pixels where the window overhangs."""
    return structural_similarity(
        a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=peak,
        channel_axis=2 if a.ndim == 3 else None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def camera_pair():
    camera = skimage.data.camera()
    noise = np.random.RandomState(5)
    return camera, np.clip(camera + 20 * noise.randn(*camera.shape), 0, 255).astype(camera.dtype)


class TestPsnr:
    def test_constants_one_and_two_of_255(self):
        assert psnr(constant(1), constant(2), peak=255).item() == pytest.approx(48.1308036, abs=1e-6)

    def test_kornia_doctest(self):
        assert psnr(constant(1), constant(1.2), peak=2).item() == pytest.approx(20.0, abs=1e-9)

    def test_torchmetrics_docstring(self):
        prediction = torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]])
        target = torch.tensor([[[[3.0, 2.0], [1.0, 0.0]]]])
        assert psnr(prediction, target, peak=3).item() == pytest.approx(2.5527, abs=5e-5)

    def test_camera_of_scikit_image(self, camera_pair):
        camera, noisy = camera_pair
        assert psnr(nchw(noisy), nchw(camera), peak=255).item() == pytest.approx(22.4093533, abs=1e-4)

    def test_identical_images_score_infinity(self):
        assert psnr(constant(0.3), constant(0.3)).item() == math.inf

    def test_60_db_reads_60_since_nothing_is_added_to_the_error(self):
        assert psnr(constant(0.5), constant(0.501)).item() == pytest.approx(60.0, abs=1e-9)

    def test_every_image_of_a_batch_has_its_own_score(self):
        target = torch.zeros(2, 1, 16, 16, dtype=torch.float64)
        prediction = torch.stack([constant(0.1)[0], constant(0.01)[0]])
        scores = psnr(prediction, target)
        assert scores.tolist() == pytest.approx([20.0, 40.0], abs=1e-9)
        assert scores.mean().item() == pytest.approx(30.0, abs=1e-9)  # pooled errors would read 22.967


class TestSsim:
    @pytest.mark.parametrize(("channels", "size"), [(1, 11), (1, 16), (3, 20)])
    def test_constants_have_a_closed_form(self, channels, size):
        score = ssim(constant(1, channels, size), constant(2, channels, size), peak=255)
        assert score.item() == pytest.approx(0.9130623777439687, abs=1e-9)

    def test_camera_under_wangs_settings(self, camera_pair):
        camera, noisy = camera_pair
        score = ssim(nchw(noisy), nchw(camera), peak=255).item()
        assert score == pytest.approx(0.357959091663361, abs=1e-3)  # IPOL
        assert score == pytest.approx(0.357964236, abs=1e-9)
        assert score == pytest.approx(reference_ssim(noisy, camera, 255), abs=1e-12)

    @pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
    def test_photographs_agree_with_scikit_image(self, name):
        photo = getattr(skimage.data, name)()[:157, :203]
        blurred = (photo.astype(float) + np.roll(photo, 1, axis=1)) / 2
        expected = reference_ssim(blurred, photo.astype(float), 255)
        assert ssim(nchw(blurred), nchw(photo), peak=255).item() == pytest.approx(expected, abs=1e-12)

    @given(
        height=st.integers(11, 40), width=st.integers(11, 40), channels=st.sampled_from([1, 3]),
        seed=st.integers(0, 2**32 - 1),
    )  # fmt: skip
    @settings(max_examples=25)
    def test_random_images_agree_with_scikit_image(self, height, width, channels, seed):
        chance = np.random.default_rng(seed)
        a, b = chance.random((2, height, width, channels))
        expected = reference_ssim(a, b, 1.0)
        assert ssim(nchw(a), nchw(b)).item() == pytest.approx(expected, abs=1e-9)

    def test_identical_images_score_one(self):
        image = torch.rand(2, 3, 20, 30, generator=torch.Generator().manual_seed(0))
        assert ssim(image, image).tolist() == pytest.approx([1.0, 1.0], abs=1e-12)

    def test_image_smaller_than_the_window(self):
        with pytest.raises(InputError, match="needs 11 x 11"):
            ssim(constant(0, 1, 10), constant(0, 1, 10))

    def test_even_window(self):
        with pytest.raises(UsageError, match="odd"):
            ssim(constant(0), constant(0), window=8)


@pytest.mark.parametrize("metric", [psnr, ssim])
class TestBoth:
    def test_bands_do_not_change_the_score(self, metric, monkeypatch):
        generator = torch.Generator().manual_seed(1)
        a, b = (torch.rand(2, 3, 61, 23, generator=generator, dtype=torch.float64) for _ in range(2))
        whole = metric(a, b)
        monkeypatch.setattr(metrics, "BAND", 7)
        assert metric(a, b).tolist() == pytest.approx(whole.tolist(), abs=1e-12)

    def test_float32_and_bytes_are_measured_in_float64(self, metric):
        levels = torch.randint(0, 256, (1, 3, 32, 32), generator=torch.Generator().manual_seed(2))
        other = (levels + 3).clamp(max=255)
        expected = metric(levels.double(), other.double(), peak=255)
        assert expected.dtype == torch.float64
        assert metric(levels.byte(), other.byte(), peak=255).equal(expected)
        assert metric(levels.float(), other.float(), peak=255).equal(expected)

    def test_the_peak_is_only_a_unit(self, metric):
        generator = torch.Generator().manual_seed(3)
        a, b = (torch.rand(1, 1, 24, 24, generator=generator, dtype=torch.float64) for _ in range(2))
        assert metric(a * 255, b * 255, peak=255).item() == pytest.approx(metric(a, b).item(), abs=1e-10)

    def test_order_of_the_images_does_not_matter(self, metric):
        generator = torch.Generator().manual_seed(4)
        a, b = (torch.rand(1, 3, 24, 24, generator=generator) for _ in range(2))
        assert metric(a, b).item() == pytest.approx(metric(b, a).item(), abs=1e-12)

    def test_shapes_that_differ(self, metric):
        with pytest.raises(InputError, match=r"\(1, 1, 16, 16\) and \(1, 3, 16, 16\)"):
            metric(constant(0), constant(0, 3))

    def test_missing_batch_dimension(self, metric):
        with pytest.raises(InputError, match="must be"):
            metric(constant(0)[0], constant(0)[0])

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_an_image_with_values_that_are_not_finite_has_no_score_and_the_others_have_theirs(self, metric, value):
        broken, good = constant(0.5).repeat(3, 1, 1, 1), constant(0.25).repeat(3, 1, 1, 1)
        broken[1, 0, 3, 3] = value
        alone = metric(constant(0.5), constant(0.25)).item()
        for scores in (metric(broken, good), metric(good, broken)):
            assert scores.tolist() == pytest.approx([alone, math.nan, alone], nan_ok=True)

    def test_a_device_without_float64(self, metric):
        class OnMps(torch.Tensor):
            device = torch.device("mps")

        image = constant(0.5).as_subclass(OnMps)
        with pytest.raises(InputError, match=r"mps does not have") as caught:
            metric(image, image)
        assert ".cpu()" in caught.value.cure

    def test_peak_of_zero(self, metric):
        with pytest.raises(UsageError, match="peak"):
            metric(constant(0), constant(0), peak=0)
