"""map: lazy, in order, errors apart, images of one shape together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from restore.errors import InputError, RestoreError, UsageError


def negative(seen):
    return 1 - seen.image


@pytest.fixture
def files(tmp_path, picture):
    """Five images, the third of which is corrupt."""
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for number, path in enumerate(paths):
        Image.fromarray(picture(6, 4, 3, seed=number)).save(path)
    paths[2].write_bytes(paths[2].read_bytes()[:60])
    return paths


@pytest.mark.parametrize("batch_size", [1, 2, 3, 8])
def test_order_and_errors(make, files, batch_size):
    outcomes = list(make(negative).map(files, batch_size=batch_size))
    assert [outcome.source for outcome in outcomes] == files
    assert [outcome.ok for outcome in outcomes] == [True, True, False, True, True]
    assert isinstance(outcomes[2].error, InputError)
    for path, outcome in zip(files, outcomes, strict=True):
        if outcome.ok:
            assert np.array_equal(outcome.image.numpy(), 255 - np.asarray(Image.open(path)))


def test_an_endless_source(make):
    read = []

    def source():
        for number in itertools.count():
            read.append(number)
            yield np.full((3, 3), number, np.uint8)

    results = make(negative).map(source(), batch_size=2)
    assert read == []
    first = [outcome.image[0, 0] for outcome in itertools.islice(results, 3)]
    assert first == [255, 254, 253]
    assert read == [0, 1, 2, 3]


def test_images_of_one_shape_go_together(make, picture):
    sizes = [(6, 4, 3), (5, 4, 3), (6, 4, 3), (6, 4), (6, 4, 3), (5, 4, 3)]
    images = [picture(*size, seed=seed) for seed, size in enumerate(sizes)]
    restorer = make(negative, channels=(1, 3))
    outcomes = list(restorer.map(images, batch_size=6))
    assert restorer.module.shapes == [(3, 3, 6, 4), (2, 3, 5, 4), (1, 1, 6, 4)]
    for image, outcome in zip(images, outcomes, strict=True):
        assert np.array_equal(outcome.image, 255 - image)


def test_dtypes_and_kinds_in_one_batch(make, picture):
    image = picture(6, 4, 3)
    tensor = torch.from_numpy(image).movedim(-1, 0)
    restorer = make(negative)
    results = [o.image for o in restorer.map([image, image / 255, tensor, tensor[None]], batch_size=4)]
    assert restorer.module.shapes == [(4, 3, 6, 4)]
    assert np.array_equal(results[0], 255 - image)
    assert np.allclose(results[1], 1 - image / 255, atol=1e-7)
    assert torch.equal(results[2], 255 - tensor)
    assert results[3].shape == (1, 3, 6, 4)


def test_batches_give_the_bits_of_single_images(srresnet, picture):
    restorer = srresnet(scale=2, blocks=1, channels=64)
    images = [picture(40, 50, 3, seed=seed) for seed in range(4)]
    together = [outcome.image for outcome in restorer.map(images, batch_size=4)]
    assert all(np.array_equal(one, restorer(image)) for one, image in zip(together, images, strict=True))


def test_a_model_that_breaks_on_one_of_a_batch(make, picture):
    def picky(seen):
        if (seen.image.amin((1, 2, 3)) > 0.9).any():
            raise ZeroDivisionError("too bright")
        return 1 - seen.image

    images = [picture(6, 4, 3), np.full((6, 4, 3), 250, np.uint8), picture(6, 4, 3, seed=2)]
    outcomes = list(make(picky).map(images, batch_size=3))
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, RestoreError)
    assert "numpy array (6, 4, 3): ZeroDivisionError: too bright" in str(outcomes[1].error)
    assert isinstance(outcomes[1].error.__cause__, ZeroDivisionError)
    assert np.array_equal(outcomes[2].image, 255 - images[2])


def test_masks(make, picture):
    images = [picture(6, 4, 3, seed=seed) for seed in range(3)]
    masks = [np.zeros((6, 4), bool) for _ in images]
    for number, mask in enumerate(masks):
        mask[number] = True
    restorer = make(lambda seen: torch.ones_like(seen.image), task="inpainting")
    outcomes = list(restorer.map(images, masks=masks, batch_size=3))
    assert restorer.module.shapes == [(3, 3, 6, 4)]
    for image, mask, outcome in zip(images, masks, outcomes, strict=True):
        assert np.array_equal(outcome.image, np.where(mask[..., None], 255, image))
        assert outcome.report.missing_share == pytest.approx(1 / 6)


def test_one_mask_that_does_not_fit(make, picture):
    masks = [np.ones((6, 4), bool), np.ones((4, 6), bool)]
    restorer = make(lambda seen: torch.ones_like(seen.image), task="inpainting")
    outcomes = list(restorer.map([picture(6, 4, 3)] * 2, masks=masks, batch_size=2))
    assert [outcome.ok for outcome in outcomes] == [True, False]
    assert isinstance(outcomes[1].error, InputError)


def test_too_few_masks(make, picture):
    restorer = make(negative)
    results = restorer.map([picture(6, 4, 3)] * 2, masks=[np.ones((6, 4), bool)])
    assert next(results).ok
    with pytest.raises(UsageError, match="no mask for image 2"):
        next(results)


def test_images_that_are_too_large(make, files):
    [outcome] = make(negative).map(files[:1], max_pixels=23)
    assert "--max-pixels 24" in outcome.error.cure


def test_a_bar_leaves_standard_output_alone(make, picture, capfd):
    assert len(list(make(negative).map([picture(6, 4, 3)] * 3, progress=True))) == 3
    assert capfd.readouterr().out == ""


def test_a_batch_size_that_is_none(make):
    with pytest.raises(UsageError, match="the batch size is 0"):
        make(negative).map([], batch_size=0)
