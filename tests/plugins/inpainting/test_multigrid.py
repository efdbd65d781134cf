"""Poisson blending through coarser grids against a direct solution, for holes of all kinds."""

from __future__ import annotations

import tracemalloc
from unittest.mock import Mock, patch

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import diags_array, eye_array, kron, vstack
from scipy.sparse.linalg import spsolve

from restore_inpainting import multigrid
from restore_inpainting.conjugate import solved
from restore_inpainting.poisson import Poisson, left_side, right_side

SIDE = 100
"""More pixels than are solved directly."""


def directly(missing, image, fill):
    """Minimise the sum of squared differences of neighbours by its normal equations, over all pixels."""
    height, width = missing.shape
    steps = [diags_array([-np.ones(n), np.ones(n - 1)], offsets=[0, 1], shape=(n - 1, n)) for n in (height, width)]
    slopes = vstack([kron(steps[0], eye_array(width)), kron(eye_array(height), steps[1])])
    normal, holes = (slopes.T @ slopes).tocsc(), missing.ravel()
    difference = (image - fill).reshape(-1, holes.size)
    correction = spsolve(normal[holes][:, holes], -normal[holes][:, ~holes] @ difference[:, ~holes].T)
    done = image.reshape(-1, holes.size).copy()
    done[:, holes] = fill.reshape(-1, holes.size)[:, holes] + correction.reshape(holes.sum(), -1).T
    return done.reshape(image.shape)


def blended(missing, image, fill):
    given, fills = torch.from_numpy(np.where(missing, np.nan, image)), torch.from_numpy(fill)[None]
    return Poisson(torch.from_numpy(missing)).blend(given, fills)[0].numpy()


def holes(height=SIDE, width=SIDE, known=()):
    missing = np.ones((height, width), dtype=bool)
    for place in known:
        missing[place] = False
    return missing


def specks(share):
    return np.random.default_rng(0).random((SIDE, SIDE)) < share


SNAKE = holes(known=[(slice(None, None, 8), slice(0, -1)), (slice(4, None, 8), slice(1, None))])
MASKS = {
    "a square": np.pad(holes(), 1),
    "all borders but one": holes(known=[(slice(None), 0)]),
    "all but one pixel": holes(known=[(60, 31)]),
    "all but two corners": holes(known=[(0, 0), (-1, -1)]),
    "half of the pixels": specks(0.5),
    "most pixels": specks(0.97),
    "a snake": SNAKE,
    "stripes one pixel wide": holes(known=[(slice(None, None, 2), slice(None))]),
    "a wall one pixel wide": holes(known=[(slice(None), 47)]),
    "a checkerboard": np.add.outer(np.arange(SIDE), np.arange(SIDE)) % 2 == 0,
    "lonely pixels": ~holes(360, 360, known=[(slice(None, None, 5), slice(None, None, 5))]),
    "a row": holes(1, 6000, known=[(0, 0), (0, 4000)]),
    "a ribbon": holes(5000, 2, known=[(0, 0), (-1, 1)]),
}


@pytest.mark.parametrize("missing", MASKS.values(), ids=MASKS.keys())
def test_large_holes_of_any_shape_are_blended_as_by_a_direct_solution(missing):
    assert missing.sum() > multigrid.DIRECT
    image, fill = np.random.default_rng(1).random((2, 2, *missing.shape))
    image[1], fill[1] = image[1] > 0.5, 0.25  # one channel of bare contrast
    assert abs(blended(missing, image, fill) - directly(missing, image, fill)).max() < 1e-6


@settings(max_examples=60)
@given(st.integers(1, 24), st.integers(2, 24), st.floats(0.02, 0.98), st.integers(0, 10_000))
def test_small_holes_through_several_levels_too(height, width, share, seed):
    rng = np.random.default_rng(seed)
    missing = rng.random((height, width)) < share
    missing.flat[rng.choice(missing.size, 2, replace=False)] = False, True  # neither all nor nothing
    image, fill = rng.random((2, 1, height, width))
    with patch.object(multigrid, "DIRECT", 2):
        found = blended(missing, image, fill)
    assert abs(found - directly(missing, image, fill)).max() < 1e-6


@settings(max_examples=40)
@given(st.integers(2, 14), st.integers(2, 14), st.floats(0.1, 0.98), st.integers(0, 10_000))
def test_what_stands_for_the_inverse_is_symmetric_and_near_it_on_any_mask(height, width, share, seed):
    """Theory: a symmetric V-cycle never overshoots, so that eigenvalues lie in (0, 1]; near 0 it would be slow."""
    rng = np.random.default_rng(seed)
    missing = rng.random((height, width)) < share
    missing.flat[:2] = False, True
    matrix = left_side(missing)
    with patch.object(multigrid, "DIRECT", 2):
        divide = multigrid.multigrid(matrix, *missing.nonzero())
    inverse = np.stack([divide(column) for column in np.eye(len(matrix.diagonal()))])
    np.testing.assert_allclose(inverse, inverse.T, atol=1e-9 * abs(inverse).max())
    root = np.linalg.cholesky(matrix.toarray())
    eigenvalues = np.linalg.eigvalsh(root.T @ inverse @ root)
    assert eigenvalues.min() > 0.2
    assert eigenvalues.max() < 1 + 1e-9


def test_a_hole_of_sixteen_times_the_pixels_takes_hardly_more_steps():
    taken = []
    for side in (100, 400):
        missing = np.pad(holes(side, side), 1)
        matrix = left_side(missing)
        divide = Mock(wraps=multigrid.multigrid(matrix, *missing.nonzero()))
        rim = np.where(missing, 0, np.random.default_rng(2).random(missing.shape))
        solved(matrix, divide, right_side(missing, rim), 1e-7)
        taken.append(divide.call_count)
    assert taken[1] <= taken[0] + 3 <= 20


def test_memory_is_less_than_half_a_gigabyte_for_a_million_pixels():
    side = 300
    missing, image = np.pad(holes(side, side), 1), np.random.default_rng(3).random((3, side + 2, side + 2))
    tracemalloc.start()
    try:
        blended(missing, image, image[::-1].copy())
        assert tracemalloc.get_traced_memory()[1] < 500 * side**2
    finally:
        tracemalloc.stop()


def test_the_same_bits_each_time():
    missing = specks(0.9)
    image, fill = np.random.default_rng(4).random((2, 3, SIDE, SIDE))
    assert np.array_equal(blended(missing, image, fill), blended(missing, image, fill))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_values_that_are_no_numbers_come_to_an_end(broken):
    missing = np.pad(holes(), 1)
    image, fill = np.random.default_rng(5).random((2, 1, *missing.shape))
    image[0, 0, 5] = broken
    with np.errstate(invalid="ignore"):
        known = blended(missing, image, fill)[:, ~missing]
    assert np.array_equal(known, image[:, ~missing], equal_nan=True)


@pytest.mark.parametrize("far", [1e6, np.nan])
def test_known_pixels_that_no_missing_one_touches_have_no_part(far):
    missing = np.pad(holes(known=[(slice(30, 60), slice(30, 60))]), 1)
    image, fill = np.random.default_rng(6).random((2, 1, *missing.shape))
    wanted = directly(missing, image, fill)
    image[0, 32:60, 32:60] = far  # all but the outermost pixels of the island
    found = blended(missing, image, fill)
    assert abs(found - wanted)[:, missing].max() < 1e-6
    assert np.array_equal(found[:, ~missing], image[:, ~missing], equal_nan=True)
