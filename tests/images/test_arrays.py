"""numpy, torch and PIL in, the same kind, dtype, layout and values out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from restore import images
from restore.errors import InputError

FLOATS = st.floats(0, 1, width=16)
SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12).flatmap(
    lambda shape: st.sampled_from([shape, *((*shape, channels) for channels in (1, 3))])
)


@given(data=st.data())
def test_numpy_of_every_integer_and_float_type(identity, data):
    shape = data.draw(SHAPES)
    dtype = data.draw(st.sampled_from(["uint8", "uint16", ">u2", "float16", "float32", ">f4", "float64", "bool"]))
    elements = FLOATS if np.dtype(dtype).kind == "f" else None
    array = data.draw(arrays.arrays(dtype, shape, elements=elements))
    result = identity(array)
    assert result.dtype == array.dtype
    np.testing.assert_array_equal(result, array, strict=True)


@given(data=st.data())
def test_integer_alpha_and_hidden_colours_of_every_shape(identity, data):
    shape = data.draw(arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))
    channels, dtype = data.draw(st.sampled_from([2, 4])), data.draw(st.sampled_from(["uint8", "uint16"]))
    array = data.draw(arrays.arrays(dtype, (*shape, channels)))
    np.testing.assert_array_equal(identity(array), array, strict=True)


def test_float64_keeps_its_type_and_the_precision_of_float32(identity):
    array = np.random.default_rng(0).random((6, 5, 3))
    result = identity(array)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, array.astype(np.float32))


@pytest.mark.parametrize(
    "view",
    [lambda a: a[::-1, ::-1], lambda a: a[::2, 1::3], lambda a: a.transpose(1, 0, 2), lambda a: a[..., ::-1],
     np.asfortranarray, lambda a: np.broadcast_to(a[:1], a.shape)],
)  # fmt: skip
def test_views_read_only_arrays_and_negative_strides(view, identity):
    array = view(np.random.default_rng(0).integers(0, 65536, (14, 15, 3), dtype=np.uint16))
    array.flags.writeable = False
    before = array.copy()
    np.testing.assert_array_equal(identity(array), array, strict=True)
    np.testing.assert_array_equal(array, before)


def test_the_input_array_is_never_written_to(random_image):
    array = random_image(9, 8, 4, "uint8")
    before = array.copy()
    photo = images.load(array)
    canvas = photo.canvas()
    canvas.write(0, 0, torch.rand(1, 3, 9, 8))
    images.export(canvas.photo())[:] = 7
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "bfloat16", "float32", "float64", "bool"])
@pytest.mark.parametrize("shape", [(3, 7, 6), (1, 7, 6), (2, 3, 7, 6), (1, 1, 7, 6)])
def test_torch_of_every_type(dtype, shape, identity):
    dtype = getattr(torch, dtype)
    values = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    if dtype.is_floating_point:
        tensor = values.to(dtype)
    else:
        tensor = (values * {torch.uint8: 255, torch.uint16: 65535, torch.bool: 1}[dtype]).round().to(dtype)
    result = identity(tensor)
    assert (result.dtype, result.shape, result.device) == (tensor.dtype, tensor.shape, tensor.device)
    assert torch.equal(result, tensor)


def test_torch_with_alpha_channels_last_and_gradients(identity):
    tensor = torch.randint(0, 256, (2, 4, 6, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(identity(tensor.to(memory_format=torch.channels_last)), tensor)
    leaf = torch.rand(3, 5, 4, requires_grad=True)
    result = identity(leaf)
    assert not result.requires_grad
    assert torch.equal(result, leaf.detach())
    assert torch.equal(identity(torch.nn.Parameter(leaf.detach())), leaf.detach())


@pytest.mark.parametrize(
    ("mode", "value", "out", "pixel"),
    [("L", 7, "L", 7), ("LA", (7, 9), "LA", (7, 9)), ("RGB", (1, 2, 3), "RGB", (1, 2, 3)),
     ("RGBA", (1, 2, 3, 4), "RGBA", (1, 2, 3, 4)), ("1", 1, "L", 255), ("I;16", 300, "I;16", 300),
     ("F", 0.25, "F", 0.25),
     ("RGBX", (1, 2, 3, 0), "RGB", (1, 2, 3)), ("CMYK", (0, 255, 255, 0), "RGB", (255, 0, 0))],
)  # fmt: skip
def test_pil_modes(mode, value, out, pixel, identity):
    result = identity(Image.new(mode, (4, 3), value))
    assert (result.mode, result.size) == (out, (4, 3))
    assert result.getpixel((1, 2)) == pixel


def test_a_pil_image_is_left_as_it_was_and_can_be_loaded_twice():
    image = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.info["exif"] = exif.tobytes()
    first, second = images.load(image).numpy(), images.load(image).numpy()
    np.testing.assert_array_equal(first, [[3, 0], [4, 1], [5, 2]])
    np.testing.assert_array_equal(second, first)
    assert image.info["exif"] == exif.tobytes()
    assert image.getexif()[0x0112] == 6


@pytest.mark.parametrize(
    ("source", "words"),
    [(np.zeros((4, 4), np.int32), "dtype int32"), (np.zeros((4, 4), np.int64), "dtype int64"),
     (np.zeros((4, 4), np.uint32), "dtype uint32"), (np.zeros((4, 4), complex), "dtype complex128"),
     (torch.zeros(3, 4, 4, dtype=torch.int64), "dtype int64"),
     (torch.zeros(3, 4, 4, dtype=torch.int32), "dtype int32"),
     (np.zeros((6, 6, 5), np.uint8), "has 5 channels"), (torch.zeros(5, 6, 6), "has 5 channels"),
     (np.zeros((3, 9, 9), np.uint8), r"looks like \(C, H, W\)"),
     (torch.zeros(9, 9, 3), r"looks like \(H, W, C\)"),
     (np.zeros((2, 4, 4, 3), np.uint8), "is no image"), (np.zeros(4, np.uint8), "is no image"),
     (torch.zeros(4, 4), "is no image"), (np.zeros((0, 4, 3), np.uint8), "is empty"),
     (np.zeros((4, 0), np.float32), "is empty"), (np.zeros((4, 4, 0), np.uint8), "is empty"),
     (torch.zeros(0, 3, 4, 4), "is empty"), (torch.zeros(3, 4, 4).to_sparse(), "sparse"),
     (torch.zeros(3, 4, 4, device="meta"), "without data"), (np.array([["a"]]), "dtype"),
     (np.ma.masked_array(np.zeros((2, 2), np.uint8), [[True, False], [False, False]]), "masked"),
     (Image.new("I", (2, 2)), "mode I, whose range is not known"),
     (torch.nn.Identity(), "Identity is no image"),
     (None, "NoneType is no image"), (7, "int is no image"), ([[0, 1], [1, 0]], "list is no image")],
)  # fmt: skip
def test_what_is_no_image(source, words):
    with pytest.raises(InputError, match=words) as caught:
        images.load(source)
    assert caught.value.cure


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.01, 1.01, 255.0])
@pytest.mark.parametrize("make", [np.asarray, torch.from_numpy, lambda a: Image.fromarray(a[..., 0])])
def test_floats_that_are_not_finite_or_out_of_range(value, make):
    array = np.full((4, 4, 3), 0.5, np.float32)
    array[2, 3] = value
    array = array.transpose(2, 0, 1).copy() if make is torch.from_numpy else array
    with pytest.raises(InputError, match=r"not finite|floats lie in \[0, 1\]"):
        images.load(make(array))


def test_floats_a_rounding_error_outside_the_range_are_clamped():
    array = np.array([[-5e-5, 0.5, 1 + 5e-5]], np.float32)
    np.testing.assert_array_equal(images.load(array).numpy(), np.array([[0, 0.5, 1]], np.float32))
