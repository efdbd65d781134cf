"""Seeds: they decide what a model draws, for each image alone, and leave the caller's generator alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.errors import UsageError


def noisy(seen):
    return (seen.image + torch.rand(seen.image.shape)) / 2


@pytest.fixture
def restorer(make):
    return make(noisy)


def test_a_seed_decides(restorer):
    image = torch.rand(3, 9, 8)
    assert torch.equal(restorer(image, seed=4), restorer(image, seed=4))
    assert not torch.equal(restorer(image, seed=4), restorer(image, seed=5))
    assert not torch.equal(restorer(image), restorer(image))
    assert torch.equal(restorer.restore(image, seed=4).image, restorer(image, seed=4))


def test_what_it_draws_is_what_torch_draws(restorer):
    image = torch.zeros(1, 3, 9, 8)
    drawn = torch.rand(image.shape, generator=torch.Generator().manual_seed(4))
    assert torch.equal(restorer(image, seed=4), drawn / 2)


def test_the_caller_s_generator_is_left_alone(restorer):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    restorer(torch.rand(3, 9, 8, generator=torch.Generator()), seed=4)
    assert torch.equal(torch.rand(3), expected)


def test_it_is_left_alone_by_an_error_too(make):
    def broken(seen):
        torch.rand(1)
        raise ZeroDivisionError

    before = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError):
        make(broken)(torch.rand(3, 9, 8, generator=torch.Generator()), seed=4)
    assert torch.equal(torch.get_rng_state(), before)


def test_choosing_a_tile_draws_nothing(make):
    """The small passes that are measured come before the first large image only."""
    restorer = make(noisy, tiling="approximate", receptive_field=1)
    image = torch.zeros(3, 150, 160)
    results = [restorer(image, seed=4), restorer(image, seed=4)]
    torch.manual_seed(4)
    results.append(make(noisy, tiling="approximate", receptive_field=1)(image))
    assert all(torch.equal(result, results[0]) for result in results)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_each_image_of_a_map_draws_as_it_would_alone(restorer, batch_size):
    images = [np.full((9, 8, 3), value, np.uint8) for value in (0, 100, 200)]
    results = [outcome.image for outcome in restorer.map(images, seed=4, batch_size=batch_size)]
    assert all(np.array_equal(one, restorer(image, seed=4)) for one, image in zip(results, images, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**63, 2**70])
def test_what_is_no_seed_is_told(restorer, seed):
    with pytest.raises(UsageError, match=f"{seed} is no seed"):
        restorer(torch.rand(3, 9, 8), seed=seed)
