"""Poisson blending against its own definition: known pixels as they are, gradients of the fill elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restore_inpainting.poisson import Poisson

HEIGHT, WIDTH = 12, 15


def holed(*boxes):
    missing = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    for rows, columns in boxes:
        missing[rows, columns] = True
    return missing


WHOLE = slice(None)
FRAME = holed((WHOLE, WHOLE))
FRAME[4:7, 5:8] = False
MASKS = {
    "inner": holed((slice(3, 8), slice(4, 11))),
    "a corner": holed((slice(0, 5), slice(9, 15))),
    "left half": holed((WHOLE, slice(0, 7))),
    "lower half": holed((slice(6, 12), WHOLE)),
    "every border": FRAME,
    "two holes": holed((slice(1, 3), slice(1, 4)), (slice(7, 12), slice(8, 15))),
    "a row": holed((slice(5, 6), WHOLE)),
    "all but one pixel": ~holed((slice(6, 7), slice(6, 7))),
    "specks": torch.rand(HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0)) < 0.8,
}


def picture(seed, channels=3):
    return torch.from_numpy(np.random.default_rng(seed).random((channels, HEIGHT, WIDTH)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("missing", MASKS.values(), ids=MASKS.keys())
def test_a_fill_that_is_off_by_a_constant_gives_the_image(missing, channels):
    image = picture(1, channels)
    off = torch.linspace(-0.3, 0.2, channels, dtype=torch.float64)[:, None, None]
    blended = Poisson(missing).blend(torch.where(missing, torch.nan, image), (image + off)[None])
    torch.testing.assert_close(blended[0], image, atol=1e-6, rtol=0)


def test_a_flat_fill_continues_a_ramp():
    y, x = torch.meshgrid(torch.linspace(0, 1, HEIGHT).double(), torch.linspace(0, 1, WIDTH).double(), indexing="ij")
    ramp = (0.2 + 0.3 * x + 0.4 * y)[None]
    blended = Poisson(MASKS["inner"]).blend(ramp, torch.full_like(ramp, 0.7)[None])
    torch.testing.assert_close(blended[0], ramp, atol=1e-6, rtol=0)


@pytest.mark.parametrize("missing", MASKS.values(), ids=MASKS.keys())
def test_nothing_has_gradients_nearer_to_those_of_the_fill(missing):
    """The slope of the sum of squares, by autograd, is zero in every missing pixel; beyond the border is nothing."""
    image, fill = picture(2), picture(3)
    x = Poisson(missing).blend(image, fill[None])[0].requires_grad_()
    away = x - fill
    energy = (away[:, 1:] - away[:, :-1]).square().sum() + (away[:, :, 1:] - away[:, :, :-1]).square().sum()
    (slope,) = torch.autograd.grad(energy, x)
    assert slope[:, missing].abs().max() < 1e-10


@given(st.integers(0, 10_000))
def test_known_pixels_come_back_bit_for_bit_and_each_fill_alone(seed):
    rng = np.random.default_rng(seed)
    missing = torch.from_numpy(rng.random((HEIGHT, WIDTH)) < rng.random())
    image, fills = picture(seed).float(), torch.stack([picture(seed + 1), picture(seed + 2)]).float()
    poisson = Poisson(missing)
    blended = poisson.blend(image, fills)
    assert blended.dtype == torch.float32
    assert torch.equal(blended[..., ~missing], image[:, ~missing].expand(2, -1, -1))
    torch.testing.assert_close(poisson.blend(image, fills[1:])[0], blended[1], atol=1e-6, rtol=0)


def test_where_nothing_is_known_the_result_is_the_fill_and_where_all_is_the_image():
    image, fill = picture(4), picture(5)
    assert torch.equal(Poisson(holed((WHOLE, WHOLE))).blend(image, fill[None])[0], fill)
    assert torch.equal(Poisson(holed()).blend(image, fill[None])[0], image)
