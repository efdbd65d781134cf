"""Values and ranges of options, and the draws between them."""

from __future__ import annotations

import pytest
import torch

from restore.errors import UsageError
from restore_degradations.per_sample import check_limits, choices_of, draw_between, draw_seed


def test_a_single_value_costs_no_randomness():
    generator = torch.Generator().manual_seed(0)
    state = generator.get_state()
    assert draw_between((0.3,), generator) == 0.3
    assert torch.equal(generator.get_state(), state)


def test_draws_are_uniform_between_the_limits():
    generator = torch.Generator().manual_seed(0)
    drawn = torch.tensor([draw_between((2.0, 6.0), generator) for _ in range(4000)])
    assert 2 <= drawn.min() < 2.01
    assert 5.99 < drawn.max() <= 6
    assert drawn.mean() == pytest.approx(4, abs=4 * 4 / (12 * 4000) ** 0.5)


def test_seeds_are_whole_numbers_that_any_json_reader_keeps():
    generator = torch.Generator().manual_seed(0)
    seeds = [draw_seed(generator) for _ in range(1000)]
    assert len(set(seeds)) == 1000
    assert 2**47 < max(seeds) < 2**53
    assert min(seeds) >= 0


def test_choices_of_a_sample():
    params = {"sigma": [0.1, 0.2], "scale": 4}
    assert choices_of(params, 1) == {"sigma": 0.2, "scale": 4}


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ((0.5, 0.1), "rising range"),
        ((), "rising range"),
        ((0.1, 0.2, 0.3), "rising range"),
        ((0.1, 2.0), "out of range"),
        ((float("nan"),), "out of range"),
        ((float("inf"),), "out of range"),
    ],
)
def test_limits_that_cannot_be(limits, message):
    with pytest.raises(UsageError, match=message):
        check_limits("some-noise", "sigma", limits, 0, 1)
