"""Patches and what a degradation makes of them: aligned, drawn evenly, the same for the same step."""

from __future__ import annotations

import pytest
import torch

from restore.composition import build_degradation
from restore.contracts import Degradation
from restore.training import patches as patches_module
from restore.training.patches import FixedPatches, FreshPatches, Pair, degrade_all, is_random


def nothing(done, total):
    pass


def enlarged(low):
    return low.repeat_interleave(4, 1).repeat_interleave(4, 2)


def test_small_images_are_left_out_and_sides_become_multiples_of_the_scale():
    images = [torch.zeros(3, 70, 61, dtype=torch.uint8), torch.zeros(3, 20, 90, dtype=torch.uint8)]
    [pair] = degrade_all(images, build_degradation("bicubic:scale=4"), 32, nothing)
    assert (pair.original.shape, pair.degraded.shape) == ((3, 68, 60), (3, 17, 15))


def test_patches_are_aligned_under_every_symmetry():
    """Each low-resolution pixel holds the index of the 4x4 block of high resolution that it came from."""
    low = torch.arange(12 * 14, dtype=torch.uint8).view(1, 12, 14).repeat(3, 1, 1)
    patches = FixedPatches([Pair(original=enlarged(low), degraded=low)], scale=4, side=16, seed=0)
    for step in range(20):
        batch = patches.batch(step, 4)
        assert batch["degraded"].shape == (4, 3, 4, 4)
        blocks = batch["degraded"].repeat_interleave(4, 2).repeat_interleave(4, 3)
        assert torch.equal(blocks, batch["original"])


def test_every_position_and_symmetry_is_drawn():
    low = torch.arange(9, dtype=torch.uint8).view(1, 3, 3).repeat(3, 1, 1)
    patches = FixedPatches([Pair(original=enlarged(low), degraded=low)], scale=4, side=8, seed=0)
    seen = {tuple(p[0].flatten().mul(255).round().int().tolist()) for p in patches.batch(0, 400)["degraded"]}
    assert len(seen) == 4 * 8


def test_images_may_count_alike_whatever_their_size():
    large, small = (torch.full((3, side, side), value, dtype=torch.uint8) for side, value in ((40, 0), (4, 255)))
    pairs = [Pair(original=enlarged(low), degraded=low) for low in (large, small)]
    shares = {
        sampling: FixedPatches(pairs, scale=4, side=16, seed=0, sampling=sampling)
        .batch(0, 400)["degraded"].mean().item()
        for sampling in ("area", "image")
    }  # fmt: skip
    assert shares["area"] < 0.01
    assert shares["image"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("spec", "random"),
    [("bicubic:scale=4", False), ("jpeg:quality=40", False), ("gaussian-noise:sigma=0.1", True), ("mask-half", True)],
)
def test_a_degradation_that_draws_is_told_from_one_that_does_not(spec, random):
    assert is_random(build_degradation(spec)) is random


class Sometimes(Degradation):
    """Darkens one image in twenty."""

    def draw(self, image, generator):
        chances = [torch.rand((), generator=generator).item() for _ in image]
        return {"dark": [chance < 0.05 for chance in chances]}

    def forward(self, image, params):
        return torch.stack([one / 2 if dark else one for one, dark in zip(image, params["dark"], strict=True)])


class OfTheClock(Sometimes):
    """Draws from a source of its own, once in twenty times, and leaves the generator alone."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def draw(self, image, generator):
        self.calls += 1
        return {"dark": [self.calls % 20 == 0] * len(image)}


class GrayOnly(Degradation):
    def draw(self, image, generator):
        assert image.shape[1] == 1
        return {}


@pytest.mark.parametrize("harm", [Sometimes, OfTheClock])
def test_what_happens_once_in_twenty_times_is_random(harm):
    assert is_random(harm())


def test_a_degradation_is_asked_in_the_colours_of_the_training():
    assert not is_random(GrayOnly(), channels=1)


def texture(height, width):
    return torch.randint(0, 256, (3, height, width), generator=torch.Generator().manual_seed(5), dtype=torch.uint8)


def test_noise_is_drawn_anew_for_each_patch_and_again_for_the_same_step():
    noise = build_degradation("gaussian-noise:sigma=0.1")
    gray = torch.full((1, 40, 50), 128, dtype=torch.uint8)
    patches = FreshPatches([gray], noise, side=32, seed=0)
    first, again, other = patches.batch(7, 8), patches.batch(7, 8), patches.batch(8, 8)
    assert torch.equal(first["degraded"], again["degraded"])
    assert not torch.equal(first["degraded"], other["degraded"])
    error = first["degraded"] - first["original"]
    assert error.std(dim=(1, 2, 3)).tolist() == pytest.approx([0.1] * 8, rel=0.1)
    assert len({round(e.sum().item(), 6) for e in error}) == 8


@pytest.mark.parametrize(("top", "left"), [(0, 0), (40, 44), (96, 108), (4, 108)])
def test_a_fresh_patch_is_what_the_whole_image_degrades_to(monkeypatch, top, left):
    """At the image's border and away from it; bicubic looks 2 pixels of its result far."""
    monkeypatch.setattr(patches_module, "_place", lambda draw, image, side: (top, left, 0))
    image = texture(120, 132)
    shrink = build_degradation("bicubic:scale=4")
    exact = image[None].float() / 255
    whole = shrink(exact, shrink.draw(exact, torch.Generator()))[
        ..., top // 4 : top // 4 + 6, left // 4 : left // 4 + 6
    ]
    batch = FreshPatches([image], shrink, side=24, seed=3).batch(1, 1)
    torch.testing.assert_close(batch["degraded"], whole, rtol=0, atol=1e-6)
    assert torch.equal(batch["original"][0], image[:, top : top + 24, left : left + 24] / 255)


def test_a_mask_comes_with_its_patch():
    patches = FreshPatches([texture(64, 64)], build_degradation("mask-random:share=0.5"), side=32, seed=0)
    batch = patches.batch(2, 4)
    assert batch["mask"].shape == (4, 1, 32, 32)
    kept = (batch["mask"] == 0).expand(-1, 3, -1, -1)
    assert torch.equal(batch["degraded"][kept], batch["original"][kept])
    assert 0.4 < batch["mask"].mean() < 0.6


@pytest.mark.parametrize("text", ["mask-center:size=0.4", "gaussian-blur:sigma=1|mask-center:size=0.4"])
def test_the_mask_of_a_degradation_that_draws_nothing_comes_too(text):
    fixed = build_degradation(text)
    assert not is_random(fixed)
    pairs = degrade_all([texture(60, 50), texture(48, 48)], fixed, 32, nothing)
    batch = FixedPatches(pairs, scale=1, side=32, seed=0).batch(2, 16)
    assert batch["mask"].shape == (16, 1, 32, 32)
    assert batch["mask"].unique().tolist() == [0, 1]
    missing = (batch["mask"] == 1).expand(-1, 3, -1, -1)
    assert not batch["degraded"][missing].any()
    assert not torch.equal(batch["degraded"], batch["original"])
