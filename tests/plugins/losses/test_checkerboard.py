"""The loss against grids: planted ones by hand, noise against its expectation, gradients, and what it refuses."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restore.errors import InputError, UsageError
from restore.registry import registry


def loss(**options):
    return registry().find("loss", "checkerboard").build(**options)


def photo(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def grid(height, width, period, height_of_teeth):
    """One pixel of each square of ``period`` pixels is raised."""
    planted = torch.zeros(1, 3, height, width, dtype=torch.float64)
    planted[..., ::period, ::period] = height_of_teeth
    return planted


@pytest.mark.parametrize(("period", "cell", "expected"), [(2, 4, 0.375), (4, 32, 30 / 256)])
def test_a_planted_grid_by_hand(period, cell, expected):
    """Of n phases one is 1 - 1/n above the mean and n - 1 are 1/n below: their mean distance is 2 (n - 1) / n**2."""
    target = photo(1, 3, 64, 96)
    found = loss(period=period, cell=cell)(target + grid(64, 96, period, 0.2), target)
    assert found.item() == pytest.approx(0.2 * expected)


@given(down=st.integers(0, 5), right=st.integers(0, 5))
def test_where_a_grid_begins_does_not_matter(down, right):
    target = photo(1, 3, 64, 64)
    found = loss()(target + grid(64, 64, 4, 0.2).roll((down, right), (2, 3)), target)
    assert found.item() == pytest.approx(0.2 * 30 / 256)


def test_what_is_no_grid_of_the_error_costs_nothing():
    target = photo(2, 3, 64, 64)
    assert loss()(target + 0.1, target).tolist() == pytest.approx([0, 0], abs=1e-12)
    screen = grid(64, 64, 4, 0.5)  # that the picture shows a screen is not the prediction's fault
    assert loss()(target + screen, target + screen).tolist() == [0, 0]


def test_noise_costs_what_its_means_leave():
    """Means of 64 values are normal with an eighth of the deviation; |x| of those is sqrt(2 / pi) of it on average."""
    noise = 0.1 * torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(1))
    found = loss()(noise, torch.zeros_like(noise)).item()
    assert found == pytest.approx(0.1 / 8 * math.sqrt(15 / 16) * math.sqrt(2 / math.pi), rel=0.06)


def test_a_grid_in_noise_stands_out():
    """A grid as strong as the noise, root mean square by root mean square, costs several times as much."""
    noise = 0.1 * torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(1))
    stripes = torch.where(torch.arange(256) % 4 < 2, 0.1, -0.1).expand(1, 3, 256, 256)
    blank = torch.zeros_like(noise)
    assert loss()(stripes, blank).item() > 8 * loss()(noise, blank).item()


def test_what_lies_beyond_the_last_cell_is_left_out():
    target = photo(1, 3, 40, 70)
    prediction = target.clone()
    prediction[..., 32:, :] = 0
    prediction[..., 64:] = 0
    assert loss()(prediction, target).item() == 0


def test_gradients():
    prediction, target = photo(2, 1, 8, 8).requires_grad_(), photo(2, 1, 8, 8, seed=1)
    assert torch.autograd.gradcheck(lambda x: loss(period=2, cell=4)(x, target), prediction)
    same = target.clone().requires_grad_()
    loss(period=2, cell=4)(same, target).sum().backward()
    assert torch.isfinite(same.grad).all()


def test_what_is_refused():
    for options in ({"period": 1}, {"period": 4, "cell": 6}, {"period": 4, "cell": 2}):
        with pytest.raises(UsageError, match="no cells of"):
            loss(**options)
    with pytest.raises(InputError, match="smaller cells"):
        loss()(photo(1, 3, 64, 31), photo(1, 3, 64, 31))
    with pytest.raises(UsageError, match="compares with a target"):
        loss()(photo(1, 3, 32, 32), None)
