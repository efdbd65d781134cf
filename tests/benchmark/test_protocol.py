"""A protocol's fields, hash, originals and what it measures."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from restore.benchmark import Protocol
from restore.errors import InputError, UsageError

OTHER = {
    "id": "other", "task": "denoising", "datasets": ("set5",), "baselines": ("nlm",), "image": "luma",
    "degradation": "bicubic:scale=4", "scale": 4, "degraded_rounding": "none", "seed": 1, "color": "y",
    "crop_border": "scale", "rounding": "uint8", "metrics": ("psnr",), "regions": ("image", "hole"),
    "ssim_window": 9, "ssim_sigma": 2.0, "ssim_k1": 0.02, "ssim_k2": 0.02, "lpips_version": "0.0",
}  # fmt: skip
"""A value for each field that is not its default."""
PLAIN = Protocol(id="plain")


def rgb(*colors):
    return torch.tensor(colors, dtype=torch.uint8).view(1, 1, -1, 3).permute(0, 3, 1, 2)


class TestHash:
    @pytest.mark.parametrize("name", OTHER)
    def test_every_field_counts(self, name):
        assert replace(PLAIN, **{name: OTHER[name]}).hash != PLAIN.hash

    def test_no_field_is_forgotten_here(self):
        assert {field.name for field in fields(Protocol)} == {*OTHER, "summary", "pooling", "home"}

    def test_the_summary_does_not_count(self):
        assert replace(PLAIN, summary="other words").hash == PLAIN.hash

    def test_it_is_sha256_of_the_sorted_fields(self):
        text = json.dumps({k: v for k, v in PLAIN.as_dict().items() if k != "summary"}, sort_keys=True)
        code = "import hashlib, sys; print(hashlib.sha256(sys.stdin.read().encode()).hexdigest())"
        compact = text.replace(", ", ",").replace(": ", ":")
        told = subprocess.run([sys.executable, "-c", code], input=compact, capture_output=True, text=True, check=True)
        assert told.stdout.strip() == PLAIN.hash

    def test_spelling_does_not_count(self):
        assert Protocol(id="plain", ssim_sigma=3, metrics=["psnr"]).hash == (
            Protocol(id="plain", ssim_sigma=3.0, metrics=("psnr",)).hash
        )

    def test_json_brings_it_back(self):
        every = Protocol(**OTHER)
        assert Protocol(**json.loads(json.dumps(every.as_dict()))) == every


class TestFields:
    def test_they_cannot_be_changed(self):
        with pytest.raises(FrozenInstanceError):
            PLAIN.crop_border = 4

    @pytest.mark.parametrize(
        ("field", "value", "told"),
        [
            ("color", "rbg", "did you mean 'rgb'"),
            ("image", "grey", "did you mean 'gray'"),
            ("crop_border", "scal", "crop_border must be"),
            ("crop_border", -1, "crop_border is -1"),
            ("crop_border", 1.5, "crop_border must be"),
            ("scale", 0, "scale is 0"),
            ("scale", 2.5, "must be a whole number"),
            ("seed", -1, "seed is -1"),
            ("metrics", ("psnr", "lpips:net=alex", "lpips:net=squeeze"), "lists the metric lpips twice"),
            ("regions", ("whole",), "regions must be"),
            ("ssim_window", 8, "its side is odd"),
            ("ssim_sigma", 0.0, "its sigma positive"),
            ("pooling", "median", "pooling must be"),
            ("datasets", (3,), "datasets must be"),
        ],
    )
    def test_values_that_cannot_be(self, field, value, told):
        with pytest.raises(UsageError, match=told) as caught:
            Protocol(**{"id": "own", field: value})
        assert "'own'" in str(caught.value)


class TestScale:
    def test_its_own_needs_not_be_given(self):
        own = Protocol(id="own", scale=3, crop_border="scale")
        assert (own.border(), own.border(3), own.at(None).crop_border) == (3, 3, 3)

    def test_another_is_refused(self):
        with pytest.raises(UsageError, match="is of scale 3, not 4"):
            Protocol(id="own", scale=3, crop_border=0).border(4)

    def test_a_scale_of_one_crops_one_pixel(self):
        free = Protocol(id="own", crop_border="scale")
        assert free.at(1).border() == 1
        with pytest.raises(UsageError, match="no scale is given"):
            free.at(None)


class TestOriginal:
    COLORS = rgb((0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 20, 30))

    def test_as_is_and_rgb_leave_colour_alone(self):
        for mode in ("as-is", "rgb"):
            assert torch.equal(Protocol(id="own", image=mode).original(self.COLORS), self.COLORS)

    def test_gray_is_luma_in_full_range_as_pillow_has_it(self):
        chance = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        ours = Protocol(id="own", image="gray").original(torch.from_numpy(chance).permute(2, 0, 1)[None])
        theirs = np.asarray(Image.fromarray(chance).convert("L"))
        assert ours.dtype == torch.uint8
        assert np.abs(ours[0, 0].numpy().astype(int) - theirs).max() <= 1  # it rounds in fixed point
        assert np.mean(ours[0, 0].numpy() == theirs) > 0.99

    def test_luma_is_matlabs_rgb2ycbcr_of_bytes(self):
        luma = Protocol(id="own", image="luma").original(self.COLORS)
        assert luma.dtype == torch.uint8
        assert luma.flatten().tolist() == [16, 235, 81, 145, 41, 32]

    @pytest.mark.parametrize("mode", ["gray", "luma"])
    def test_floats_give_the_same_levels(self, mode):
        own = Protocol(id="own", image=mode)
        levels = own.original(self.COLORS.float() / 255) * 255
        assert torch.allclose(levels, own.original(self.COLORS).float(), atol=1e-4)

    def test_gray_files(self):
        gray = torch.arange(4, dtype=torch.uint8).view(1, 1, 2, 2)
        for mode in ("as-is", "gray", "luma"):
            assert torch.equal(Protocol(id="own", image=mode).original(gray), gray)
        assert torch.equal(Protocol(id="own", image="rgb").original(gray), torch.cat([gray] * 3, 1))

    @given(height=st.integers(4, 30), width=st.integers(4, 30), scale=st.integers(1, 4))
    def test_sides_are_the_largest_multiples_of_the_scale_from_the_top_left(self, height, width, scale):
        image = torch.arange(height * width).view(1, 1, height, width).float() / (height * width)
        cut = Protocol(id="own", scale=scale).original(image)
        assert cut.shape[2] % scale == cut.shape[3] % scale == 0
        assert height - cut.shape[2] < scale > width - cut.shape[3]
        assert torch.equal(cut, image[..., : cut.shape[2], : cut.shape[3]])

    def test_an_image_smaller_than_the_scale(self):
        with pytest.raises(InputError, match="9 x 3 pixels are too few for a scale of 4"):
            Protocol(id="own", scale=4).original(torch.zeros(1, 1, 3, 9))


class TestPrepare:
    def test_results_are_clamped_and_rounded_like_a_file(self):
        image = torch.tensor([-0.1, 0.5 / 255, 1.5 / 255, 2.4 / 255, 1.2], dtype=torch.float64).view(1, 1, 1, 5)
        prepared = Protocol(id="own", rounding="uint8").prepare(image)
        assert prepared.flatten().tolist() == [0, 0, 2, 2, 255]

    def test_luma_is_not_rounded(self):
        [value] = Protocol(id="own", color="y", rounding="uint8").prepare(rgb((1, 2, 3))).flatten().tolist()
        assert value == pytest.approx(16 + (65.481 + 2 * 128.553 + 3 * 24.966) / 255, abs=1e-12)


class TestDescription:
    def test_everything_that_was_changed_is_said(self):
        text = Protocol(**{**OTHER, "crop_border": 7, "metrics": ("psnr", "ssim", "lpips:net=squeeze")}).describe()
        for said in (
            "other", "bicubic:scale=4", "multiples of 4", "not rounded", "65.481 R", "7 pixels cropped", "9 x 9",
            "sigma 2", "K1 0.02", "version 0.0", "network squeeze", "hole", "gray files as they are",
        ):  # fmt: skip
            assert said in text
        assert max(map(len, text.splitlines())) <= 80

    def test_a_protocol_that_only_measures_says_nothing_of_degradations(self):
        assert "input " not in PLAIN.describe()
        assert f"protocol  plain {PLAIN.hash[:12]}" in PLAIN.describe()


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.bool])
@pytest.mark.parametrize("rounding", ["uint8", "none"])
def test_what_is_neither_float_nor_bytes_has_no_levels(dtype, rounding):
    """200 of int32 would be 200 times white."""
    with pytest.raises(InputError, match="float or uint8, not"):
        replace(PLAIN, rounding=rounding).prepare(torch.ones(1, 3, 8, 8, dtype=dtype))
