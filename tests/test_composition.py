"""Degradations in sequence, and images of every kind through them."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

import restore
from restore.composition import Pipeline, build_degradation, observe
from restore.contracts import Degradation
from restore.errors import InputError, UnknownNameError, UsageError
from restore.images import Photo

SPEC = "bicubic:scale=4|gaussian-noise:sigma=0.02|jpeg:quality=60"


def seeded(seed):
    return torch.Generator().manual_seed(seed)


class Probe(Degradation):
    """Record what it saw; darken."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def draw(self, image, generator):
        self.calls.append("draw")
        return {"mean": [one.mean().item() for one in image], "width": image.shape[-1]}

    def forward(self, image, params):
        self.calls.append("grad" if torch.is_grad_enabled() else "no grad")
        return image * 0.5


def test_one_degradation_is_itself_and_several_are_a_pipeline():
    assert type(build_degradation("jpeg:quality=60")).__name__ == "Jpeg"
    pipeline = build_degradation(" bicubic:scale=2 | jpeg | bicubic:scale=3,border=replicate ")
    assert isinstance(pipeline, Pipeline)
    assert pipeline.scale == 6
    assert pipeline.keys == ["0.bicubic", "1.jpeg", "2.bicubic"]


def test_a_pipeline_is_its_steps_one_after_the_other():
    image = torch.rand(1, 3, 32, 24)
    pipeline = build_degradation(SPEC)
    params = pipeline.draw(image, seeded(7))
    assert list(params) == ["0.bicubic", "1.gaussian-noise", "2.jpeg"]
    expected = image
    for part, own in zip(SPEC.split("|"), params.values(), strict=True):
        expected = build_degradation(part)(expected, own)
    assert torch.equal(pipeline(image, params), expected)
    generator = seeded(7)  # the steps share one generator
    by_hand = [build_degradation(part).draw(image, generator) for part in SPEC.split("|")]
    assert list(params.values()) == by_hand


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("spec", [SPEC, "mask-random:share=0.1+0.9|motion-blur|mask-half|poisson-noise"])
def test_params_survive_json_and_replay_bit_for_bit(spec, batch):
    image = torch.rand(batch, 3, 33, 18)
    before, state = image.clone(), torch.get_rng_state()
    observed = build_degradation(spec).observe(image, seeded(1))
    params = json.loads(json.dumps(observed.params))
    again = build_degradation(spec)
    assert torch.equal(again(image, params), observed.image)
    mask = again.mask(image, params)
    assert (mask is None) == (observed.mask is None)
    assert mask is None or torch.equal(mask, observed.mask)
    assert torch.equal(image, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_batch_equals_its_samples_one_after_the_other():
    pipeline = build_degradation("gaussian-blur:sigma=1+3|mask-strokes|gaussian-noise:sigma=0.1+0.2")
    image = torch.rand(3, 3, 20, 16)
    together = pipeline.observe(image, seeded(1))
    generator = seeded(1)
    alone = [pipeline.observe(one, generator) for one in image.split(1)]
    assert torch.equal(together.image, torch.cat([one.image for one in alone]))
    assert torch.equal(together.mask, torch.cat([one.mask for one in alone]))
    for key, drawn in together.params.items():
        assert drawn == {name: [one.params[key][name][0] for one in alone] for name in drawn}


def test_a_pipeline_in_a_pipeline_keeps_the_draws_of_each_sample():
    inner = build_degradation("gaussian-noise|salt-pepper")
    outer = Pipeline([("harm", inner), ("jpeg", build_degradation("jpeg"))])
    params = outer.draw(torch.rand(3, 1, 8, 8), seeded(0))
    assert len(set(params["0.harm"]["0.gaussian-noise"]["seed"])) == 3


def test_a_step_draws_with_what_it_will_be_given():
    probe = Probe()
    pipeline = Pipeline([("grayscale", build_degradation("grayscale")), ("probe", Probe()), ("probe", probe)])
    image = torch.rand(2, 3, 4, 4)
    params = pipeline.draw(image, seeded(0))
    gray = build_degradation("grayscale")(image, {})
    assert params["2.probe"]["mean"] == pytest.approx((gray / 2).mean((1, 2, 3)).tolist())
    assert pipeline.observe(image[:1], seeded(0)).params["2.probe"]["mean"] == params["2.probe"]["mean"][:1]


def test_drawing_follows_no_gradients_and_applying_does():
    probe = Probe()
    pipeline = Pipeline([("probe", probe), ("bicubic", build_degradation("bicubic:scale=2"))])
    image = torch.rand(2, 1, 8, 8, requires_grad=True)
    params = pipeline.draw(image, seeded(0))
    assert "grad" not in probe.calls
    assert pipeline(image, params).requires_grad
    assert pipeline.observe(image, seeded(0)).image.requires_grad
    assert pipeline.observe(image[:1], seeded(0)).image.requires_grad


def test_observing_one_image_applies_every_step_once():
    probes = [Probe(), Probe()]
    pipeline = Pipeline([("probe", probe) for probe in probes])
    pipeline.observe(torch.rand(1, 1, 4, 4), seeded(0))
    assert [probe.calls for probe in probes] == [["draw", "grad"]] * 2


def test_gradients():
    image = torch.rand(1, 1, 8, 8, dtype=torch.float64).mul(0.2).add(0.4).requires_grad_()
    pipeline = build_degradation("gaussian-blur:sigma=0.8|bicubic:scale=2|gaussian-noise:sigma=0.02|mask-half")
    params = pipeline.draw(image, seeded(0))
    assert torch.autograd.gradcheck(lambda x: pipeline(x, params), image)


@pytest.mark.parametrize("batch", [1, 2])
def test_masks_are_united(batch):
    pipeline = build_degradation("mask-half:side=left|gaussian-noise|mask-half:side=top")
    mask = pipeline.observe(torch.rand(batch, 3, 6, 8), seeded(0)).mask
    expected = torch.zeros(batch, 1, 6, 8)
    expected[..., :3, :] = expected[..., :4] = 1
    assert torch.equal(mask, expected)


def test_no_mask_where_no_step_has_one():
    assert build_degradation(SPEC).observe(torch.rand(1, 3, 16, 16), seeded(0)).mask is None


@pytest.mark.parametrize("batch", [1, 2])
def test_a_mask_may_follow_a_change_of_size_and_not_precede_it(batch):
    image = torch.rand(batch, 3, 16, 24)
    after = build_degradation("bicubic:scale=4|mask-center").observe(image, seeded(0))
    assert after.mask.shape == (batch, 1, 4, 6)
    before = build_degradation("mask-center|bicubic:scale=4")
    with pytest.raises(UsageError, match="put the mask last"):
        before.observe(image, seeded(0))
    with pytest.raises(UsageError, match="put the mask last"):
        before.mask(image, before.draw(image, seeded(0)))


def test_an_empty_batch_stays_empty():
    observed = build_degradation("gaussian-noise|mask-half").observe(torch.rand(0, 3, 4, 4), seeded(0))
    assert observed.image.shape == (0, 3, 4, 4)
    assert observed.mask.shape == (0, 1, 4, 4)


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        ("", UsageError, "empty part"),
        ("jpeg||bicubic", UsageError, "empty part"),
        ("jpeg|bicubik", UnknownNameError, "bicubic"),
        ("jpeg|bicubic:scal=2", UsageError, "scale"),
        ("jpeg|bicubic:scale=two", UsageError, "whole number"),
        ("jpeg|bicubic:scale=2,scale=3", UsageError, "twice"),
    ],
)
def test_texts_that_name_nothing(spec, error, message):
    with pytest.raises(error, match=message):
        build_degradation(spec)


KINDS = {
    "gray uint8": np.zeros((8, 12), np.uint8),
    "gray, one channel": np.zeros((8, 12, 1), np.uint8),
    "RGB uint8": np.zeros((8, 12, 3), np.uint8),
    "gray and alpha": np.zeros((8, 12, 2), np.uint8),
    "RGB and alpha": np.zeros((8, 12, 4), np.uint8),
    "uint16": np.zeros((8, 12, 3), np.uint16),
    "float32": np.zeros((8, 12, 3), np.float32),
    "float64": np.zeros((8, 12, 3), np.float64),
    "bool": np.zeros((8, 12), np.bool_),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spec", ["bicubic:scale=4", "jpeg", "mask-half"])
def test_arrays_give_arrays(kind, spec):
    given = KINDS[kind]
    result = restore.degrade(given, spec)
    shrink = 4 if "bicubic" in spec else 1
    assert isinstance(result, np.ndarray)
    assert result.dtype == given.dtype
    assert result.shape == (8 // shrink, 12 // shrink, *given.shape[2:])


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("shape", [(3, 8, 12), (1, 8, 12), (1, 3, 8, 12), (2, 3, 8, 12), (2, 4, 8, 12)])
def test_tensors_give_tensors(dtype, shape):
    given = torch.zeros(shape, dtype=dtype)
    for spec, shrink in (("bicubic:scale=4", 4), ("mask-strokes", 1)):
        result = restore.degrade(given, spec)
        assert isinstance(result, torch.Tensor)
        assert result.dtype == dtype
        assert result.shape == (*shape[:-2], 8 // shrink, 12 // shrink)


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA"])
def test_pillow_images_give_pillow_images(mode):
    result = restore.degrade(Image.new(mode, (12, 8)), "bicubic:scale=4")
    assert isinstance(result, Image.Image)
    assert (result.mode, result.size) == (mode, (3, 2))


def test_a_path_gives_a_photo_and_bytes_give_bytes(tmp_path):
    pixels = np.ascontiguousarray(data.chelsea()[:40, :60])
    path = tmp_path / "cat.png"
    Image.fromarray(pixels).save(path)
    expected = restore.degrade(pixels, SPEC, seed=3)
    for given in (path, str(path)):
        photo = restore.degrade(given, SPEC, seed=3)
        assert isinstance(photo, Photo)
        assert np.array_equal(photo.numpy(), expected)
        assert np.array_equal(np.asarray(photo.pil()), expected)
    photo.save(tmp_path / "small.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "small.png")), expected)
    encoded = restore.degrade(path.read_bytes(), SPEC, seed=3)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encoded))), expected)


def test_16_bits_keep_their_precision():
    pixels = np.random.default_rng(0).integers(20000, 24000, (32, 32, 3), dtype=np.uint16)
    exact = torch.from_numpy(pixels.astype(np.float64)).permute(2, 0, 1)[None]
    exact = build_degradation("bicubic:scale=2")(exact / 65535, {"scale": 2})[0].permute(1, 2, 0) * 65535
    assert np.abs(restore.degrade(pixels, "bicubic:scale=2") - exact.numpy()).max() < 0.51


def test_alpha_stays_where_the_size_stays_and_hidden_colours_do_not_bleed():
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:, :8] = (0, 200, 0, 255)
    pixels[:, 8:] = (255, 0, 0, 0)
    noisy = restore.degrade(pixels, "gaussian-noise:sigma=0.1")
    assert np.array_equal(noisy[..., 3], pixels[..., 3])
    assert np.array_equal(noisy[:, 8:], pixels[:, 8:])
    small = restore.degrade(pixels, "bicubic:scale=4")
    assert small.shape == (4, 4, 4)
    visible = small[small[..., 3] > 8]
    assert set(visible[:, 0]) == {0}
    assert np.abs(visible[:, 1].astype(int) - 200).max() <= 12
    assert restore.degrade(pixels, "grayscale").shape == (16, 16, 2)


def test_the_mask_of_every_image_of_a_batch_is_told():
    observed = observe(torch.rand(3, 3, 12, 10), "mask-random:share=0.5")
    assert observed.mask.numpy().shape == (3, 12, 10)
    assert set(np.unique(observed.mask.numpy())) == {0, 255}
    assert (observed.mask.numpy() == 255).mean((1, 2)).tolist() == [0.5] * 3
    assert (observed.photo.numpy()[observed.mask.numpy() == 255] == 0).all()


def test_the_seed_decides_and_nothing_else_changes():
    pixels = np.ascontiguousarray(data.chelsea()[:40, :60])
    before, state = pixels.copy(), torch.get_rng_state()
    first, again, other = (restore.degrade(pixels, "gaussian-noise", seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(pixels, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_signal_of_a_sequence_lacks_the_noise_and_nothing_else():
    image = torch.rand(2, 3, 16, 12, dtype=torch.float64)
    for noisy, clean in [
        ("gaussian-blur:sigma=1|gaussian-noise:sigma=0.3|bicubic:scale=2", "gaussian-blur:sigma=1|bicubic:scale=2"),
        ("mask-center|gaussian-blur:sigma=1|poisson-noise", "mask-center|gaussian-blur:sigma=1"),
    ]:
        degradation, without = build_degradation(noisy), build_degradation(clean)
        params = degradation.draw(image, seeded(0))
        assert torch.equal(degradation.signal(image, params), without(image, without.draw(image, seeded(0))))
    last = build_degradation("gaussian-blur:sigma=1|mask-center")  # the mask tells which pixels not to compare
    blurred = build_degradation("gaussian-blur:sigma=1")(image, {"sigma": [1.0, 1.0]})
    assert torch.equal(last.signal(image, last.draw(image, seeded(0))), blurred)


def test_a_degradation_of_ones_own():
    pixels = np.full((4, 4), 200, np.uint8)
    assert (restore.degrade(pixels, Probe()) == 100).all()
    assert observe(pixels, Probe()).params["width"] == 4


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_seeds_that_cannot_be(seed):
    with pytest.raises(UsageError, match="seed"):
        restore.degrade(np.zeros((4, 4), np.uint8), "gaussian-noise", seed=seed)


def test_inputs_that_cannot_be(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        restore.degrade(tmp_path / "gone.png", "jpeg")
