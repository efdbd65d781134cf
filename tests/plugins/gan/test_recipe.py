"""The recipes: what is exported is a prior that others load, runs resume bit for bit, batch norms are settled."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import torch
from PIL import Image

import restore
from restore.errors import InputError, UsageError
from restore.options import signature
from restore.registry import registry
from restore.training import Settings, checkpoint, train
from restore.weights import header
from restore_gan.dcgan import DCGAN

FACES = {
    "steps": 4, "batch_size": 3, "size": 16, "latent": 5, "width": 8, "critic_width": 4, "r1_every": 2, "seed": 3,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_tensorboard(monkeypatch):
    monkeypatch.setattr("restore.training.journal._board", lambda folder, start: None)
    monkeypatch.setattr("restore_gan.adversarial.POPULATION", 256)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(4):
        Image.fromarray(rng.integers(0, 256, (20, 18, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def build(name="dcgan-faces", **options):
    return registry().find("recipe", name).build(**options)


def run(folder, photos, name="dcgan-faces", recipe=None, resume=False, **options):
    settings = Settings(
        data=photos, output=folder, options=options, precision="float32", device="cpu", quiet=True, log_every=1,
        checkpoint_every=2, validate_every=2, resume=resume,
    )  # fmt: skip
    return train(recipe or build(name, **options), settings)


def test_what_it_writes_is_a_prior_that_others_load(tmp_path, photos):
    result = run(tmp_path / "run", photos, **FACES)
    metadata = header(result.weights).metadata
    assert metadata["model"] == "dcgan-faces"
    prior = restore.load_prior("dcgan-faces", device="cpu", weights=result.weights)
    image = prior.decode(prior.sample(2, torch.Generator().manual_seed(0)))
    assert image.shape == (2, 3, 16, 16)
    assert prior.critic(image).shape == (2,)
    with Image.open(tmp_path / "run" / "pictures" / "000004.png") as sheet:
        assert sheet.size == (8 * 16 + 7 * 4,) * 2
    assert "4 images, 16 x 16, crop auto" in result.weights.with_suffix(".md").read_text()


def test_its_batch_norms_hold_the_statistics_of_the_population(tmp_path, photos):
    result = run(tmp_path / "run", photos, **FACES)
    prior = restore.load_prior("dcgan-faces", device="cpu", weights=result.weights)
    z = prior.sample(4000, torch.Generator().manual_seed(9))
    dense, _, norm, _ = prior.generator.layers[0]
    entering = dense(z).view(4000, norm.num_features, -1)
    torch.testing.assert_close(norm.running_mean, entering.mean((0, 2)), atol=0.004, rtol=0.02)
    torch.testing.assert_close(norm.running_var, entering.var((0, 2)), atol=0.0, rtol=0.1)


@pytest.mark.parametrize("ema", [0.9, 0.0])
def test_a_resumed_run_ends_with_the_bits_of_an_uninterrupted_one(tmp_path, photos, ema):
    options = {**FACES, "ema": ema}
    whole = run(tmp_path / "whole", photos, **options)
    recipe = build(**options)
    draw = recipe.batch

    def interrupting(step):
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return draw(step)

    recipe.batch = interrupting
    assert run(tmp_path / "parts", photos, recipe=recipe, **options).weights is None
    second = run(tmp_path / "parts", photos, resume=True, **options)
    assert whole.weights.read_bytes() == second.weights.read_bytes()


def test_each_turn_moves_its_own_half(tmp_path, photos):
    recipe = build(**FACES)
    recipe.generator_rate = 0.0  # none that an option may have
    result = run(tmp_path / "run", photos, recipe=recipe, **FACES)
    torch.manual_seed(recipe.seed)
    [critic, generator] = recipe.build()
    before = generator.network.state_dict()
    after = checkpoint.load(result.checkpoint)["networks"]["generator"]
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert {name for name in moved if name.startswith("generator") and "running" not in name} <= {
        name for name in moved if "num_batches" in name
    }
    assert {name for name, _ in generator.network.named_parameters() if name.startswith("discriminator")} <= moved
    assert critic.network is generator.network.discriminator


def test_batches_are_a_function_of_the_step(photos):
    recipe = build(**FACES)
    recipe.load_data(photos, lambda done, total: None)
    one, again, other = recipe.batch(5), recipe.batch(5), recipe.batch(6)
    assert one["real"].shape == (3, 3, 16, 16)
    assert one["z"].shape == one["z_critic"].shape == (3, 5)
    assert all(torch.equal(one[key], again[key]) for key in one)
    assert not torch.equal(one["z"], other["z"])
    assert not torch.equal(one["z"], one["z_critic"])
    assert float(one["real"].max()) <= 1


def test_one_image_is_no_set(photos):
    with pytest.raises(InputError, match="there is one image in"):
        build(**{**FACES, "first": 1}).load_data(photos, lambda done, total: None)


def test_the_rate_falls_in_the_second_half():
    recipe = build(steps=100)
    assert [recipe.learning_rate(step) for step in (1, 51, 76, 100)] == pytest.approx([1, 1, 0.5, 0.02])
    assert build(steps=100, schedule="constant").learning_rate(100) == 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gan-mnist", {"width": 8, "critic_width": 4, "loss": "minimax"}),
        ("dcgan-mnist", {"width": 8, "critic_width": 4, "critic_norm": "batch", "r1": 0, "loss": "hinge"}),
        ("dcgan-mnist", {"width": 8, "critic_width": 4, "critic_norm": "spectral", "augmentations": "cutout"}),
    ],
)
def test_digits(tmp_path, shared_data, name, options):
    options = {"steps": 2, "batch_size": 4, "first": 50, **options}
    result = run(tmp_path / "run", shared_data / "mnist", name=name, **options)
    prior = restore.load_prior(name, device="cpu", weights=result.weights)
    assert prior.decode(prior.sample(3, torch.Generator())).shape == (3, 1, 28, 28)
    assert "50 images of train-images-idx3-ubyte.gz" in result.weights.with_suffix(".md").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"critic_norm": "batch"}, "which batch norm prevents"),
        ({"batch_size": 0}, "at least 1"),
        ({"first": 0}, "at least 1"),
        ({"r1": -1}, "r1"),
        ({"ema": 2}, "ema"),
        ({"momentum": 1.5}, "momentum"),
        ({"learning_rate": 0}, "learning_rate=0"),
        ({"critic_rate": 0.0}, "critic_rate=0"),
        ({"size": 63}, "cannot halve 63 pixels"),
        ({"augmentations": "color+rotation"}, "augmentations"),
        ({"loss": "wasserstein"}, "loss"),
    ],
)
def test_what_cannot_be(options, message):
    with pytest.raises(UsageError, match=message):
        build(**options)


def test_the_paper_is_a_matter_of_options():
    recipe = build(
        augmentations="none", flip=False, r1=0, critic_norm="batch", kernel=5, width=128, critic_width=128,
        widest=1024, batch_size=128, ema=0, schedule="constant",
    )  # fmt: skip
    paper = {key: option.default for key, option in signature(DCGAN).items()}
    assert recipe.model_options == paper | {"critic_width": paper["width"]}
    assert recipe.augmentations == ()


def test_the_shipped_size_stays_below_ten_megabytes():
    """Half precision, with room for an encoder."""
    numbers = sum(value.numel() for value in build().prior().state_dict().values())
    assert numbers * 2 < 8_000_000
