"""Planning: tiles that are as large as memory allows, found out on a corner of the first image."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.errors import DeviceError
from restore.runtime import memory
from restore.runtime.peak import PeakMemory

EXACT = {"tiling": "exact", "receptive_field": 21}


def negative(seen):
    return 1 - seen.image


@pytest.fixture
def budget(monkeypatch):
    return lambda size: monkeypatch.setattr(memory, "CPU_BUDGET", size)


def regions(restorer, images, **options):
    """Return the regions that the model is shown, without those of the measurement."""
    restorer.module.shapes.clear()
    restorer(images, **options)
    return restorer.module.shapes


def test_a_budget_makes_tiles(make, picture, budget):
    """The peak of the tensors keeps within the budget, and no tile is much smaller than it allows."""
    restorer = make(negative, tiling="exact", receptive_field=81)
    image = picture(600, 700, 3)
    restorer(image)
    for size in (2 * 2**20, 4 * 2**20, 16 * 2**20):
        budget(size)
        with PeakMemory() as counted:
            shown = regions(restorer, image)
        assert counted.peak <= size * 1.02
        assert len(shown) > 1 or counted.peak > 0.5 * size


def test_a_long_image_that_fits_is_not_cut(make, picture, budget):
    """Its pixels count, not its longer side."""
    budget(8 * 2**20)
    restorer = make(negative, tiling="exact", receptive_field=81)
    with PeakMemory() as counted:
        assert regions(restorer, picture(120, 900, 3))[-1:] == [(1, 3, 120, 900)]
    assert 2**22 < counted.peak <= 2**23
    assert regions(restorer, picture(600, 900, 3))[0] != (1, 3, 600, 900)


def test_a_wide_image_is_cut_where_rows_of_all_layers_would_take_more(make, picture, budget):
    """As many pixels in 24 rows take several times as much as in a square, or upright."""

    def keeps_rows(seen):
        kept = seen.image.new_ones(1000, seen.image.shape[3])
        return kept[0] - seen.image

    image = picture(24, 4000, 3)
    with PeakMemory() as whole:
        make(keeps_rows, tile="off", **EXACT)(image)
    size = 8 * 2**20
    budget(size)
    restorer = make(keeps_rows, **EXACT)
    with PeakMemory() as cut:
        assert len(set(regions(restorer, image)[2:])) == 1
    assert restorer.module.shapes[-1][3] < 4000
    assert cut.peak <= size < whole.peak
    assert regions(restorer, picture(4000, 24, 3)) == [(1, 3, 4000, 24)]


def test_more_images_get_smaller_tiles(make, budget):
    budget(8 * 2**20)
    restorer = make(negative, **EXACT)
    one, four = (regions(restorer, torch.rand(count, 3, 400, 400))[-1] for count in (1, 4))
    assert (one[0], four[0]) == (1, 4)
    assert four[2] < 0.6 * one[2]


def test_the_measurement_is_made_once_and_not_for_small_images(make, picture):
    restorer = make(negative, **EXACT)
    restorer(picture(144, 144, 3))
    assert restorer.module.shapes == [(1, 3, 144, 144)]
    restorer(picture(150, 160, 3))
    assert restorer.module.shapes[1:] == [(1, 3, 64, 64), (1, 3, 96, 96), (1, 3, 150, 160)]
    assert regions(restorer, picture(160, 150, 3)) == [(1, 3, 160, 150)]


@pytest.mark.parametrize(
    ("declared", "measured"),
    [({"min_size": 100}, [100, 132]), ({"multiple_of": 48}, [96, 144]), ({"multiple_of": 7}, [70, 105])],
)
def test_the_measurement_keeps_to_what_the_model_takes(make, picture, declared, measured):
    restorer = make(negative, **EXACT, **declared)
    restorer(picture(200, 300, 3))
    assert [shape[2] for shape in restorer.module.shapes[:2]] == measured


def test_the_measurement_shows_a_mask_to_who_needs_one(make, picture):
    masks = []

    def model(seen):
        masks.append(seen.mask)
        return torch.ones_like(seen.image)

    restorer = make(model, task="inpainting", **EXACT)
    mask = np.zeros((200, 300), bool)
    mask[5, 5] = True
    restorer(picture(200, 300, 3), mask=mask)
    assert all(0 < shown.sum() < shown.numel() for shown in masks)


def test_where_not_even_the_measurement_fits(make, picture):
    def model(seen):
        if seen.image[0, 0].numel() > 60 * 60:
            raise torch.OutOfMemoryError
        return 1 - seen.image

    image = picture(200, 300, 3)
    outcome = make(model, **EXACT).restore(image)
    assert np.array_equal(outcome.image, 255 - image)


@pytest.mark.parametrize(
    "declared", [{}, {"tiling": "internal"}, {"tiling": "discouraged"}, {**EXACT, "fixed_size": (300, 400)}]
)
def test_a_model_that_takes_no_tiles_is_shown_the_whole_image_only(make, picture, budget, declared):
    budget(1)
    restorer = make(negative, **declared)
    restorer(picture(300, 400, 3))
    assert restorer.module.shapes == [(1, 3, 300, 400)]


def test_discouraged_tiles_are_cut_for_who_asks(make, picture):
    image = picture(300, 400, 3)
    outcome = make(negative, tile=100, tiling="discouraged", receptive_field=21).restore(image)
    assert np.array_equal(outcome.image, 255 - image)
    assert outcome.report.tiles > 1
    assert outcome.report.tiling == "approximate"


def test_off_is_whole_whatever_it_takes(make, picture, budget):
    budget(1)
    restorer = make(negative, tile="off", **EXACT)
    restorer(picture(300, 400, 3))
    assert restorer.module.shapes == [(1, 3, 300, 400)]


def test_the_halo(make):
    """Half of the receptive field, up to a multiple of what sides must be; 32 where nothing is known."""
    cases = [
        ({"tiling": "exact", "receptive_field": 21}, 10),
        ({"tiling": "exact", "receptive_field": 80}, 40),
        ({"tiling": "exact", "receptive_field": 21, "multiple_of": 8}, 16),
        ({"tiling": "approximate"}, 32),
    ]
    for declared, halo in cases:
        report = make(negative, tile=200, **declared).restore(torch.rand(3, 480, 480)).report
        assert (report.halo, report.tiling) == (halo, declared["tiling"])


def test_errors_of_the_measurement_are_those_of_the_image(make, picture):
    def broken(seen):
        raise DeviceError("the device went away")

    with pytest.raises(DeviceError, match="went away"):
        make(broken, **EXACT)(picture(200, 300, 3))
