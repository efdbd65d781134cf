"""Losses of pixels: values by hand, one a sample, gradients, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from restore.composition import build_degradation
from restore.contracts import Observation
from restore.errors import InputError, UsageError
from restore.registry import registry
from restore_losses.plugin import restore_losses

COMPARING = ("mse", "l1", "charbonnier")


def loss(name, **options):
    return registry().find("loss", name).build(**options)


def image(*shape, seed=0, dtype=torch.float64):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def seen(small, spec="bicubic:scale=2"):
    degradation = build_degradation(spec)
    return Observation(image=small, degradation=degradation, params={"scale": degradation.scale})


def values(name, prediction, target, **options):
    observation = seen(torch.zeros(len(prediction), 3, 4, 4, dtype=prediction.dtype)) if name == "consistency" else None
    return loss(name, **options)(prediction, target, observation=observation)


every = pytest.mark.parametrize("name", [*COMPARING, "tv", "consistency"])


def test_all_that_were_promised_are_there():
    names = {spec.name for spec in restore_losses()}
    assert names == {
        "mse", "l1", "charbonnier", "tv", "checkerboard", "consistency", "perceptual", "adversarial",
    }  # fmt: skip
    for spec in restore_losses():
        assert registry().find("loss", spec.name).spec == spec
        assert spec.summary
        assert spec.licence


@pytest.mark.parametrize(
    ("name", "options", "far", "near"),
    [("mse", {}, 0.09, 0), ("l1", {}, 0.3, 0), ("charbonnier", {"epsilon": 0.4}, 0.5, 0.4)],
)
def test_values_by_hand(name, options, far, near):
    """Each pixel of the first sample is 0.3 off: its square is 0.09, and sqrt(0.09 + 0.16) = 0.5."""
    target = image(2, 3, 4, 5)
    prediction = torch.stack([target[0] - 0.3, target[1]])
    assert loss(name, **options)(prediction, target).tolist() == pytest.approx([far, near], abs=1e-12)


def test_total_variation_by_hand():
    """0.6 to the right and 0.8 down make a length of 1; below it 1.4 to the right; the other 6 pixels are flat."""
    picture = torch.zeros(1, 1, 2, 4, dtype=torch.float64)
    picture[0, 0, 0] = torch.tensor([0.6, 0.0, 0.0, 0.0])
    picture[0, 0, 1] = torch.tensor([1.4, 0.0, 0.0, 0.0])
    assert loss("tv", epsilon=1e-9)(picture).item() == pytest.approx((1.0 + 1.4) / 8, abs=1e-8)
    assert loss("tv")(torch.full((1, 3, 5, 5), 0.3)).item() == pytest.approx(0, abs=1e-10)


def test_consistency_is_of_the_degraded_prediction():
    """A constant stays what it is under bicubic downscaling, which is linear: 0.7 against 0.5 leaves 0.2."""
    prediction = torch.full((2, 3, 8, 8), 0.7, dtype=torch.float64)
    small = torch.full((2, 3, 4, 4), 0.5, dtype=torch.float64)
    small[1] = 0.7
    assert loss("consistency")(prediction, observation=seen(small)).tolist() == pytest.approx([0.2, 0], abs=1e-12)
    squared = loss("consistency", distance="mse")(prediction, observation=seen(small))
    assert squared.tolist() == pytest.approx([0.04, 0], abs=1e-12)


def test_a_patch_is_consistent_with_the_image_that_it_was_cut_from():
    """Only with the border left out: near it, the image's low-resolution pixels have seen more than the patch."""
    whole = image(1, 3, 64, 64)
    small = build_degradation("bicubic:scale=4")(whole, {"scale": 4})
    patch, part = whole[..., 16:48, 16:48], small[..., 4:12, 4:12]
    spec = "bicubic:scale=4"
    assert loss("consistency", border=2)(patch, observation=seen(part, spec)).item() < 1e-12
    assert loss("consistency")(patch, observation=seen(part, spec)).item() > 1e-4


@every
@given(batch=st.integers(1, 3), seed=st.integers(0, 99))
def test_a_batch_is_its_samples(name, batch, seed):
    first, second = image(batch, 3, 8, 8, seed=seed), image(batch, 3, 8, 8, seed=seed + 100)
    together = values(name, first, second)
    assert together.shape == (batch,)
    alone = [values(name, first[i : i + 1], second[i : i + 1]).item() for i in range(batch)]
    assert together.tolist() == pytest.approx(alone, rel=1e-12)


@every
def test_gradients(name):
    prediction, target = image(2, 3, 8, 8).requires_grad_(), image(2, 3, 8, 8, seed=1)
    assert torch.autograd.gradcheck(lambda x: values(name, x, target), prediction)


@pytest.mark.parametrize("name", COMPARING)
def test_gradients_of_identical_images_are_finite(name):
    prediction = image(1, 3, 4, 4).requires_grad_()
    loss(name)(prediction, prediction.detach().clone()).sum().backward()
    assert torch.isfinite(prediction.grad).all()


def test_the_gradient_of_a_flat_image_is_finite():
    picture = torch.full((1, 1, 4, 4), 0.5, requires_grad=True)
    loss("tv")(picture).sum().backward()
    assert torch.equal(picture.grad, torch.zeros_like(picture))


@every
def test_reduced_precision_does_not_reach_the_sums(name):
    first, second = image(1, 3, 8, 8, dtype=torch.bfloat16), image(1, 3, 8, 8, seed=1, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        got = values(name, first, second)
    assert got.dtype == torch.float32
    assert got.item() == pytest.approx(values(name, first.double(), second.double()).item(), rel=1e-5)


@pytest.mark.parametrize("name", [*COMPARING, "perceptual"])
def test_a_target_is_needed_and_of_the_same_shape(name, request):
    if name == "perceptual":
        request.getfixturevalue("stored")
    with pytest.raises(UsageError, match=f"{name} compares with a target"):
        loss(name)(image(1, 3, 8, 8), None)
    with pytest.raises(InputError, match="one shape"):
        loss(name)(image(1, 3, 8, 8), image(1, 3, 8, 4))


def test_options_and_observations_that_make_no_sense():
    for name in ("charbonnier", "tv"):
        with pytest.raises(UsageError, match="epsilon is above 0"):
            loss(name, epsilon=0)
    with pytest.raises(UsageError, match="border is 0 or more"):
        loss("consistency", border=-1)
    with pytest.raises(UsageError, match="degradation is not known"):
        loss("consistency")(image(1, 3, 8, 8))
    with pytest.raises(InputError, match="one size"):
        loss("consistency")(image(1, 3, 8, 8), observation=seen(image(1, 3, 5, 5)))
    with pytest.raises(InputError, match="larger than the border"):
        loss("consistency", border=2)(image(1, 3, 8, 8), observation=seen(image(1, 3, 4, 4)))
    with pytest.raises(InputError, match="tv takes images"):
        loss("tv")(image(3, 8, 8))
