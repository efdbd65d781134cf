"""Random transforms are those that are told: each within its bounds, the same for a seed, and as scipy does them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import affine_transform

from restore_cogan.warping import drawn, warped

SIDE = 28


def blobs(count):
    down, across = np.mgrid[:SIDE, :SIDE]
    image = np.exp(-((down - 11) ** 2) / 20 - (across - 16) ** 2 / 6)
    return torch.from_numpy(image).float().expand(count, 1, SIDE, SIDE)


def test_no_strength_changes_nothing():
    images = torch.rand(3, 1, SIDE, SIDE)
    torch.testing.assert_close(warped(images, 0.0, np.random.default_rng(0)), images, atol=1e-5, rtol=0)


def test_a_seed_is_a_transform_and_images_have_their_own():
    first, again = (warped(blobs(4), 1.0, np.random.default_rng(1)) for _ in range(2))
    torch.testing.assert_close(first, again, atol=0, rtol=0)
    assert all((first[0] - other).abs().max() > 0.01 for other in first[1:])


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_transform_of_scipy(seed):
    found = warped(blobs(1), 1.0, np.random.default_rng(seed))[0, 0].double().numpy()
    [matrix] = drawn(1, SIDE, 1.0, np.random.default_rng(seed))
    pixels = matrix[::-1, 1::-1]  # rows first
    middle = np.full(2, (SIDE - 1) / 2)
    offset = middle - pixels @ middle + matrix[::-1, 2] * SIDE / 2
    wanted = affine_transform(blobs(1)[0, 0].double().numpy(), pixels, offset, order=1, mode="grid-constant")
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@given(strength=st.floats(0, 1), seed=st.integers(0, 1000))
def test_each_part_stays_within_its_bounds(strength, seed):
    for matrix in drawn(5, SIDE, strength, np.random.default_rng(seed)):
        across, down, shift = matrix.T
        turn = np.degrees(np.arctan2(across[1], across[0]))
        cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        slant, height = down @ [cos, sin], down @ [-sin, cos]
        assert abs(turn) <= 15 * strength + 1e-9
        assert abs(np.degrees(np.arctan2(slant, height))) <= 15 * strength + 1e-9
        assert np.all(np.abs(np.log([np.hypot(*across), height])) <= strength * np.log(1.15) + 1e-9)
        assert np.all(np.abs(shift) * SIDE / 2 <= 2 * strength + 1e-9)
