"""The recipes of encoders: the prior keeps its bits, the encoder learns, runs resume, what cannot be taught is told."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import restore
from restore import weights
from restore.contracts import Encodes
from restore.errors import InputError, UsageError, WeightsError
from restore.registry import Registry, registry
from restore.training import Settings, train
from restore.training.population import population_statistics
from restore_gan.dcgan import DCGAN
from restore_gan.encoder import PredictiveDCGAN, dcgan

OPTIONS = {"size": 16, "colors": "rgb", "latent": 5, "width": 8, "critic_width": 4, "kernel": 4, "critic_norm": "none"}
SHORT = {"steps": 4, "batch_size": 4, "encoder_width": 4, "seed": 3}


@pytest.fixture(autouse=True)
def _no_tensorboard(monkeypatch):
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)


def write(path, model="dcgan-faces", seed=0, **options):
    """Write a DCGAN of random weights whose images differ, as a recipe would."""
    torch.manual_seed(seed)
    prior = DCGAN(**options)
    for parameter in prior.generator.parameters():
        if parameter.ndim > 1:
            parameter.data.mul_(4)
    with population_statistics(prior):
        prior.decode(prior.sample(256, torch.Generator().manual_seed(seed)))
    metadata = {"format": "restore-1", "model": model, "options": json.dumps(options)}
    weights.write(path, prior.state_dict(), metadata, half=True)
    return path


@pytest.fixture
def taught(tmp_path):
    return write(tmp_path / "prior.safetensors", **OPTIONS)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(4):
        Image.fromarray(rng.integers(0, 256, (20, 18, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def build(name="dcgan-faces-encoder", **options):
    return registry().find("recipe", name).build(**options)


def run(folder, photos, recipe=None, name="dcgan-faces-encoder", resume=False, validation=None, **options):
    settings = Settings(
        data=photos, output=folder, options=options, precision="float32", device="cpu", quiet=True, log_every=1,
        checkpoint_every=2, validate_every=2, resume=resume, validation=validation,
    )  # fmt: skip
    return train(recipe or build(name, **options), settings)


def test_what_it_writes_is_the_prior_bit_for_bit_with_an_encoder(tmp_path, photos, taught):
    result = run(tmp_path / "run", photos, prior=str(taught), ema=0.9, **SHORT)
    before, (after, metadata) = weights.read(taught)[0], weights.read(result.weights)
    assert metadata["model"] == "dcgan-faces"
    assert json.loads(metadata["options"]) == {**OPTIONS, "encoder_width": 4}
    assert after.keys() - before.keys() == {name for name in after if name.startswith("encoder.")} != set()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert json.loads(metadata["recipe_options"])["prior"] == "prior.safetensors"
    assert metadata["started_from"] == f"prior.safetensors, sha256 {weights.digest(taught)}"
    prior = restore.load_prior("dcgan-faces", device="cpu", weights=result.weights)
    assert isinstance(prior, Encodes)
    assert prior.encode(torch.rand(2, 3, 16, 16)).shape == (2, 5)
    assert not isinstance(restore.load_prior("dcgan-faces", device="cpu", weights=taught), Encodes)
    card = result.weights.with_suffix(".md").read_text()
    assert (
        f"4 images, 16 x 16, crop auto, and images of prior.safetensors, sha256 {weights.digest(taught)[:12]}" in card
    )
    assert str(tmp_path) not in card + str(metadata)


def test_the_terms_of_the_priors_data_are_kept(tmp_path, photos, taught):
    options = {**SHORT, "steps": 1}
    first = run(tmp_path / "first", photos, prior=str(taught), data_terms="for research", **options)
    second = run(tmp_path / "second", photos, prior=str(first.weights), data_terms="free", **options)
    third = run(tmp_path / "third", photos, prior=str(second.weights), **options)
    assert weights.header(third.weights).metadata["data_terms"] == "free; for research"
    assert "| Data terms | free; for research |" in third.weights.with_suffix(".md").read_text()


def test_the_encoder_learns_the_latents_of_the_priors_images(tmp_path, photos, taught):
    options = {**SHORT, "steps": 80, "batch_size": 16, "encoder_width": 8, "learning_rate": 3e-3, "warmup": 10}
    result = run(tmp_path / "run", photos, prior=str(taught), **options)
    prior = restore.load_prior("dcgan-faces", device="cpu", weights=result.weights)
    z = prior.sample(200, torch.Generator().manual_seed(7))
    image = prior.decode(z)

    def error(latents):
        return float((prior.decode(latents) - image).abs().mean())

    # A mean latent is what one would guess without looking.
    assert error(prior.encode(image)) < 0.6 * error(torch.zeros_like(z))
    assert float((prior.encode(image) - z).square().mean()) < 0.7 / 3


def test_it_teaches_a_prior_anew_that_has_an_encoder(tmp_path, photos, taught):
    first = run(tmp_path / "first", photos, prior=str(taught), **SHORT)
    options = {**SHORT, "encoder_width": 6}
    second = run(tmp_path / "second", photos, prior=str(first.weights), **options)
    prior = restore.load_prior("dcgan-faces", device="cpu", weights=second.weights)
    assert prior.encoder.last.in_features == 2 * 6 * 4 * 4
    assert torch.equal(weights.read(second.weights)[0]["generator.last.weight"], prior.generator.last.weight)


def test_a_resumed_run_ends_with_the_bits_of_an_uninterrupted_one(tmp_path, photos, taught):
    options = {**SHORT, "prior": str(taught)}
    whole = run(tmp_path / "whole", photos, **options)
    recipe = build(**options)
    draw = recipe.batch

    def interrupting(step):
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return draw(step)

    recipe.batch = interrupting
    assert run(tmp_path / "parts", photos, recipe=recipe, **options).weights is None
    write(taught, seed=1, **OPTIONS)
    with pytest.raises(UsageError, match="other data"):
        run(tmp_path / "parts", photos, resume=True, **options)
    write(taught, **OPTIONS)
    second = run(tmp_path / "parts", photos, resume=True, **options)
    assert whole.weights.read_bytes() == second.weights.read_bytes()


def test_scores_and_pictures(tmp_path, photos, taught):
    result = run(tmp_path / "run", photos, prior=str(taught), validation=photos, **SHORT)
    assert result.scores.keys() == {"psnr", "psnr-center", "psnr-half", "psnr-random80", "psnr-pattern"}
    assert all(3 < score < 40 for score in result.scores.values())
    with Image.open(tmp_path / "run" / "pictures" / "000004.png") as sheet:
        assert sheet.size == (3 * 16 + 2 * 4, 4 * 16 + 3 * 4)  # four images, what is left of them, and what was found
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="holds no images"):
        run(tmp_path / "other", photos, prior=str(taught), validation=tmp_path / "none", **SHORT)


def test_a_score_is_the_psnr_of_what_was_found(photos, taught):
    recipe = build(prior=str(taught), **SHORT)
    recipe.load_data(photos, lambda *_: None)
    prior = recipe.build()[-1].network.eval()
    with torch.inference_mode():
        score = recipe.validate(prior, photos)["psnr"]
        images = recipe.images / 255.0
        errors = (prior.decode(prior.encode(images)) - images).numpy().astype(float) ** 2
    assert score == pytest.approx(np.mean(-10 * np.log10(errors.mean((1, 2, 3)))), abs=1e-4)


def test_digits(tmp_path, shared_data):
    options = {**OPTIONS, "size": 28, "colors": "gray"}
    taught = write(tmp_path / "digits.safetensors", model="dcgan-mnist", **options)
    short = {**SHORT, "steps": 2, "first": 50, "prior": str(taught)}
    mnist = shared_data / "mnist"
    result = run(tmp_path / "run", mnist, name="dcgan-mnist-encoder", validation=mnist, **short)
    assert restore.load_prior("dcgan-mnist", device="cpu", weights=result.weights).encode(
        torch.rand(3, 1, 28, 28)
    ).shape == (3, 5)
    assert "psnr-half" in result.scores


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 3}, "half of 3 images"),
        ({"batch_size": 0}, "batch_size"),
        ({"encoder_width": 0}, "encoder_width"),
        ({"first": 0}, "first"),
        ({"ema": 1}, "ema"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"latent_weight": -1}, "latent_weight"),
        ({"loss": "nothing"}, "nothing"),
        ({"prior": "gan-mnist"}, "gan-mnist is not dcgan-faces"),
    ],
)
def test_what_cannot_be(options, message, taught):
    with pytest.raises(restore.RestoreError, match=message):
        build(**{"prior": str(taught), **options})


def test_weights_that_cannot_be_taught(tmp_path, taught):
    digits = write(tmp_path / "digits.safetensors", model="dcgan-mnist", **OPTIONS)
    with pytest.raises(UsageError, match="weights of dcgan-mnist"):
        build(prior=str(digits))
    with pytest.raises(WeightsError, match=r"absent.safetensors"):
        build(prior=str(tmp_path / "absent.safetensors"))


def test_a_prior_without_weights_cannot_be_taught(monkeypatch):
    known = registry().find("prior", "dcgan-faces")
    bare = replace(known, spec=replace(known.spec, weights=()))
    monkeypatch.setattr("restore_gan.taught.registry", lambda: Registry(plugins=(), components=(bare,)))
    with pytest.raises(WeightsError, match="no weights that an encoder could learn from"):
        build()


def test_the_shipped_size_stays_below_ten_megabytes():
    """Half precision, all three networks of the faces."""
    faces = registry().find("recipe", "dcgan-faces").build().model_options
    with torch.device("meta"):
        prior = dcgan(**faces, encoder_width=28)
    assert isinstance(prior, PredictiveDCGAN)
    assert 2 * sum(value.numel() for value in prior.state_dict().values()) < 9_700_000
