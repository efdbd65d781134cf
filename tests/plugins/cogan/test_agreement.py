"""Edges, negatives and the pixel agreement ratio: goldens, and what pairs that are known to agree get."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from restore_cogan.agreement import agreement, edges, negative, pixel_agreement
from restore_cogan.prior import CoGAN


def test_edges_are_opencvs():
    image = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    expected = cv2.dilate(image, np.ones((3, 3), np.uint8)) - image
    found = edges(torch.from_numpy(image)[None, None] / 255.0) * 255
    assert np.array_equal(found[0, 0].round().byte().numpy(), expected)


def test_pixels_agree_on_the_same_side_of_the_middle():
    expected = torch.tensor([[0.0, 0.49, 0.5, 1.0], [1, 1, 0, 0]]).view(2, 1, 2, 2)
    found = torch.tensor([[0.4, 0.51, 1.0, 0.5], [0, 0, 1, 1]]).view(2, 1, 2, 2)
    assert agreement(expected, found).tolist() == [0.75, 0.0]


class Known(CoGAN):
    """Generates pairs that are known."""

    def __init__(self, pairs):
        super().__init__(width=0.01)
        self.pairs, self.next = pairs, 0

    def decode_pair(self, z):
        rows = slice(self.next, self.next + len(z))
        self.next = rows.stop
        return self.pairs[0][rows], self.pairs[1][rows]


@pytest.mark.parametrize("transform", [edges, negative])
def test_the_ratio_of_known_pairs(transform, monkeypatch):
    monkeypatch.setattr("restore_cogan.agreement.PORTION", 3)
    first = (torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(0)) > 0.5).float()
    second = transform(first)
    second[:, :, :7] = 1 - second[:, :, :7]  # a quarter is wrong
    found = pixel_agreement(Known((first, second)), transform, count=8)
    assert found["agreement"] == pytest.approx(0.75)
    strangers = agreement(transform(first), second.roll(-1, 0)).mean()
    assert found["strangers"] == pytest.approx(float(strangers))
    assert abs(found["strangers"] - 0.75) > 0.01


def test_it_is_a_function_of_the_seed():
    torch.manual_seed(0)
    prior = CoGAN(width=0.02, latent=5).eval()
    one, again, other = (pixel_agreement(prior, edges, count=20, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other
