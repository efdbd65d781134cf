"""What encoders learn from is what a latent search will show them."""

from __future__ import annotations

import pytest
import torch

from restore.composition import build_degradation
from restore.inversion import encoder_view
from restore_gan.glimpses import LOSSES, OF_COLOURS, WHOLE, Glimpses

SIZE = (3, 16, 16)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def image():
    return torch.rand(30, *SIZE, generator=seeded(5))


@pytest.mark.parametrize("name", LOSSES)
def test_a_kind_is_what_a_search_would_show(name, image):
    glimpses = Glimpses(SIZE)
    seen = glimpses.of(torch.full((30,), glimpses.names.index(name)), image, seeded())
    if name == WHOLE:
        assert torch.equal(seen, image)
    else:
        observed = build_degradation(name).observe(image, seeded())
        torch.testing.assert_close(seen, encoder_view(observed, SIZE))
        assert (seen != image).flatten(1).any(1).all()
    assert seen.shape == image.shape
    assert 0 <= float(seen.min()) <= float(seen.max()) <= 1


def test_each_image_has_its_own_kind(image):
    glimpses = Glimpses(SIZE)
    kinds = torch.arange(30) % 2
    seen = glimpses.of(kinds, image, seeded())
    assert torch.equal(seen[kinds == 0], image[kinds == 0])
    assert (seen != image).flatten(1).any(1).tolist() == (kinds == 1).tolist()


def test_kinds_come_as_often_as_they_should(image):
    glimpses, many = Glimpses(SIZE), image.repeat(8, 1, 1, 1)
    seen = glimpses(many, seeded())
    whole = (seen == many).flatten(1).all(1).double().mean()
    assert float(whole) == pytest.approx(LOSSES[WHOLE] / sum({**LOSSES, **OF_COLOURS}.values()), abs=0.04)
    assert torch.equal(seen, glimpses(many, seeded()))
    assert not torch.equal(seen, glimpses(many, seeded(1)))


def test_gray_images_lose_no_colour():
    assert "grayscale" in Glimpses(SIZE).names
    gray = Glimpses((1, 28, 28))
    assert "grayscale" not in gray.names
    assert gray(torch.rand(40, 1, 28, 28), seeded()).shape == (40, 1, 28, 28)
