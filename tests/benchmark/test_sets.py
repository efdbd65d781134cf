"""Distances of sets: closed forms, sets by hand, and what is too little."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restore.benchmark.sets import frechet_distance, precision_recall
from restore.errors import InputError


def test_the_distance_of_sets_with_known_moments():
    """Corners of boxes: the mean is the centre, the covariance diagonal, and the distance that of each axis."""
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3).double()
    sides, other = torch.tensor([1.0, 2, 3]), torch.tensor([4.0, 2, 1])
    shift = torch.tensor([1.0, 0, -2])
    found = frechet_distance(corners * sides, corners * other + shift)
    # A sample covariance of 8 corners is 8/7 of the squared sides.
    assert found == pytest.approx(5 + 8 / 7 * float(((sides - other) ** 2).sum()))


@given(seed=st.integers(0, 50), scale=st.floats(0.1, 10))
def test_it_is_a_distance(seed, scale):
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.randn(30, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    there = frechet_distance(a, b)
    assert there == pytest.approx(frechet_distance(b, a), rel=1e-6)
    assert there > 0
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(a * scale, b * scale) == pytest.approx(there * scale**2, rel=1e-6)


def test_a_set_covers_itself_and_nothing_far_away():
    real = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    assert precision_recall(real, real.flip(0)) == (1, 1)
    assert precision_recall(real, real + 100) == (0, 0)


def test_a_lost_mode_costs_recall_and_invention_costs_precision():
    left = torch.arange(4.0)[:, None]
    right = left + 100
    assert precision_recall(torch.cat([left, right]), left, 1) == (1, 0.5)
    assert precision_recall(left, torch.cat([left, right]), 1) == (0.5, 1)


def test_radii_are_the_members_own():
    """Members at 0, 1, 10 have the nearest neighbour at a distance of 1, 1, 9."""
    members = torch.tensor([[0.0], [1], [10]])
    asked = torch.tensor([[-1.0], [-1.1], [1.5], [19], [19.1], [300], [301]])
    precision, _ = precision_recall(members, asked, 1)
    assert precision == pytest.approx(3 / 7)


def test_what_cannot_be_compared():
    with pytest.raises(InputError, match="3 vectors are too few"):
        precision_recall(torch.rand(3, 2), torch.rand(9, 2))
    with pytest.raises(InputError, match="1 vectors are too few"):
        frechet_distance(torch.rand(5, 2), torch.rand(1, 2))
    with pytest.raises(InputError, match=r"not \(5, 2\) and \(5, 3\)"):
        frechet_distance(torch.rand(5, 2), torch.rand(5, 3))
