"""Masks: their shares and shapes, and that they tell what was taken away."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from restore.composition import build_degradation
from restore.errors import UsageError

MASKS = ("mask-center", "mask-random", "mask-pattern", "mask-half", "mask-strokes")


def mask_of(spec, height, width, *, seed=0):
    """Return the missing pixels as booleans (height, width)."""
    degradation = build_degradation(spec)
    image = torch.rand(1, 3, height, width)
    params = degradation.draw(image, torch.Generator().manual_seed(seed))
    return degradation.mask(image, params)[0, 0].bool()


@pytest.mark.parametrize("name", MASKS)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    fill=st.sampled_from([0.0, 0.25, 1.0]),
    seed=st.integers(0, 2**63 - 1),
)
@settings(max_examples=25)
def test_one_means_missing_and_missing_pixels_are_filled(name, height, width, fill, seed):
    degradation = build_degradation(f"{name}:fill={fill}")
    image = torch.rand(2, 3, height, width).mul(0.2).add(0.5)
    observed = degradation.observe(image, torch.Generator().manual_seed(seed))
    mask = observed.mask
    assert mask.shape == (2, 1, height, width)
    assert mask.dtype == image.dtype
    assert ((mask == 0) | (mask == 1)).all()
    missing = mask.bool().expand_as(image)
    assert (observed.image[missing] == fill).all()
    assert torch.equal(observed.image[~missing], image[~missing])


def test_center_by_hand():
    expected = torch.zeros(6, 8, dtype=torch.bool)
    expected[1:4, 2:6] = True  # an odd rest goes below and to the right
    assert torch.equal(mask_of("mask-center", 6, 8), expected)
    assert mask_of("mask-center:size=1", 5, 7).all()
    assert mask_of("mask-center:size=0.01", 9, 9).nonzero().tolist() == [[4, 4]]


@pytest.mark.parametrize("name", ["mask-random", "mask-pattern"])
@given(share=st.floats(0, 1), height=st.integers(1, 60), width=st.integers(1, 60))
@settings(max_examples=40)
def test_shares_are_exact(name, share, height, width):
    missing = mask_of(f"{name}:share={share!r}", height, width)
    assert int(missing.sum()) == round(share * height * width)


def test_random_takes_all_places_alike_and_independently():
    counts = sum(mask_of("mask-random:share=0.5", 16, 16, seed=seed).double() for seed in range(400))
    assert abs(counts - 200).max() < 5 * math.sqrt(400 * 0.25)
    missing = mask_of("mask-random:share=0.5", 256, 256)
    pairs = (missing & missing.roll(1, 1)).double().mean()
    assert pairs == pytest.approx(0.25, abs=4 * 0.43 / 256)


def test_patterns_are_blobs_of_the_grain_asked_for():
    for seed in range(5):
        fine = ndimage.label(mask_of("mask-pattern:grain=0.03", 256, 256, seed=seed).numpy())[1]
        coarse = ndimage.label(mask_of("mask-pattern:grain=0.25", 256, 256, seed=seed).numpy())[1]
        dust = ndimage.label(mask_of("mask-random:share=0.25", 256, 256, seed=seed).numpy())[1]
        assert 1 <= coarse <= 12 < 60 < fine < dust / 10


@pytest.mark.parametrize(("height", "width"), [(4, 6), (5, 7), (1, 1), (1, 4)])
def test_halves(height, width):
    left, right, top, bottom = (
        mask_of(f"mask-half:side={side}", height, width) for side in ("left", "right", "top", "bottom")
    )
    assert torch.equal(left, ~right)
    assert torch.equal(top, ~bottom)
    assert left.nonzero()[:, 1].tolist() == [x for _ in range(height) for x in range(width // 2)]
    assert top.nonzero()[:, 0].tolist() == [y for y in range(height // 2) for _ in range(width)]


def test_a_random_half_is_any_of_the_four():
    degradation = build_degradation("mask-half")
    drawn = degradation.draw(torch.rand(400, 1, 1, 1), torch.Generator().manual_seed(0))["side"]
    for side in ("left", "right", "top", "bottom"):
        assert drawn.count(side) == pytest.approx(100, abs=4 * math.sqrt(400 * 3 / 16))


def test_a_stroke_is_one_line_of_the_brush():
    brush = round(0.08 * 256)
    depths = []
    for seed in range(20):
        stroke = mask_of("mask-strokes:strokes=1", 256, 256, seed=seed).numpy()
        assert ndimage.label(stroke)[1] == 1
        depths.append(ndimage.distance_transform_edt(stroke))
    depth = np.stack(depths)
    assert depth.max((1, 2)).min() >= brush / 2 - 1
    # Only bends, crossings and turns at the border are deeper than half of the brush.
    assert (depth > brush / 2 + 2).sum() < 0.05 * (depth > 0).sum()


def test_strokes_stay_in_the_image():
    shares = [mask_of("mask-strokes", 256, 256, seed=seed).double().mean() for seed in range(50)]
    assert 0.15 < min(shares) < max(shares) < 0.3


@pytest.mark.parametrize("size", [(256, 256), (64, 300)])
def test_more_strokes_and_broader_ones_take_more(size):
    for seed in range(5):
        few, more = (mask_of(f"mask-strokes:strokes={n}", *size, seed=seed) for n in (2, 8))
        assert (few <= more).all()  # the first strokes are the same
        assert few.sum() < more.sum()
        broad = mask_of("mask-strokes:strokes=2,width=0.2", *size, seed=seed)
        assert few.sum() < broad.sum()


@pytest.mark.parametrize("name", MASKS)
def test_gradients_flow_through_known_pixels_alone(name):
    degradation = build_degradation(name)
    image = torch.rand(2, 1, 6, 7, dtype=torch.float64).requires_grad_()
    params = degradation.draw(image, torch.Generator().manual_seed(3))
    assert torch.autograd.gradcheck(lambda x: degradation(x, params), image)
    (gradient,) = torch.autograd.grad(degradation(image, params).sum(), image)
    assert torch.equal(gradient, 1 - degradation.mask(image, params))


@pytest.mark.parametrize(
    "spec",
    [
        "mask-center:size=0",
        "mask-center:size=1.1",
        "mask-center:fill=2",
        "mask-random:share=-0.1",
        "mask-random:share=0.9+0.1",
        "mask-pattern:grain=0",
        "mask-half:side=middle",
        "mask-strokes:strokes=0",
        "mask-strokes:width=0",
    ],
)
def test_options_that_cannot_be(spec):
    with pytest.raises(UsageError):
        build_degradation(spec)
