"""Protocols, and scores of images of every kind."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

import restore
from restore.benchmark import Protocol
from restore.benchmark.color import studio_luma
from restore.benchmark.evaluation import measure
from restore.errors import InputError, UnknownNameError, UsageError


@pytest.fixture(scope="module")
def pair():
    """A pattern and a disturbed copy, whose scores were computed independently."""
    y, x = np.mgrid[0:64, 0:64]
    target = np.stack([(4 * x) % 256, (4 * y) % 256, (2 * (x + y)) % 256], -1).astype(np.uint8)
    disturbance = np.where((x // 8 + y // 8) % 2 == 0, 7, -5)[..., None]
    return np.clip(target + disturbance, 0, 255).astype(np.uint8), target


def gray(value, size=16):
    return np.full((size, size), value, np.uint8)


class TestGoldens:
    def test_rgb(self, pair):
        assert restore.evaluate(*pair)["psnr"] == pytest.approx(32.495112167, abs=1e-6)

    def test_sr_rgb(self, pair):
        scores = restore.evaluate(*pair, protocol="sr-rgb", scale=4)
        assert scores["psnr"] == pytest.approx(32.448786368, abs=1e-6)
        assert scores["ssim"] == pytest.approx(0.836542546, abs=1e-6)

    def test_sr_y(self, pair):
        scores = restore.evaluate(*pair, protocol="sr-y", scale=4)
        assert scores["psnr"] == pytest.approx(33.770707680, abs=1e-6)
        assert scores["ssim"] == pytest.approx(0.840794399, abs=1e-6)

    def test_constants_in_luma(self):
        one, two = (np.full((16, 16, 3), v, np.uint8) for v in (1, 2))
        scores = restore.evaluate(one, two, protocol="y")
        assert scores["psnr"] == pytest.approx(49.4527249, abs=1e-6)
        assert scores["ssim"] == pytest.approx(0.9987801, abs=1e-6)

    def test_luma_is_studio_range_so_gray_noise_gains_1_32_db(self):
        chance = np.random.default_rng(0)
        clean = chance.integers(40, 200, (32, 32, 1), dtype=np.uint8).repeat(3, axis=2)
        noisy = clean + chance.integers(0, 20, (32, 32, 1), dtype=np.uint8)
        gain = restore.evaluate(noisy, clean, protocol="y")["psnr"] - restore.evaluate(noisy, clean)["psnr"]
        assert gain == pytest.approx(20 * math.log10(255 / 219), abs=1e-9)


class TestLuma:
    def test_black_and_white(self):
        ends = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 1, 1)
        assert (studio_luma(ends) * 255).flatten().tolist() == pytest.approx([16.0, 235.0], abs=1e-9)

    def test_is_float64_and_in_the_unit_of_its_input(self):
        rgb = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
        luma = studio_luma(rgb)
        assert luma.dtype == torch.float64
        assert torch.allclose(studio_luma(rgb.double() * 255, 255), luma * 255, atol=1e-10)

    def test_gray_is_refused(self):
        with pytest.raises(InputError, match="RGB"):
            studio_luma(torch.zeros(1, 1, 4, 4))


class TestKinds:
    def test_every_kind_of_image_scores_the_same(self, pair, tmp_path):
        prediction, target = pair
        expected = restore.evaluate(prediction, target)
        path = tmp_path / "prediction.png"
        Image.fromarray(prediction).save(path)
        buffer = io.BytesIO()
        Image.fromarray(prediction).save(buffer, "PNG")
        tensor = torch.from_numpy(prediction).permute(2, 0, 1)
        for same in (path, str(path), buffer.getvalue(), Image.fromarray(prediction), tensor, tensor[None]):
            assert restore.evaluate(same, target) == expected

    def test_dtypes_may_differ(self, pair):
        prediction, target = pair
        expected = pytest.approx(restore.evaluate(prediction, target), abs=1e-9)
        assert restore.evaluate(prediction.astype(np.uint16) * 257, target) == expected
        assert restore.evaluate(prediction / 255, target) == expected

    def test_the_mean_of_a_batch_is_the_mean_of_its_scores(self):
        target = torch.zeros(2, 1, 16, 16)
        prediction = torch.stack([torch.full((1, 16, 16), 0.1), torch.full((1, 16, 16), 0.01)])
        assert restore.evaluate(prediction, target)["psnr"] == pytest.approx(30.0, abs=1e-5)

    def test_opaque_alpha_is_ignored_and_transparency_refused(self):
        opaque = np.full((16, 16, 4), 255, np.uint8)
        assert restore.evaluate(opaque, np.full((16, 16, 3), 255, np.uint8))["psnr"] == math.inf
        opaque[0, 0, 3] = 254
        with pytest.raises(InputError, match="transparent"):
            restore.evaluate(opaque, np.full((16, 16, 3), 255, np.uint8))


class TestProtocols:
    def test_rounding_hides_what_a_file_would_not_keep(self):
        target = np.full((32, 32), 100 / 255)
        prediction = target + 0.3 / 255
        assert restore.evaluate(prediction, target)["psnr"] < 60
        assert restore.evaluate(prediction, target, protocol="sr-rgb", scale=1)["psnr"] == math.inf

    def test_the_border_is_cropped_by_the_scale(self):
        target = gray(100, 40)
        prediction = target.copy()
        prediction[:4] = prediction[:, :4] = prediction[-4:] = prediction[:, -4:] = 0
        assert restore.evaluate(prediction, target, protocol="sr-y", scale=4)["psnr"] == math.inf
        assert restore.evaluate(prediction, target, protocol="sr-y", scale=3)["psnr"] < 40

    def test_gray_is_measured_as_it_is(self):
        assert restore.evaluate(gray(1), gray(2), protocol="y") == restore.evaluate(gray(1), gray(2))

    def test_a_protocol_of_ones_own(self):
        own = Protocol(id="own", crop_border=2, ssim_window=3)
        assert restore.evaluate(gray(1, 8), gray(2, 8), protocol=own)["psnr"] == pytest.approx(48.1308036)


PARTS = """
import torch
from restore.errors import InputError, WeightsError

class Distance:
    higher_is_better, unit = False, ""

    def __init__(self, power: float = 2.0):
        self.power = power

    def __call__(self, prediction, target, protocol):
        error = (prediction.double() - target.double()).abs() ** self.power
        return error.mean((1, 2, 3)) + protocol.border()

class Locked(Distance):
    def __init__(self):
        raise WeightsError("the trunk is missing", "fetch it")

class Picky(Distance):
    def __call__(self, prediction, target, protocol):
        raise InputError("16 x 16 pixels are too few", "use larger images")
"""
PLUGIN = """
from restore.plugin import MetricSpec, hookimpl

@hookimpl
def restore_metrics():
    return [MetricSpec(name=n.lower(), factory=f"restore_far.parts:{n}") for n in ("Distance", "Locked", "Picky")]
"""


class TestMetrics:
    @pytest.fixture(autouse=True)
    def plugin(self, site):
        site.install("restore-far", PLUGIN, files={"parts.py": PARTS})

    def test_a_plugins_metric_gets_whole_images_its_options_and_the_border(self):
        own = Protocol(id="own", metrics=("distance:power=3", "psnr"), crop_border="scale")
        scores = restore.evaluate(gray(3), gray(1), protocol=own, scale=4)
        assert scores == {"distance": 8 + 4, "psnr": pytest.approx(10 * math.log10(255**2 / 4), abs=1e-9)}

    def test_what_cannot_be_computed_is_left_out_and_told(self):
        own = Protocol(id="own", metrics=("psnr", "locked", "picky"))
        assert restore.evaluate(gray(1), gray(2), protocol=own) == {"psnr": pytest.approx(48.1308036, abs=1e-6)}
        found = measure(gray(1), gray(2), protocol=own)
        assert found.reasons == {
            "locked": "the trunk is missing; fetch it",
            "picky": "16 x 16 pixels are too few; use larger images",
        }

    def test_the_hole_is_not_measured_and_told(self):
        own = Protocol(id="own", metrics=("psnr", "distance"), regions=("image", "hole"))
        found = measure(gray(1), gray(2), protocol=own)
        assert found.values.keys() == {"psnr", "distance"}
        assert found.reasons.keys() == {"psnr-hole"}  # the other has no such score anywhere
        assert "restore bench measures it" in found.reasons["psnr-hole"]

    def test_a_metric_that_does_not_exist_is_an_error(self):
        with pytest.raises(UnknownNameError, match="did you mean distance"):
            restore.evaluate(gray(1), gray(2), protocol=Protocol(id="own", metrics=("distence",)))

    def test_an_option_that_does_not_exist_is_an_error(self):
        with pytest.raises(UsageError, match="did you mean 'power'"):
            restore.evaluate(gray(1), gray(2), protocol=Protocol(id="own", metrics=("distance:powr=3",)))


class TestErrors:
    def test_sizes_are_told_with_names(self):
        with pytest.raises(InputError, match=r"\(16, 16\) is 16 x 16, and .*\(12, 20\) is 20 x 12"):
            restore.evaluate(gray(0), np.zeros((12, 20), np.uint8))

    def test_gray_against_rgb(self):
        with pytest.raises(InputError, match=r"is gray, and .* is RGB"):
            restore.evaluate(gray(0), np.zeros((16, 16, 3), np.uint8))

    def test_floats_out_of_range(self):
        with pytest.raises(InputError, match=r"0 to 200; floats lie in \[0, 1\]"):
            restore.evaluate(np.linspace(0, 200, 256).reshape(16, 16), gray(0))

    def test_batches_that_differ(self):
        with pytest.raises(InputError, match="holds 2 images"):
            restore.evaluate(torch.zeros(2, 1, 16, 16), torch.zeros(1, 1, 16, 16))

    def test_too_small_for_the_window_after_cropping(self):
        """PSNR needs no window, so it is told."""
        scores = measure(gray(0), gray(0), protocol="sr-y", scale=4)
        assert scores.values == {"psnr": math.inf}
        assert "needs 11 x 11 pixels after cropping, and there are 8 x 8" in scores.reasons["ssim"]

    def test_nothing_left_after_cropping(self):
        with pytest.raises(InputError, match="nothing is left"):
            restore.evaluate(gray(0), gray(0), protocol="sr-y", scale=8)

    def test_scale_that_is_needed(self):
        with pytest.raises(UsageError, match="no scale is given"):
            restore.evaluate(gray(0), gray(0), protocol="sr-y")

    def test_scale_of_zero(self):
        with pytest.raises(UsageError, match="scale is 0"):
            restore.evaluate(gray(0), gray(0), scale=0)

    def test_unknown_protocol(self):
        with pytest.raises(UnknownNameError, match="did you mean sr-y"):
            restore.evaluate(gray(0), gray(0), protocol="sry")
