"""PSNR and SSIM as components, against MATLAB's published values, and what other libraries make of the same images."""

from __future__ import annotations

import math

import kornia
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from restore.benchmark import Protocol
from restore.benchmark.color import full_luma
from restore.benchmark.columns import reading
from restore.errors import InputError
from restore.registry import registry
from restore_measurement.psnr import PSNR
from restore_measurement.ssim import SSIM

RGB, Y = (Protocol(id=color, color=color, crop_border=4) for color in ("rgb", "y"))


class TestPublishedValues:
    """BasicSR's ``metrics/README.md``: MATLAB for RGB, unrounded Y of BT.601 in studio range."""

    @pytest.mark.parametrize(
        ("name", "protocol", "psnr", "ssim"),
        [
            ("baboon", RGB, 20.419710, 0.391853),
            ("comic", RGB, 20.239912, 0.567738),
            ("baboon", Y, 22.441898, 0.453097),
            ("comic", Y, 21.720398, 0.585511),
        ],
    )
    def test_bicubic(self, bicubic_pair, name, protocol, psnr, ssim):
        prediction, target = bicubic_pair(name)
        assert PSNR()(prediction, target, protocol).item() == pytest.approx(psnr, abs=2e-6)
        assert SSIM()(prediction, target, protocol).item() == pytest.approx(ssim, abs=1e-6)

    def test_the_synthetic_pair(self, synthetic):
        """The 64 x 64 image of closed form; values of independent code."""
        first, second = synthetic
        plain = Protocol(id="plain")
        assert PSNR()(second, first, plain).item() == pytest.approx(32.495112167, abs=1e-8)
        assert PSNR()(second, first, RGB).item() == pytest.approx(32.448786368, abs=1e-8)
        assert PSNR()(second, first, Y).item() == pytest.approx(33.770707680, abs=1e-6)
        assert SSIM()(second, first, RGB).item() == pytest.approx(0.836542546, abs=1e-8)
        assert SSIM()(second, first, Y).item() == pytest.approx(0.840794399, abs=1e-8)

    def test_studio_luma_of_gray_noise_is_219_of_255_levels(self):
        gray = torch.rand(1, 1, 24, 24, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        image = gray.expand(-1, 3, -1, -1) / 2
        gap = PSNR()(image + 0.1, image, Y).item() - PSNR()(image + 0.1, image, RGB).item()
        assert gap == pytest.approx(1.321921, abs=1e-6)


@pytest.fixture
def synthetic():
    y, x = np.mgrid[0:64, 0:64]
    first = np.stack([(4 * x) % 256, (4 * y) % 256, (2 * (x + y)) % 256], -1).astype(np.uint8)
    change = np.where((x // 8 + y // 8) % 2 == 0, 7, -5)[..., None]
    second = np.clip(first + change, 0, 255).astype(np.uint8)
    return tuple(torch.from_numpy(image.transpose(2, 0, 1).copy())[None] for image in (first, second))


class TestOtherLibraries:
    """The rows of docs/metrics.md whose libraries are installed."""

    @pytest.mark.parametrize(("name", "value"), [("baboon", 0.428553), ("comic", 0.605672)])
    def test_scikit_image_by_default(self, bicubic_pair, name, value):
        first, second = (image[0, :, 4:-4, 4:-4].permute(1, 2, 0).numpy() for image in bicubic_pair(name))
        assert structural_similarity(first, second, channel_axis=2) == pytest.approx(value, abs=1e-6)

    @pytest.mark.parametrize(("name", "same", "valid"), [("baboon", 0.389438, 0.391855), ("comic", 0.572435, 0.567740)])
    def test_kornia(self, bicubic_pair, name, same, valid):
        first, second = (image[..., 4:-4, 4:-4].float() / 255 for image in bicubic_pair(name))
        for padding, value in (("same", same), ("valid", valid)):
            found = kornia.metrics.ssim(first, second, 11, padding=padding).mean().item()
            assert found == pytest.approx(value, abs=2e-6)

    @pytest.mark.parametrize(("name", "value"), [("baboon", 0.389430), ("comic", 0.572429)])
    def test_torchmetrics(self, bicubic_pair, name, value):
        # It imports torchvision, which raises RuntimeError where it was built for another torch.
        functional = pytest.importorskip("torchmetrics.functional.image", exc_type=(ImportError, RuntimeError))
        first, second = (image[..., 4:-4, 4:-4].float() for image in bicubic_pair(name))
        found = functional.structural_similarity_index_measure(first, second, data_range=255.0)
        assert found.item() == pytest.approx(value, abs=2e-5)

    @pytest.mark.parametrize(("name", "value"), [("baboon", 21.119976), ("comic", 20.398476)])
    def test_luma_in_full_range(self, bicubic_pair, name, value):
        first, second = (full_luma(image[..., 4:-4, 4:-4]) for image in bicubic_pair(name))
        found = PSNR()(first / 255, second / 255, Protocol(id="plain")).item()
        assert found == pytest.approx(value, abs=5e-6)


class TestHole:
    def test_psnr_of_the_missing_pixels_by_hand(self):
        """Half of the pixels are off by 0.1, and only they are missing: 20 dB there, 3.01 dB more on the whole."""
        target = torch.full((2, 3, 20, 20), 0.5, dtype=torch.float64)
        prediction = target.clone()
        prediction[:, :, :10] += 0.1
        mask = torch.zeros(2, 1, 20, 20)
        mask[:, :, :10] = 1
        plain = Protocol(id="plain")
        assert PSNR()(prediction, target, plain, mask=mask).tolist() == pytest.approx([20, 20], abs=1e-9)
        whole = PSNR()(prediction, target, plain).tolist()
        assert whole == pytest.approx([20 + 10 * math.log10(2)] * 2, abs=1e-9)
        assert PSNR()(prediction, target, plain, mask=1 - mask).tolist() == [math.inf] * 2

    @given(height=st.integers(12, 70), width=st.integers(12, 70), seed=st.integers(0, 2**31))
    @settings(max_examples=20)
    def test_ssim_averages_scikit_images_map_over_the_hole(self, height, width, seed):
        chance = np.random.default_rng(seed)
        first, second = chance.random((2, height, width))
        mask = chance.random((height, width)) < 0.3
        mask[height // 2, width // 2] = True
        _, whole = structural_similarity(
            first, second, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, full=True
        )
        expected = whole[5:-5, 5:-5][mask[5:-5, 5:-5]].mean()
        tensors = [torch.from_numpy(array)[None, None] for array in (first, second, mask)]
        score = SSIM()(*tensors[:2], Protocol(id="plain"), mask=tensors[2].float())
        assert score.item() == pytest.approx(expected, abs=1e-9)

    @pytest.mark.parametrize("metric", [PSNR(), SSIM()])
    def test_the_mask_is_cropped_as_the_images_are(self, metric):
        generator = torch.Generator().manual_seed(0)
        first, second = (torch.rand(1, 3, 40, 44, generator=generator) for _ in range(2))
        mask = (torch.rand(1, 1, 40, 44, generator=generator) < 0.5).float()
        inner = [image[..., 4:-4, 4:-4] for image in (first, second, mask)]
        expected = metric(*inner[:2], Protocol(id="plain"), mask=inner[2])
        assert metric(first, second, RGB, mask=mask).equal(expected)

    @pytest.mark.parametrize("metric", [PSNR(), SSIM()])
    def test_a_mask_of_everything_changes_nothing_and_one_of_nothing_is_refused(self, metric):
        generator = torch.Generator().manual_seed(0)
        first, second = (torch.rand(2, 3, 60, 900, generator=generator) for _ in range(2))
        plain = Protocol(id="plain")
        all_of_it = metric(first, second, plain, mask=torch.ones(2, 1, 60, 900))
        assert all_of_it.tolist() == pytest.approx(metric(first, second, plain).tolist(), abs=1e-12)
        empty = torch.ones(2, 1, 60, 900)
        empty[1] = 0
        with pytest.raises(InputError, match="no pixel to measure"):
            metric(first, second, plain, mask=empty)
        with pytest.raises(InputError, match="the mask is"):
            metric(first, second, plain, mask=torch.ones(2, 1, 60, 60))


@pytest.mark.parametrize(
    ("name", "label"),
    [("psnr", "PSNR"), ("ssim", "SSIM"), ("lpips", "LPIPS"), ("lr-consistency", "LR consistency"),
     ("accuracy", "Accuracy")],
)  # fmt: skip
def test_every_metric_is_registered_and_says_how_it_is_read(name, label):
    metric = registry().find("metric", name).build()
    assert metric.higher_is_better is (name != "lpips")
    unit, digits = ("dB", 2) if name in ("psnr", "lr-consistency") else ("", 4)
    told = reading(metric, name)
    assert (told["unit"], told["digits"], told["label"]) == (unit, digits, label)
    said = metric.describe()
    assert said
    assert "\n" not in said
