"""Numbers of a recipe that make no sense are refused by the name of their option."""

from __future__ import annotations

import math

import pytest
from torch import nn

from restore.errors import UsageError
from restore.training import Supervised
from restore.training.numbers import check_number


class Denoising(Supervised):
    name = "tiny-denoising"
    model = "tiny"

    def __init__(self, **numbers) -> None:
        super().__init__(degradation="gaussian-noise:sigma=0.1", model_options={}, **({"steps": 1} | numbers))

    def network(self):
        return nn.Identity()


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("steps", 0, "at least 1"),
        ("batch_size", 0, "at least 1"),
        ("batch_size", -4, "at least 1"),
        ("patch", 0, "at least 1"),
        ("learning_rate", 0.0, "above 0"),
        ("learning_rate", math.inf, "above 0, and finite"),
        ("learning_rate", math.nan, "above 0, and finite"),
        ("warmup", -1, "at least 0"),
        ("ema", 1.0, "at least 0 and below 1"),
        ("ema", -0.1, "at least 0 and below 1"),
        ("clip", 0.0, "clip=none leaves it out"),
    ],
)
def test_the_option_its_value_and_its_range_are_named(option, value, allowed):
    with pytest.raises(UsageError) as caught:
        Denoising(**{option: value})
    assert caught.value.message.startswith(f"{option}={value} ")
    assert allowed in caught.value.cure


def test_the_ends_of_the_ranges_are_allowed():
    recipe = Denoising(steps=1, batch_size=1, patch=1, warmup=0, ema=0.0, clip=None)
    assert (recipe.batch_size, recipe.clip) == (1, None)


@pytest.mark.parametrize(("value", "fits"), [(0.0, False), (1e-9, True), (1.0, False)])
def test_open_ends(value, fits):
    if fits:
        check_number("share", value, above=0, below=1)
    else:
        with pytest.raises(UsageError, match="share"):
            check_number("share", value, above=0, below=1)
