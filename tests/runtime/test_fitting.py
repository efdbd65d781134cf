"""Fitting a photo to a model: the mirror beyond its border, and the exchange of gray and colour."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from restore import images
from restore.runtime.fitting import folded, from_model, read, to_model
from restore.runtime.tiling import Span


def test_beyond_the_border_lies_the_mirror_image():
    assert folded(Span(0, 3), 3).tolist() == [0, 1, 2]
    assert folded(Span(1, 10), 3).tolist() == [1, 2, 2, 1, 0, 0, 1, 2, 2]
    assert folded(Span(0, 4), 1).tolist() == [0, 0, 0, 0]


@given(st.integers(1, 9), st.integers(0, 20), st.integers(1, 20))
def test_folding_is_numpy_s_symmetric_padding(length, start, count):
    padded = np.pad(np.arange(length), (0, 50), mode="symmetric")
    assert folded(Span(start, start + count), length).tolist() == padded[start : start + count].tolist()


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 8), st.integers(0, 8))
def test_regions_are_cut_from_the_padded_image(height, width, top, left):
    image = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    padded = np.pad(image, ((0, 20), (0, 20), (0, 0)), mode="symmetric")
    region = read(images.load(image), (Span(top, top + 5), Span(left, left + 7)))
    expected = torch.from_numpy(padded[top : top + 5, left : left + 7].copy()).permute(2, 0, 1)[None]
    assert torch.equal((region * 255).round(), expected.float())


def test_gray_and_colour():
    gray, colour = torch.rand(2, 1, 4, 5), torch.rand(2, 3, 4, 5)
    for image, channels, shape in [
        (gray, (3,), (2, 3, 4, 5)),
        (colour, (1,), (6, 1, 4, 5)),
        (gray, (1, 3), gray.shape),
        (colour, (1, 3), colour.shape),
    ]:
        shown = to_model(image, channels)
        assert shown.shape == shape
        assert torch.allclose(from_model(shown, image.shape[1], channels), image)
    assert torch.equal(to_model(colour, (1,))[4, 0], colour[1, 1])
