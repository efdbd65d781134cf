"""Where the page looks, and what it says of errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.benchmark.report.crops import Box, around, coloured, difference, error, places, shrunk


def test_an_error_is_the_root_mean_square_over_channels():
    target = np.zeros((2, 3, 3), np.uint8)
    image = target.copy()
    image[1, 2] = (6, 0, 0)
    found = error(image, target)
    assert found.shape == (2, 3)
    assert found[1, 2] == pytest.approx(np.sqrt(12))
    assert found.sum() == found[1, 2]
    assert error(np.full((1, 1, 1), 3, np.uint8), np.full((1, 1, 1), 10, np.uint8))[0, 0] == 7  # no wrap of bytes


def test_methods_differ_where_one_is_wrong_and_the_other_is_not():
    target = np.full((4, 4, 3), 100, np.uint8)
    first, second = target.copy(), target.copy()
    first[0, 0], second[0, 0] = 150, 50  # as wrong as one another: nothing to choose
    first[3, 3] = 130
    found = difference([first, second], target)
    assert found[0, 0] == 0
    assert found[3, 3] == 30
    assert difference([first], target)[0, 0] == 50
    assert difference([first, first], target)[3, 3] == 30


def test_the_largest_difference_is_found_where_it_is():
    amount = np.zeros((40, 60))
    amount[22:26, 33:38] = 9
    amount[3:5, 50:52] = 4
    first, second = places(amount, (8, 6), 2)
    assert (first.width, first.height) == (8, 6)
    assert first.of(amount).sum() == amount[22:26, 33:38].sum()
    assert second.of(amount).sum() == amount[3:5, 50:52].sum()


@given(*(st.integers(1, most) for most in (30, 30, 12, 12)), st.integers(0, 5), st.integers(0, 99))
def test_places_are_inside_apart_and_the_best_there_is(height, width, wide, tall, border, seed):
    amount = np.random.default_rng(seed).random((height, width))
    found = places(amount, (wide, tall), 3, border=border)
    assert 1 <= len(found) <= 3
    for box in found:
        assert 0 <= box.left <= width - box.width
        assert 0 <= box.top <= height - box.height
        assert (box.width, box.height) == (min(wide, width), min(tall, height))
    assert not any(a.overlaps(b) for a, b in itertools.combinations(found, 2))
    edge = border if min(width - found[0].width, height - found[0].height) >= 2 * border else 0
    best = max(
        np.square(Box(left, top, found[0].width, found[0].height).of(amount)).sum()
        for left in range(edge, width - found[0].width - edge + 1)
        for top in range(edge, height - found[0].height - edge + 1)
    )
    assert np.square(found[0].of(amount)).sum() == pytest.approx(best, rel=1e-9)


def test_a_border_that_is_not_measured_is_no_place_to_look_at():
    amount = np.zeros((40, 40))
    amount[0, :] = 100
    amount[20, 20] = 1
    [box] = places(amount, (8, 8), 1, border=4)
    assert box.of(amount).sum() == 1


@given(st.integers(0, 90), st.integers(0, 60), st.integers(1, 120), st.integers(1, 120))
def test_a_larger_box_holds_the_smaller_one_and_stays_in_the_image(left, top, wide, tall):
    box, shape = Box(left, top, 10, 20), (80, 100, 3)
    larger = around(box, (max(wide, 10), max(tall, 20)), shape)
    assert larger.left <= box.left
    assert larger.top <= box.top
    assert larger.left + larger.width >= box.left + box.width
    assert larger.top + larger.height >= box.top + box.height
    assert larger.left >= 0
    assert larger.top >= 0
    assert larger.left + larger.width <= 100
    assert larger.top + larger.height <= 80


def test_more_error_is_lighter():
    colours = coloured(np.linspace(0, 20, 100)[None], 10).astype(int)[0]
    light = colours @ (299, 587, 114)
    assert (np.diff(light[:50]) > 0).all()
    assert (colours[50:] == colours[-1]).all()  # the peak and all above it
    assert (coloured(np.zeros((2, 2)), 0.0) == colours[0]).all()


def test_a_reduced_map_keeps_the_mean():
    amount = np.arange(24.0).reshape(4, 6)
    assert shrunk(amount, 3).tolist() == [[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]]
    assert shrunk(amount, 6) is amount
    assert shrunk(np.ones((1, 900)), 300).shape[0] == 1
