"""Finite, in range, of the type that came."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.contracts import Model
from restore.testing.check import Inapplicable
from restore.testing.models import dtype_kept, finite, plain_tensor, value_range


class Same(Model):
    def forward(self, observation):
        return observation.image


class Overshooting(Model):
    """Sharpens: edges leave the range, as those of interpolation do."""

    def forward(self, observation):
        image = observation.image
        return image + 0.5 * (image - nn.functional.avg_pool2d(image, 3, 1, 1, count_include_pad=False))


class Stretched(Model):
    floor = 0.0

    def forward(self, observation):
        image = observation.image
        return (image - image.mean()) / (image.std() + self.floor)


class Guarded(Stretched):
    floor = 1e-3


class Overflowing(Model):
    def forward(self, observation):
        return observation.image.exp() ** 90


class Bytes(Model):
    def forward(self, observation):
        return observation.image * 255


class Signed(Model):
    def forward(self, observation):
        return observation.image * 2 - 1


class Double(Model):
    def forward(self, observation):
        return observation.image.double()


class Rounded(Model):
    def forward(self, observation):
        return (observation.image * 255).byte()


class Random(Model):
    """A network without weights."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, observation):
        return 100 * self.layer(observation.image)


class OwnCall(Same):
    def __call__(self, observation):
        return self.forward(observation)


class OtherForImages(Same):
    def __call__(self, observation):
        if isinstance(observation, torch.Tensor):
            return observation / 2
        return super().__call__(observation)


@pytest.mark.parametrize("check", [finite, value_range, dtype_kept, plain_tensor], ids=lambda check: check.name)
@pytest.mark.parametrize("made", [Same, Overshooting])
def test_good(judged, check, made):
    assert judged(check, made, channels=(1, 3)) is None


@pytest.mark.parametrize(
    ("made", "image", "count"),
    [(Stretched, "a black image", "3219 of 3219"), (Overflowing, "a white image", "3219 of 3219")],
)
def test_what_is_not_finite(judged, made, image, count):
    said = judged(finite, made)
    assert f"finite values of {image} in 3 channels" in said
    assert f"{count} values are NaN or infinite" in said


def test_a_guarded_division(judged):
    assert judged(finite, Guarded) is None


@pytest.mark.parametrize(("made", "low"), [(Bytes, "[2"), (Signed, "[-0.")])
def test_another_range(judged, made, low):
    said = judged(value_range, made)
    assert f"the values lie in {low}" in said
    assert "(x + 1) / 2, or x / 255" in said


def test_the_range_of_random_numbers_says_nothing(judged):
    with pytest.raises(Inapplicable, match="without weights"):
        judged(value_range, Random)


@pytest.mark.parametrize(("made", "dtype"), [(Double, "float64"), (Rounded, "uint8")])
def test_another_type(judged, made, dtype):
    assert f"found: {dtype}" in judged(dtype_kept, made)


def test_a_call_that_takes_no_image(judged):
    said = judged(plain_tensor, OwnCall)
    assert "AttributeError: 'Tensor' object has no attribute 'image'" in said


def test_a_call_that_takes_an_image_for_something_else(judged):
    assert "results that differ in 100.0% of the values" in judged(plain_tensor, OtherForImages)


def test_what_fills_holes_is_not_asked_without_a_mask(judged):
    with pytest.raises(Inapplicable, match="needs a mask"):
        judged(plain_tensor, Same, task="inpainting")
