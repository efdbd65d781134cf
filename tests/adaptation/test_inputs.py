"""Arrays as people have them: what is taken, and what is refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.adaptation.inputs import as_images, as_labels, check_domains, fitted
from restore.errors import InputError

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (3, 4, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    "given",
    [
        BYTES,
        BYTES[:, None],
        BYTES.reshape(3, 16),
        BYTES / 255,
        (BYTES / 255).astype(np.float32),
        torch.from_numpy(BYTES),
        torch.from_numpy(BYTES / 255).requires_grad_(),
        BYTES.tolist() and [list(map(list, image / 255)) for image in BYTES],
    ],
)
def test_one_set_in_many_forms(given):
    found = as_images(given, "source", 1)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, torch.from_numpy(BYTES[:, None] / np.float32(255)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((3, 2, 4, 4)), "target images have 2 channels"),
        (np.zeros((3, 15)), r"shape \(3, 15\)"),
        (np.zeros(3), r"shape \(3,\)"),
        (np.zeros((3, 4, 0)), "shape"),
        (np.zeros((3, 4, 4), int), "are int64"),
        (np.full((3, 4, 4), 1.5), "values from 1.5 to 1.5"),
        (np.full((3, 4, 4), -0.1), "from 0 to 1"),
        (np.full((3, 4, 4), np.nan), "finite"),
        ([np.zeros((4, 4)), np.zeros((5, 5))], "no array"),
        (np.array([None, None]), "shape"),
    ],
)
def test_images_that_cannot_be(given, message):
    with pytest.raises(InputError, match=message):
        as_images(given, "target", 1)


@pytest.mark.parametrize(
    ("given", "classes", "numbers"),
    [
        ([3, 9, 3], [3, 9], [0, 1, 0]),
        (["cat", "ant", "cat"], ["ant", "cat"], [1, 0, 1]),
        ([True, False, True], [False, True], [1, 0, 1]),
        ([2.0, 1.0, 2.0], [1.0, 2.0], [1, 0, 1]),
        (torch.tensor([7, 7, 5]), [5, 7], [1, 1, 0]),
    ],
)
def test_labels(given, classes, numbers):
    found, each = as_labels(given, 3)
    assert (found.tolist(), each.tolist()) == (classes, numbers)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, 2], "labels of the shape"),
        ([[1], [2], [3]], "labels of the shape"),
        ([1, np.nan, 2], "missing"),
        ([1, 2.5, 2], "no whole numbers"),
        ([1, None, 2], "are object"),
        ([4, 4, 4], "all source labels are the same"),
    ],
)
def test_labels_that_cannot_be(given, message):
    with pytest.raises(InputError, match=message):
        as_labels(given, 3)


def test_domains_must_belong_together():
    with pytest.raises(InputError, match="there are 1 target images"):
        check_domains(torch.zeros(3, 1, 4, 4), torch.zeros(1, 1, 4, 4))
    with pytest.raises(InputError, match="there are 0 source images"):
        check_domains(torch.zeros(0, 1, 4, 4), torch.zeros(3, 1, 4, 4))
    with pytest.raises(InputError, match="source images have 5 x 4 pixels, target images 4 x 4"):
        check_domains(torch.zeros(3, 1, 4, 5), torch.zeros(3, 1, 4, 4))


def test_images_are_fitted():
    images = torch.rand(2, 1, 14, 14)
    assert fitted(images, (1, 28, 28)).shape == (2, 1, 28, 28)
    assert fitted(images, (1, 14, 14)) is images
