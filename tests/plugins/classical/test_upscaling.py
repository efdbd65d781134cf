"""Upscaling equals Pillow's away from the border, MATLAB's mirror at it, and tiles equal the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from restore import images
from restore.benchmark.evaluation import evaluate
from restore.contracts import Observation
from restore.registry import registry

NAMES = ("nearest", "bicubic", "lanczos")
PILLOW = {
    "nearest": Image.Resampling.NEAREST,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def build(name, scale):
    return registry().find("model", name).build(scale=scale)


def run(model, image):
    return model(Observation(image=image))


def noise(channels, height, width, seed=0):
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [1, 2, 3, 4, 7])
def test_it_is_pillows_away_from_the_border(name, scale):
    image = noise(1, 19, 23)
    ours = run(build(name, scale), image)[0, 0]
    gray = Image.fromarray(image[0, 0].numpy())
    theirs = torch.from_numpy(np.array(gray.resize((23 * scale, 19 * scale), PILLOW[name])))
    inner = slice(3 * scale, -3 * scale)
    torch.testing.assert_close(ours[inner, inner], theirs[inner, inner], rtol=0, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_beyond_the_border_lies_the_mirror_image(name, scale):
    image = noise(3, 7, 6)
    mirrored = np.pad(image.numpy(), ((0, 0), (0, 0), (5, 5), (5, 5)), mode="symmetric")
    inside = run(build(name, scale), torch.from_numpy(mirrored))[..., 5 * scale : -5 * scale, 5 * scale : -5 * scale]
    assert torch.equal(run(build(name, scale), image), inside)


@pytest.mark.parametrize("name", NAMES)
def test_scale_one_is_the_image_itself(name):
    image = noise(3, 5, 8)
    assert torch.equal(run(build(name, 1), image), image)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(
    st.integers(1, 16),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_tile_with_its_halo_gives_the_bits_of_the_whole(name, scale, size, starts, shares):
    image = noise(1, *size)
    model = build(name, scale)
    whole = run(model, image)
    halo = model.receptive_field // 2
    core, region = [], []
    for side, start, share in zip(size, starts, shares, strict=True):
        first = round(start * (side - 1))
        last = first + 1 + round(share * (side - first - 1))
        core.append((first, last))
        region.append((max(0, first - halo), min(side, last + halo)))
    (top, bottom), (left, right) = region
    tile = run(model, image[..., top:bottom, left:right])
    (y, y_end), (x, x_end) = core
    kept = tile[..., (y - top) * scale : (y_end - top) * scale, (x - left) * scale : (x_end - left) * scale]
    assert torch.equal(kept, whole[..., y * scale : y_end * scale, x * scale : x_end * scale])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [2, 3, 4, 16])
def test_the_receptive_field_is_no_larger_than_declared_and_no_smaller(name, scale):
    model = build(name, scale)
    image = noise(1, 15, 15).double().requires_grad_()
    block = run(model, image)[0, 0, 7 * scale, 7 * scale : 8 * scale]
    reaches = []
    for value in block:
        (gradient,) = torch.autograd.grad(value, image, retain_graph=True)
        columns = gradient[0, 0].abs().sum(0).gt(1e-9).nonzero().flatten()
        reaches += [7 - int(columns.min()), int(columns.max()) - 7]
    assert max(reaches) == model.receptive_field // 2


@pytest.mark.parametrize("name", NAMES)
def test_the_descriptor_says_what_the_module_says(name):
    spec = registry().find("model", name).spec
    model = build(name, 3)
    assert (spec.tiling, spec.scale, spec.receptive_field) == ("exact", None, model.receptive_field)
    assert model.scale == 3


@pytest.mark.parametrize("name", NAMES)
@given(st.integers(1, 16), st.floats(0, 1, width=32))
def test_a_flat_image_stays_flat(name, scale, level):
    flat = torch.full((1, 1, 3, 2), level)
    assert torch.equal(run(build(name, scale), flat), torch.full((1, 1, 3 * scale, 2 * scale), level))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_flow(name):
    image = noise(1, 3, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: run(build(name, 2), x), image)


def test_bicubic_scores_on_set5_what_the_literature_says(shared_data):
    bicubic, scores = build("bicubic", 4), []
    originals = sorted((shared_data / "sr" / "test" / "set5").glob("*.png"))
    reduced = sorted((shared_data / "sr" / "matlab_lr" / "Set5" / "x4").glob("*.png"))
    for original, small in zip(originals, reduced, strict=True):
        low, high = images.load(small), images.load(original)
        restored = run(bicubic, low.source().read(0, 0, low.height, low.width))
        prediction = restored.clamp(0, 1).mul(255).round().div(255)
        target = high.source().read(0, 0, 4 * low.height, 4 * low.width)
        scores.append(evaluate(prediction, target, protocol="sr-y", scale=4)["psnr"])
    assert len(scores) == 5
    assert sum(scores) / 5 == pytest.approx(28.431, abs=0.001)
