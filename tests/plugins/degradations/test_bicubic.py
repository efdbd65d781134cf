"""Downscaling as the published test sets were made."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

import restore
from restore.composition import build_degradation
from restore.errors import UsageError

PUBLISHED = "bicubic:scale={},border=replicate,rounding=uint8"


def pairs(folder, name, scale):
    """Yield name, high and low resolution; the high one cut to multiples, as the low one was made of it."""
    lows = sorted((folder / "sr/matlab_lr" / name / f"x{scale}").glob("*.png"))
    highs = sorted((folder / "sr/test" / name.lower()).glob("*.png"))
    assert len(lows) == len(highs) > 0
    for low, high in zip(lows, highs, strict=True):
        image = np.asarray(Image.open(high))
        height, width = (side // scale * scale for side in image.shape[:2])
        yield high.name, image[:height, :width], np.asarray(Image.open(low))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ["Set5", "Set14"])
def test_the_published_files_are_reproduced_bit_for_bit(name, scale, shared_data):
    differing = {
        image: int((restore.degrade(high, PUBLISHED.format(scale)) != low).sum())
        for image, high, low in pairs(shared_data, name, scale)
    }
    assert not any(differing.values()), differing


def test_todays_border_differs_from_the_published_files_at_the_border_alone(shared_data):
    for _, high, low in pairs(shared_data, "Set5", 4):
        today = restore.degrade(high, "bicubic:scale=4,rounding=uint8")
        differing = today != low
        assert differing.any()
        assert not differing[2:-2, 2:-2].any()


@pytest.mark.parametrize("border", ["symmetric", "replicate"])
def test_gradients(border):
    image = torch.rand(2, 1, 8, 6, dtype=torch.float64).mul(0.4).add(0.3).requires_grad_()
    degradation = build_degradation(f"bicubic:scale=2,border={border}")
    assert torch.autograd.gradcheck(lambda x: degradation(x, {"scale": 2}), image)


def test_overshoot_is_clamped():
    edge = torch.zeros(1, 1, 16, 16)
    edge[..., 7:] = 1
    result = build_degradation("bicubic:scale=2")(edge, {"scale": 2})
    assert (result.min(), result.max()) == (0, 1)


def test_it_tells_its_scale():
    degradation = build_degradation("bicubic:scale=3")
    assert degradation.scale == 3
    assert degradation.draw(torch.rand(2, 3, 9, 9), torch.Generator()) == {"scale": 3}
    assert build_degradation("bicubic").scale == 4


@pytest.mark.parametrize("scale", [0, -2, 1001])
def test_scales_that_cannot_be(scale):
    with pytest.raises(UsageError, match="1 to 1000"):
        build_degradation(f"bicubic:scale={scale}")
