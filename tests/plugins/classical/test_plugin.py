"""Every baseline is offered, can be built, and takes gray and colour of any size, in batches."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.contracts import Model, Observation
from restore.errors import UsageError
from restore.registry import registry

TASKS = {
    "nearest": "super-resolution",
    "bicubic": "super-resolution",
    "lanczos": "super-resolution",
    "telea": "inpainting",
    "navier-stokes": "inpainting",
    "biharmonic": "inpainting",
    "nlm": "denoising",
    "tv-chambolle": "denoising",
}


def component(name):
    return registry().find("model", name)


def observation(batch, channels, height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(batch, channels, height, width, generator=generator)
    mask = (torch.rand(batch, 1, height, width, generator=generator) < 0.3).float()
    mask[..., 0, 0] = 0
    return Observation(image=image, mask=mask)


@pytest.mark.parametrize(("name", "task"), TASKS.items())
def test_each_is_offered_for_its_task_and_can_be_built(name, task):
    found = component(name)
    assert found.spec.task == task
    assert found.spec.channels == (1, 3)
    assert found.spec.licence == "Apache-2.0"
    assert isinstance(found.build(), Model)


@pytest.mark.parametrize("name", TASKS)
@settings(max_examples=25)
@given(st.integers(1, 2), st.sampled_from([1, 3]), st.integers(1, 12), st.integers(1, 12), st.integers(0, 99))
def test_any_size_gives_finite_pixels_in_the_size_that_the_scale_says(name, batch, channels, height, width, seed):
    model = component(name).build()
    given_ = observation(batch, channels, height, width, seed)
    restored = model(given_)
    scale = model.scale or component(name).spec.scale
    assert restored.shape == (batch, channels, scale * height, scale * width)
    assert restored.dtype == torch.float32
    assert restored.isfinite().all()


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_gives_what_its_samples_give(name, channels):
    model = component(name).build()
    batch = observation(3, channels, 21, 17)
    together = model(batch)
    for i in range(3):
        alone = model(Observation(image=batch.image[i : i + 1], mask=batch.mask[i : i + 1]))
        assert torch.equal(together[i : i + 1], alone)


@pytest.mark.parametrize("name", TASKS)
def test_an_empty_batch_stays_one(name):
    assert len(component(name).build()(observation(0, 3, 4, 4))) == 0


@pytest.mark.parametrize("name", TASKS)
def test_the_input_is_left_as_it_is(name):
    given_ = observation(1, 3, 9, 9)
    image, mask = given_.image.clone(), given_.mask.clone()
    component(name).build()(given_)
    assert torch.equal(given_.image, image)
    assert torch.equal(given_.mask, mask)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        *((name, "scale", scale) for name in ("nearest", "bicubic", "lanczos") for scale in (0, -2, 17)),
        *((name, "radius", r) for name in ("telea", "navier-stokes") for r in (0.5, 101, float("nan"))),
        *(("nlm", "sigma", sigma) for sigma in (-0.1, 25, float("nan"))),
        *(("nlm", "h", h) for h in (0, -1, float("inf"))),
        *(("nlm", "patch_size", side) for side in (1, 4, 33)),
        *(("nlm", "patch_distance", far) for far in (0, 51)),
        *(("tv-chambolle", "weight", weight) for weight in (0, -1, float("nan"))),
    ],
)
def test_an_impossible_option_is_refused_by_name_with_its_range(name, option, value):
    with pytest.raises(UsageError, match=name) as refusal:
        component(name).build(**{option: value})
    assert option in str(refusal.value)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", TASKS)
def test_what_comes_from_a_gpu_goes_back_to_it(name):
    here = observation(2, 3, 20, 20)
    there = Observation(image=here.image.cuda(), mask=here.mask.cuda())
    model = component(name).build()
    restored = model(there)
    assert restored.is_cuda
    torch.testing.assert_close(restored.cpu(), model(here), rtol=0, atol=1e-6)
