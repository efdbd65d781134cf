"""Differentiable augmentation: what each kind may change, by how much, with a gradient and for each image alone."""

from __future__ import annotations

import pytest
import torch

from restore.training.augment import augment

KINDS = ("color", "translation", "cutout")


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def test_none_leaves_images_as_they_are():
    image = torch.rand(2, 3, 8, 8)
    assert augment(image, ()) is image


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(4, 3, 16, 16), (4, 1, 28, 28), (3, 3, 8, 12)])
def test_images_differ_from_what_they_were_and_from_each_other(kind, shape):
    image = torch.rand(1, *shape[1:]).expand(shape).clone()
    changed = augment(image, (kind,))
    assert changed.shape == image.shape
    assert not torch.equal(changed[0], changed[1]) or not torch.equal(changed[1], changed[2])
    assert (changed != image).any()


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_a_linear_map(kind):
    """Each kind is affine in the image once drawn: the gradient of a sum against finite differences."""
    image = torch.rand(2, 3, 16, 16, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 3, 16, 16, dtype=torch.float64)

    def value(shown):
        torch.manual_seed(3)
        return (augment(shown, (kind,)) * weight).sum()

    (slope,) = torch.autograd.grad(value(image), image)
    direction = torch.randn_like(image)
    with torch.no_grad():
        measured = value(image + direction) - value(image)
    torch.testing.assert_close((slope * direction).sum(), measured)


def test_color_keeps_the_order_of_brightness_and_bounds_its_shift():
    gray = torch.full((500, 3, 4, 4), 0.5)
    shift = augment(gray, ("color",)).mean((1, 2, 3)) - 0.5
    assert shift.abs().max() <= 0.25
    assert shift.max() > 0.2
    assert shift.min() < -0.2
    ramp = torch.linspace(0, 1, 64).view(1, 1, 8, 8).expand(500, 3, 8, 8)
    spread = augment(ramp, ("color",)).std((1, 2, 3)) / ramp[0].std()
    assert 0.5 <= spread.min() < 0.6
    assert 1.4 < spread.max() <= 1.5 + 1e-5


def test_translation_moves_by_an_eighth_at_most_and_fills_with_gray():
    image = torch.zeros(300, 1, 16, 16)
    image[:, :, 8, 5] = 1
    moved = augment(image, ("translation",))
    places = (moved == 1).nonzero()
    assert len(places) == 300
    assert set((places[:, 2] - 8).tolist()) == {-2, -1, 0, 1, 2}
    assert set((places[:, 3] - 5).tolist()) == {-2, -1, 0, 1, 2}
    assert set(moved.unique().tolist()) == {0.0, 0.5, 1.0}


def test_cutout_takes_a_square_of_half_the_side_at_most():
    cut = augment(torch.ones(300, 3, 16, 16), ("cutout",))
    missing = (cut == 0.5).all(1).sum((1, 2))
    assert torch.equal((cut == 0.5).all(1), (cut == 0.5).any(1))
    assert missing.max() <= 64
    assert missing.max() >= 49
    assert missing.min() > 0
