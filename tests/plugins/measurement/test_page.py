"""docs/metrics.md says what the tests measure."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from skimage.metrics import structural_similarity

from restore.benchmark import Protocol
from restore_measurement.psnr import PSNR
from restore_measurement.ssim import SSIM

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "metrics.md").read_text("utf-8")


def row(start):
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {start}")]
    return [float(cell) for cell in line.replace("/", "|").split("|")[2:-1] if cell.strip()]


def test_the_row_of_rgb(bicubic_pair):
    pairs, rgb = [bicubic_pair(name) for name in ("baboon", "comic")], Protocol(id="rgb", crop_border=4)
    measured = [metric(*pair, rgb).item() for metric in (PSNR(), SSIM()) for pair in pairs]
    assert row("**restore** |") == pytest.approx(measured, abs=1e-6)


def test_the_rows_of_luma(bicubic_pair):
    pairs, luma = [bicubic_pair(name) for name in ("baboon", "comic")], Protocol(id="y", color="y", crop_border=4)
    measured = [metric(*pair, luma).item() for pair in pairs for metric in (PSNR(), SSIM())]
    assert row("**restore**: BT.601") == pytest.approx(measured, abs=2e-6)
    rounded = [[luma.prepare(image).round().byte() for image in pair] for pair in pairs]
    plain = Protocol(id="plain")
    measured = [metric(*pair, plain).item() for pair in rounded for metric in (PSNR(), SSIM())]
    assert row("the same, rounded to uint8") == pytest.approx(measured, abs=2e-5)


def test_the_row_of_scikit_image(bicubic_pair):
    cropped = [
        [image[0, :, 4:-4, 4:-4].permute(1, 2, 0).numpy() for image in bicubic_pair(n)] for n in ("baboon", "comic")
    ]
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    wang = [structural_similarity(*pair, channel_axis=2, **settings) for pair in cropped]
    assert row("scikit-image, `gaussian")[2:] == pytest.approx(wang, abs=1e-6)


def test_the_constants():
    one, two = (torch.full((1, 1, 16, 16), value / 255, dtype=torch.float64) for value in (1, 2))
    plain = Protocol(id="plain")
    for metric, digits in ((PSNR(), 7), (SSIM(), 10)):
        assert f"score {metric(one, two, plain).item():.{digits}f}" in PAGE


@pytest.mark.parametrize("value", ["0.428553", "0.605672", "0.389438", "0.572435", "0.391855", "0.567740"])
def test_values_of_other_libraries_are_those_that_are_tested(value):
    tests = (Path(__file__).parent / "test_psnr_ssim.py").read_text("utf-8")
    assert value in PAGE
    assert value in tests
