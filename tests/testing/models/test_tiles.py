"""Tiles against the whole image."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from restore.contracts import Model
from restore.testing.check import Inapplicable
from restore.testing.models import receptive_field, tiles_equal_whole


class Two(Model):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(), nn.Conv2d(8, 3, 5, padding=2))

    def forward(self, observation):
        return 0.5 + 0.3 * self.layers(observation.image)


class Pooled(Two):
    """A little of the whole image in every pixel."""

    share = 0.05

    def forward(self, observation):
        return super().forward(observation) + self.share * (observation.image.mean() - 0.5)


class Ramp(Two):
    """Knows where in the image it is."""

    def forward(self, observation):
        image = observation.image
        return super().forward(observation) * torch.linspace(0, 1, image.shape[3], dtype=image.dtype)


class Blocks(Model):
    """Means of blocks of 8 x 8 that begin at the corner; it pads what does not fill one."""

    def forward(self, observation):
        image = observation.image
        height, width = image.shape[2:]
        padded = F.pad(image, (0, -width % 8, 0, -height % 8), mode="replicate")
        means = F.avg_pool2d(padded, 8).repeat_interleave(8, 2).repeat_interleave(8, 3)
        return means[..., :height, :width]


class Filling(Model):
    def forward(self, observation):
        known = 1 - observation.mask
        near = F.avg_pool2d(observation.image * known, 5, 1, 2) / F.avg_pool2d(known, 5, 1, 2).clamp_min(1e-3)
        return torch.where(observation.mask > 0.5, near, observation.image)


class Upscaled(Two):
    def forward(self, observation):
        return super().forward(observation).repeat_interleave(3, 2).repeat_interleave(3, 3)


class Sampling(Model):
    def forward(self, observation):
        return observation.image + torch.randn_like(observation.image)


@pytest.mark.parametrize(
    ("made", "declared"),
    [
        (Two, {"tiling": "exact", "receptive_field": 9}),
        (Two, {"tiling": "approximate"}),
        (Upscaled, {"tiling": "exact", "receptive_field": 9, "scale": 3}),
        (Filling, {"tiling": "exact", "receptive_field": 5, "task": "inpainting"}),
        (Blocks, {"tiling": "exact", "receptive_field": 1, "multiple_of": 8}),
        (Pooled, {"tiling": "approximate", "receptive_field": 9}),
    ],
)
def test_true(judged, made, declared):
    assert judged(tiles_equal_whole, made, **declared) is None


@pytest.mark.parametrize("made", [Pooled, Ramp])
def test_what_is_not_exact(judged, made):
    said = judged(tiles_equal_whole, made, tiling="exact", receptive_field=9)
    assert "a halo of 4 pixels" in said
    assert "results that differ in" in said
    assert "tiling=approximate or forbidden" in said


class Gate(Model):
    """Dims bright images, and each tile as if it were one."""

    def forward(self, observation):
        image = observation.image
        return torch.where(image.mean((1, 2, 3), keepdim=True) > 0.7, 0.8 * image, image)


class Stretched(Model):
    """From the darkest to the brightest pixel of what it sees."""

    def forward(self, observation):
        image = observation.image
        low, high = image.amin((1, 2, 3), keepdim=True), image.amax((1, 2, 3), keepdim=True)
        return (image - low) / (high - low + 1e-6)


class Spot(Two):
    """One pixel of a tile is off: the mean hardly shows it."""

    def forward(self, observation):
        made = super().forward(observation)
        made[..., -1, -1] += 0.5 * (observation.image.mean() - 0.5)
        return made


@pytest.mark.parametrize("field", [1, 9, 33, 65])
def test_what_tells_bright_images_from_dark_ones(judged, field):
    assert "results that differ in" in judged(tiles_equal_whole, Gate, tiling="exact", receptive_field=field)


@pytest.mark.parametrize("field", [None, 9, 33, 129])
def test_a_stretch_of_contrast_is_not_nearly_so(judged, field):
    said = judged(tiles_equal_whole, Stretched, tiling="approximate", receptive_field=field)
    assert "0.1 anywhere" in said
    assert "or tiling=forbidden" in said


def test_a_receptive_field_that_is_too_small(judged):
    said = judged(tiles_equal_whole, Two, tiling="exact", receptive_field=7)
    assert "a halo of 3 pixels" in said
    assert "see the check receptive-field" in said


def test_a_multiple_that_is_not_declared(judged):
    """Every block lies within the declared field, but tiles cut blocks."""
    declared = {"tiling": "exact", "receptive_field": 16}
    assert judged(receptive_field, Blocks, **declared) is None
    assert "its multiple_of" in judged(tiles_equal_whole, Blocks, **declared)


def test_what_is_not_even_nearly_so(judged):
    said = judged(tiles_equal_whole, Ramp, tiling="approximate", receptive_field=9)
    assert "by at most 0.02 in the mean" in said
    assert "or tiling=forbidden" in said


@pytest.mark.parametrize(
    ("made", "declared", "reason"),
    [
        (Ramp, {"tiling": "forbidden"}, "declares tiling=forbidden"),
        (Ramp, {"tiling": "internal"}, "declares tiling=internal"),
        (Ramp, {"tiling": "discouraged"}, "declares tiling=discouraged"),
        (Ramp, {"tiling": "approximate", "fixed_size": (20, 30)}, "takes images of one size"),
        (Sampling, {"tiling": "approximate", "stochastic": True}, "it is stochastic"),
    ],
)
def test_nothing_to_say(judged, made, declared, reason):
    with pytest.raises(Inapplicable, match=reason):
        judged(tiles_equal_whole, made, **declared)
