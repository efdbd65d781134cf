"""Where pixels are missing."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.contracts import Model
from restore.errors import InputError
from restore.testing.check import Inapplicable
from restore.testing.models import any_mask, holes_filled


class Filling(Model):
    """With the mean of what is known."""

    least = 1.0

    def forward(self, observation):
        known = 1 - observation.mask
        count = known.sum((2, 3), keepdim=True).clamp_min(self.least)
        mean = (observation.image * known).sum((2, 3), keepdim=True) / count
        return torch.where(observation.mask > 0.5, mean, observation.image)


class Refusing(Filling):
    def forward(self, observation):
        if observation.mask.all():
            raise InputError("every pixel is missing", "leave some known")
        return super().forward(observation)


class Dividing(Filling):
    least = 0.0


class Crashing(Filling):
    def forward(self, observation):
        rows = observation.mask.amin((1, 3)).bool()
        assert not rows.any(), "a row is missing"
        return super().forward(observation)


class Strict(Refusing):
    def forward(self, observation):
        if observation.mask.mean() > 0.5:
            raise InputError("too much is missing", "leave more known")
        return super().forward(observation)


class Unknowing(Model):
    """Denoises, and looks at no mask."""

    def forward(self, observation):
        return observation.image * 0.9


class Nothing(Model):
    def forward(self, observation):
        return observation.image


class Inverted(Filling):
    """Takes 1 for known."""

    def forward(self, observation):
        mask = observation.mask
        mean = (observation.image * mask).sum((2, 3), keepdim=True) / mask.sum((2, 3), keepdim=True)
        return torch.where(mask < 0.5, mean, observation.image)


class Untrained(Model):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, observation):
        return self.layer(observation.image)


@pytest.mark.parametrize("check", [any_mask, holes_filled], ids=lambda check: check.name)
@pytest.mark.parametrize("made", [Filling, Refusing])
@pytest.mark.parametrize("channels", [(3,), (1,)])
def test_good(judged, check, made, channels):
    assert judged(check, made, task="inpainting", channels=channels) is None


def test_a_mask_for_what_fills_no_holes(judged):
    assert judged(any_mask, Unknowing) is None


@pytest.mark.parametrize(
    ("made", "mask", "found"),
    [
        (Dividing, "everything", "not finite"),
        (Crashing, "one row", "AssertionError: a row is missing"),
        (Strict, "all but one pixel", "InputError: too much is missing"),
    ],
)
def test_a_mask_that_breaks_it(judged, made, mask, found):
    said = judged(any_mask, made, task="inpainting")
    assert f"a mask of {mask}\n" in said
    assert found in said


@pytest.mark.parametrize("made", [Nothing, Inverted])
def test_holes_that_stay(judged, made):
    said = judged(holes_filled, made, task="inpainting")
    assert "filled pixels from 0 to 0" in said


@pytest.mark.parametrize(
    ("check", "made", "declared", "reason"),
    [
        (any_mask, Nothing, {"scale": 2}, "changes the size"),
        (holes_filled, Nothing, {}, "fills no holes"),
        (holes_filled, Untrained, {"task": "inpainting"}, "without weights"),
    ],
)
def test_nothing_to_say(judged, check, made, declared, reason):
    with pytest.raises(Inapplicable, match=reason):
        judged(check, made, **declared)
