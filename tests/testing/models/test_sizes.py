"""What goes in at the sizes that are declared, and what comes out."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from restore.contracts import Model
from restore.testing.models import any_size, output_shape


class Same(Model):
    def forward(self, observation):
        return observation.image


class Twice(Model):
    def forward(self, observation):
        return observation.image.repeat_interleave(2, 2).repeat_interleave(2, 3)


class ByOption(Twice):
    scale = 2


class Strided(Model):
    """Takes multiples of 4."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 4, 4, 4), nn.ConvTranspose2d(4, 3, 4, 4)

    def forward(self, observation):
        return self.up(self.down(observation.image))


class Skipping(Strided):
    """As a U-Net: the skip does not fit if a side is no multiple of 4."""

    def forward(self, observation):
        return super().forward(observation) + observation.image


class Mirroring(Model):
    """Takes sides from 4 on."""

    def forward(self, observation):
        return F.avg_pool2d(F.pad(observation.image, (3, 3, 3, 3), mode="reflect"), 7, 1)


class Colour(Model):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, observation):
        return self.layer(observation.image)


class WithAlpha(Model):
    def forward(self, observation):
        return torch.cat([observation.image, observation.image[:, :1]], 1)


class First(Model):
    def forward(self, observation):
        return observation.image[:1]


class Listing(Model):
    def forward(self, observation):
        return [observation.image]


class OneSize(Model):
    def forward(self, observation):
        assert observation.image.shape[2:] == (12, 16)
        return observation.image


class NarrowFails(Model):
    """Refuses what its declared min_size allows once it is thin."""

    def forward(self, observation):
        image = observation.image
        return image / (0 if image.shape[3] == 6 else 1)


class NoModel(nn.Module):
    pass


@pytest.mark.parametrize(
    ("made", "declared"),
    [
        (Same, {"channels": (1, 3)}),
        (Same, {"channels": (1,)}),
        (Twice, {"scale": 2}),
        (ByOption, {"scale": None}),
        (Strided, {"multiple_of": 4}),
        (Skipping, {"multiple_of": 4, "min_size": 6}),
        (Mirroring, {"min_size": 4}),
        (Colour, {}),
        (OneSize, {"fixed_size": (12, 16)}),
    ],
)
@pytest.mark.parametrize("check", [output_shape, any_size], ids=lambda check: check.name)
def test_true_declarations(judged, check, made, declared):
    assert judged(check, made, **declared) is None


@pytest.mark.parametrize(
    ("made", "declared", "found", "cure"),
    [
        (Same, {"scale": 2}, "(2, 3, 1, 1) for an input of shape (2, 3, 1, 1)", "the scale that it has"),
        (Twice, {}, "(2, 3, 2, 2) for an input of shape (2, 3, 1, 1)", "the scale that it has"),
        (Strided, {"multiple_of": 2}, "RuntimeError", "declare multiple_of=4"),
        (
            Skipping,
            {"min_size": 4},
            "size of tensor a (4) must match the size of tensor b (5)",
            "declare multiple_of=4",
        ),
        (Mirroring, {}, "input [2, 3, 1, 1]", "declare min_size=4"),
        (Colour, {"channels": (1, 3)}, "to have 3 channels, but got 1", ""),
        (WithAlpha, {}, "(2, 4, 1, 1)", "C = 1 or 3"),
        (First, {}, "(1, 3, 1, 1)", "(B, C"),
        (Listing, {}, "a list", "return the restored image alone"),
        (OneSize, {}, "AssertionError", ""),
        (Same, {"channels": (4,)}, "channels=(4,)", "convert inside the model"),
        (NoModel, {}, "NoModel", "restore.contracts.Model"),
    ],
)
def test_false_declarations(judged, made, declared, found, cure):
    said = judged(output_shape, made, **declared)
    assert found in said
    assert cure in said.partition("cure:")[2]


def test_a_size_that_only_the_runtime_meets(judged):
    said = judged(any_size, NarrowFails, scale=1)
    assert "an image of 1 x 6 in 3 channels" in said
    assert "not finite" in said


def test_a_size_whose_result_is_of_another_size(judged):
    said = judged(any_size, Same, scale=3)
    assert "where 1 images of 3 x 3 were due" in said
