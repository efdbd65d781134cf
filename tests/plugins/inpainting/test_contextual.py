"""The contextual loss: importance by the rim of holes, normalised so that a weight means one thing for all masks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import convolve2d

import restore
from restore.contracts import Observation
from restore.errors import InputError, UsageError
from restore.objective import build_objective
from restore_inpainting.contextual import Contextual, importance


def holed(*boxes, size=64):
    mask = torch.zeros(1, 1, size, size)
    for rows, columns in boxes:
        mask[..., rows, columns] = 1
    return mask


CENTER = holed((slice(16, 48), slice(16, 48)))
LEFT = holed((slice(None), slice(32)))


@pytest.mark.parametrize(("mask", "total", "count"), [(CENTER, 106.8, 420), (LEFT, 54.9, 192)])
def test_the_papers_masks_have_the_weights_that_follow_from_its_equation(mask, total, count):
    weight = importance(mask)
    assert weight.sum().item() == pytest.approx(total, abs=0.05)
    assert int((weight > 0).sum()) == count


def test_it_is_largest_beside_the_hole_and_nothing_in_it_and_far_away():
    row = importance(CENTER)[0, 0, 32]
    assert row[12:16].tolist() == pytest.approx([0, 1 / 7, 2 / 7, 3 / 7])
    assert row[48:52].tolist() == pytest.approx([3 / 7, 2 / 7, 1 / 7, 0])
    assert not row[16:48].any()
    assert importance(CENTER)[0, 0, 15, 15] == pytest.approx(9 / 49)


@given(st.integers(0, 10_000), st.sampled_from([3, 5, 7]))
def test_inside_it_is_what_the_authors_convolution_gives(seed, window):
    missing = np.random.default_rng(seed).random((20, 17)) < 0.4
    theirs = ~missing * convolve2d(missing, np.full((window, window), window**-2), mode="same")
    ours = importance(torch.from_numpy(missing).double()[None, None], window)[0, 0].numpy()
    edge = window // 2
    inner = (slice(edge, -edge),) * 2
    np.testing.assert_allclose(ours[inner], theirs[inner], atol=1e-12)


def test_at_the_border_only_pixels_that_exist_count():
    mask = holed((slice(0, 1), slice(0, 1)), size=9)
    assert importance(mask)[0, 0, 0, 1] == pytest.approx(1 / (4 * 5))  # rows 0 to 3, columns 0 to 4
    assert importance(mask)[0, 0, 3, 3] == pytest.approx(1 / 49)


@pytest.mark.parametrize("weighting", ["near", "none"])
@pytest.mark.parametrize("mask", [CENTER, LEFT, holed((slice(5), slice(7)), size=16)], ids=["center", "left", "small"])
def test_a_difference_that_is_the_same_everywhere_counts_the_same_for_every_mask(mask, weighting):
    image = torch.rand(1, 3, *mask.shape[-2:]) * 0.5
    loss = Contextual(weighting=weighting)
    assert loss(image + 0.25, None, observation=Observation(image=image, mask=mask)).item() == pytest.approx(0.25)


def test_the_reductions_are_one_sum():
    image, other = torch.rand(2, 3, 64, 64, dtype=torch.float64), torch.rand(2, 3, 64, 64, dtype=torch.float64)
    seen = Observation(image=image, mask=CENTER.expand(2, -1, -1, -1))
    total = (importance(CENTER.double()) * (other - image).abs()).flatten(1).sum(1)
    for reduction, divisor in {"sum": 1, "mean": 3 * 64 * 64, "weights": 3 * importance(CENTER.double()).sum()}.items():
        torch.testing.assert_close(Contextual(reduction=reduction)(other, None, observation=seen), total / divisor)


@pytest.mark.parametrize("hidden", [0.0, 7.0, math.nan])
def test_what_is_missing_has_no_part_in_value_or_slope(hidden):
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    prediction = (image * 0.9).requires_grad_()
    seen = Observation(image=torch.where(CENTER > 0, hidden, image), mask=CENTER)
    value = Contextual()(prediction, None, observation=seen)
    assert value.item() == Contextual()(prediction, None, observation=Observation(image=image, mask=CENTER)).item()
    (slope,) = torch.autograd.grad(value.sum(), prediction)
    assert not slope[..., 16:48, 16:48].any()
    assert slope[..., 15, 16:48].abs().min() > 0


@pytest.mark.parametrize("mask", [None, torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)], ids=["none", "no", "all"])
def test_without_a_hole_or_without_anything_known_it_is_zero(mask):
    seen = Observation(image=torch.zeros(1, 3, 8, 8), mask=mask)
    assert Contextual()(torch.ones(1, 3, 8, 8), None, observation=seen).tolist() == [0.0]


@pytest.mark.parametrize("window", [0, 1, 2, 8, -3])
def test_a_window_has_a_centre_and_a_rim(window):
    with pytest.raises(UsageError, match=f"window of {window}"):
        Contextual(window=window)


def test_a_window_that_no_pixel_sees_the_end_of_is_a_slip():
    seen = Observation(image=torch.rand(1, 3, 8, 5))
    assert Contextual(window=15)(seen.image, None, observation=seen).tolist() == [0.0]
    with pytest.raises(UsageError, match="window of 17 pixels is far larger than images of 5 x 8") as caught:
        Contextual(window=17)(seen.image, None, observation=seen)
    assert "3 to 15" in caught.value.cure


def test_it_needs_an_observation_of_the_same_shape():
    with pytest.raises(UsageError, match="what was observed"):
        Contextual()(torch.rand(1, 3, 8, 8), None)
    with pytest.raises(InputError, match="what was observed") as caught:
        Contextual()(torch.rand(1, 3, 8, 8), None, observation=Observation(image=torch.rand(1, 3, 4, 4)))
    assert "as fit" in caught.value.cure


def test_it_is_a_loss_by_name():
    image = torch.rand(1, 3, 64, 64) * 0.5
    objective = build_objective("2*contextual:weighting=none,reduction=sum")
    value = objective(image + 0.1, None, observation=Observation(image=image, mask=LEFT))
    assert value.item() == pytest.approx(2 * 0.1 * 3 * 64 * 32, rel=1e-4)


def test_a_search_that_fits_with_it_divides_once(waves):
    options = {"prior": "waves", "steps": 3, "restarts": 1, "seed": 0}
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:] = 1  # a quarter is known
    seen = Observation(image=waves, mask=mask)
    for fit, extra in (("contextual", 0.0), ("contextual + 0.5*l1", 0.5)):
        found = restore.load("inversion", fit=fit, **options).module.search(seen)
        known = (found.image - waves)[..., :8].abs().mean()
        wanted = Contextual()(found.image, None, observation=seen) + extra * known
        torch.testing.assert_close(found.score, wanted, rtol=1e-4, atol=0)
    for reduction, count in (("mean", 1), ("sum", waves[0].numel())):  # these are smaller where less is known
        loss = f"contextual:weighting=none,reduction={reduction}"
        found = restore.load("inversion", fit=loss, **options).module.search(seen)
        known = (found.image - waves)[..., :8].abs().mean()
        torch.testing.assert_close(found.score, count * known.expand_as(found.score), rtol=1e-4, atol=0)


def test_with_a_degradation_that_changes_the_shape_it_is_a_fit(waves):
    options = {"prior": "waves", "degradation": "bicubic:scale=4", "steps": 60, "restarts": 1, "seed": 0}
    small = restore.degrade(waves, "bicubic:scale=4")
    fits = "contextual:weighting=none"
    found = restore.load("inversion", fit=fits, **options).module.search(Observation(image=small))
    assert found.score < found.trace[0] / 4
    with pytest.raises(InputError, match="contextual compares images") as caught:
        restore.load("inversion", terms=fits, **options)(small)
    assert "give it as fit" in caught.value.cure
