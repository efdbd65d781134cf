"""MATLAB's imresize: against MATLAB's own results, against torch's antialiased kernel, and its promises."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from restore import resize as module
from restore.errors import UsageError
from restore.resize import downscale, resize, round_to_uint8, upscale


def ramp(side):
    return torch.arange(side * side, dtype=torch.float64).view(1, 1, side, side)


def random_image(height, width, *, channels=1, seed=0, dtype=torch.float64):
    chance = torch.Generator().manual_seed(seed)
    return torch.rand(1, channels, height, width, generator=chance, dtype=torch.float64).to(dtype)


# What MATLAB R2019b answers, imresize(..., 'bicubic') with antialiasing, to six digits.
G12 = [
    [4.042969, 6.082031, 8.105469, 10.144531],
    [20.355469, 22.394531, 24.417969, 26.457031],
    [36.542969, 38.582031, 40.605469, 42.644531],
    [52.855469, 54.894531, 56.917969, 58.957031],
]
G13 = [[12.383789, 16.631836], [46.368164, 50.616211]]
G14_ROW = [14.419753, 17.506173, 20.518519, 23.530864, 26.617284]
G14 = [[29.1072, 34.288, 39.4688], [106.8192, 112.0, 117.1808], [184.5312, 189.712, 194.8928]]
G15 = [[0.750552, 2.100442, 3.450331], [6.15011, 7.5, 8.84989], [11.549669, 12.899558, 14.249448]]
G15_ROW = [6.472529, 8.511591, 10.535029, 12.574091]


@pytest.mark.parametrize(
    ("result", "matlab"),
    [
        (lambda: downscale(ramp(8), 2), G12),
        (lambda: downscale(ramp(8), 4), G13),
        (lambda: downscale(ramp(15), 3)[..., :1, :], [G14_ROW]),
        (lambda: downscale(ramp(15), 5), G14),
        (lambda: resize(ramp(4), 3, 3), G15),
        (lambda: resize(ramp(8), 3, 4)[..., :1, :], [G15_ROW]),
    ],
    ids=["8 to 4", "8 to 2", "15 to 5", "15 to 3", "4 to 3", "8x8 to 3x4"],
)
def test_matlab_goldens(result, matlab):
    np.testing.assert_allclose(result()[0, 0].numpy(), matlab, atol=6e-7, rtol=0)


def by_torch(image, height, width, ratio, border):
    """Return imresize's result from torch's antialiased bicubic kernel, which lacks only the border."""
    margin = 6 * max(ratio, 1)
    padded = np.pad(image[0].numpy(), ((0, 0), (margin, margin), (margin, margin)), mode=border)
    beyond = margin * height // image.shape[-2]
    out = (height + 2 * beyond, width + 2 * beyond)
    result = F.interpolate(torch.from_numpy(padded)[None], size=out, mode="bicubic", antialias=True)
    return result[..., beyond:-beyond, beyond:-beyond]


@pytest.mark.parametrize(("border", "numpy_border"), [("symmetric", "symmetric"), ("replicate", "edge")])
@given(height=st.integers(1, 9), width=st.integers(1, 9), factor=st.integers(2, 6), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_downscaling_equals_torch_inside_a_border(border, numpy_border, height, width, factor, seed):
    image = random_image(height * factor, width * factor, channels=2, seed=seed)
    expected = by_torch(image, height, width, factor, numpy_border)
    torch.testing.assert_close(downscale(image, factor, border=border), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(("border", "numpy_border"), [("symmetric", "symmetric"), ("replicate", "edge")])
@given(height=st.integers(1, 20), width=st.integers(1, 20), factor=st.integers(2, 5), seed=st.integers(0, 99))
@settings(max_examples=30)
def test_upscaling_equals_torch_inside_a_border(border, numpy_border, height, width, factor, seed):
    image = random_image(height, width, seed=seed)
    expected = by_torch(image, height * factor, width * factor, 1, numpy_border)
    torch.testing.assert_close(upscale(image, factor, border=border), expected, atol=1e-12, rtol=0)


def test_other_libraries_differ_at_the_border_or_everywhere():
    image = random_image(64, 64)
    ours = downscale(image, 4)
    torchs = F.interpolate(image, size=(16, 16), mode="bicubic", antialias=True)
    torch.testing.assert_close(ours[..., 2:-2, 2:-2], torchs[..., 2:-2, 2:-2], atol=1e-12, rtol=0)
    assert (ours - torchs).abs()[..., 0, :].max() > 0.01
    opencvs = torch.from_numpy(cv2.resize(image[0, 0].numpy(), (16, 16), interpolation=cv2.INTER_CUBIC))
    assert (ours - opencvs)[..., 2:-2, 2:-2].abs().mean() > 0.05


@given(size=st.tuples(*[st.integers(1, 24)] * 4))
@settings(max_examples=60)
def test_resize_keeps_constants_and_the_centre_of_gravity_of_symmetric_images(size):
    height, width, new_height, new_width = size
    torch.testing.assert_close(
        resize(torch.full((1, 1, height, width), 0.3, dtype=torch.float64), new_height, new_width),
        torch.full((1, 1, new_height, new_width), 0.3, dtype=torch.float64),
        atol=1e-14,
        rtol=0,
    )
    image = random_image(height, width)
    image = image + image.flip(-1) + image.flip(-2) + image.flip(-1, -2)
    result = resize(image, new_height, new_width)
    torch.testing.assert_close(result, result.flip(-1, -2), atol=1e-13, rtol=0)


@pytest.mark.parametrize(("sides", "factor", "expected"), [((7, 9), 2, (4, 5)), ((1, 1), 4, (1, 1))])
def test_sides_that_are_no_multiple_round_up_as_matlab_does(sides, factor, expected):
    assert downscale(torch.rand(1, 3, *sides), factor).shape == (1, 3, *expected)


def test_the_same_size_gives_the_same_bits():
    image = random_image(5, 7, channels=3, dtype=torch.float32)
    for result in (downscale(image, 1), upscale(image, 1), resize(image, 5, 7)):
        assert torch.equal(result, image)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_dtype_is_kept_and_the_input_left_alone(dtype):
    image = random_image(12, 12, dtype=dtype)
    before = image.clone()
    assert downscale(image, 3, rounding="uint8").dtype == dtype
    assert torch.equal(image, before)


@pytest.mark.parametrize("rounding", ["none", "uint8"])
@pytest.mark.parametrize("border", ["symmetric", "replicate"])
def test_bits_do_not_depend_on_the_bands(border, rounding, monkeypatch):
    image = random_image(61, 47, channels=3, dtype=torch.float32)
    whole = downscale(image, 3, border=border, rounding=rounding)
    larger = upscale(image, 2, border=border)
    for band in (1, 2000):
        monkeypatch.setattr(module, "BAND", band)
        assert torch.equal(downscale(image, 3, border=border, rounding=rounding), whole)
        assert torch.equal(upscale(image, 2, border=border), larger)


def test_a_tile_with_a_halo_gives_the_bits_of_the_whole():
    image = random_image(60, 48, channels=3, dtype=torch.float32)
    tile = downscale(image[..., 8:52, 12:44], 4)
    assert torch.equal(tile[..., 2:-2, 2:-2], downscale(image, 4)[..., 4:11, 5:9])
    tile = upscale(image[..., 10:30, 11:21], 3)
    assert torch.equal(tile[..., 6:-6, 6:-6], upscale(image, 3)[..., 36:84, 39:57])


def test_a_batch_equals_its_samples():
    batch = torch.cat([random_image(20, 16, channels=3, seed=s, dtype=torch.float32) for s in range(3)])
    assert torch.equal(downscale(batch, 4), torch.cat([downscale(one, 4) for one in batch.split(1)]))


@pytest.mark.parametrize(
    "function",
    [
        lambda image: downscale(image, 2),
        lambda image: downscale(image, 3, border="replicate"),
        lambda image: upscale(image, 2),
        lambda image: resize(image, 4, 9),
    ],
)
def test_gradients(function):
    assert torch.autograd.gradcheck(function, random_image(6, 7).requires_grad_())


def test_rounding_lets_the_gradient_pass_and_changes_no_bit_for_it():
    image = random_image(12, 12, dtype=torch.float32)
    followed = image.clone().requires_grad_()
    rounded = downscale(followed, 3, rounding="uint8")
    assert torch.equal(rounded.detach(), downscale(image, 3, rounding="uint8"))
    straight = image.clone().requires_grad_()
    rounded.square().sum().backward()
    (downscale(straight, 3) * 2 * rounded.detach()).sum().backward()
    torch.testing.assert_close(followed.grad, straight.grad, atol=1e-6, rtol=0)


def test_rounding_by_hand():
    values = torch.tensor([-0.2, 0.49, 0.5, 1.5, 254.49, 254.5, 300.0], dtype=torch.float64) / 255
    assert round_to_uint8(values).mul(255).tolist() == pytest.approx([0, 0, 1, 2, 254, 255, 255], abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_ties_are_rounded_up_however_exactly_the_input_is_stored(dtype):
    row = [73, 149, 11, 6, 28, 114, 138, 39]
    weights = [-3, -9, 29, 111, 111, 29, -9, -3]  # of x2, over 256
    assert sum(w * k for w, k in zip(weights, row, strict=True)) == 17.5 * 256
    image = torch.tensor([[0, *row, 0, 0, 0]] * 2).mT.to(dtype)[None, None] / 255  # rows come first
    result = downscale(image, 2, rounding="uint8").mul(255).round()
    assert result[0, 0, 2, 0] == 18


@pytest.mark.parametrize(
    "call",
    [
        lambda image: downscale(image, 0),
        lambda image: upscale(image, 0),
        lambda image: resize(image, 0, 3),
        lambda image: resize(image, 3, -1),
    ],
)
def test_sizes_that_cannot_be(call):
    with pytest.raises(UsageError, match="cannot be resized"):
        call(torch.rand(1, 1, 4, 4))
