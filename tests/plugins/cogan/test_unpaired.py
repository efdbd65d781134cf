"""Restoration without a pair: digits that are degraded, a pair of domains, and a network that learns from its pairs."""

from __future__ import annotations

import json

import pytest
import torch

import restore
from restore import weights as store
from restore.errors import UsageError
from restore.registry import registry
from restore.testing.running import plan
from restore.training.squares import load_digits
from restore.weights import header
from restore_cogan.degrading import Degrading, enlarged


def silent(done, total):
    """Tell nobody."""


@pytest.fixture
def halves(digits):
    images, _ = load_digits(digits / "mnist", "train")
    return images[:20], images[20:] / 255.0


@pytest.mark.parametrize("text", ["gaussian-noise:sigma=0.2", "gaussian-blur:sigma=1.5", "bicubic:scale=4"])
def test_one_half_is_degraded_and_no_pair_is_seen(digits, build, halves, text):
    recipe = build("cogan-mnist-degraded", degradation=text, seed=5)
    told = recipe.load_data(digits / "mnist", silent)
    assert told.endswith(f"20 as they are, 20 others as degraded by {text}")
    whole, others = halves
    first, second = recipe.images
    assert torch.equal(first, whole)
    assert second.shape == (20, 1, 28, 28)
    expected = restore.degrade(others, text, seed=5)
    if text.startswith("bicubic"):
        assert expected.shape == (20, 1, 7, 7)
        expected = restore.load("bicubic", scale=4, device="cpu")(expected)
    torch.testing.assert_close(second / 255.0, expected.clamp(0, 1), atol=1 / 255, rtol=0)


def test_every_image_has_its_own_noise_and_the_seed_decides(digits, build, halves):
    def noise(seed):
        recipe = build("cogan-mnist-degraded", degradation="gaussian-noise:sigma=0.05", seed=seed)
        recipe.load_data(digits / "mnist", silent)
        return recipe.images[1]

    one = noise(1)
    assert torch.equal(one, noise(1))
    assert not torch.equal(one, noise(2))
    assert not torch.equal(one[0], one[2])  # the same bar before


def test_images_in_their_own_size_are_left_alone():
    image = torch.rand(2, 1, 28, 28)
    assert enlarged(image, (28, 28)) is image
    assert enlarged(torch.ones(2, 1, 7, 14), (28, 28)).shape == image.shape


def test_what_cannot_be(build, tmp_path):
    with pytest.raises(restore.errors.UnknownNameError, match="gausian-noise"):
        build("cogan-mnist-degraded", degradation="gausian-noise")
    with pytest.raises(UsageError, match="sigma"):
        Degrading("gaussian-noise:sigma=-1")
    restorer = restore.registry.registry().find("recipe", "cogan-mnist-restorer")
    with pytest.raises(restore.errors.WeightsError, match="cogan-mnist-degraded comes without weights") as missing:
        restorer.build()
    assert "--set prior=FILE" in missing.value.cure
    with pytest.raises(UsageError, match="dcgan-mnist has one domain"):
        restorer.build(prior="dcgan-mnist")
    with pytest.raises(UsageError, match="1 or more"):
        restore.load("cogan-restorer", blocks=0)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr("restore_cogan.generated.SCORED", 20)
    return {"channels": 8, "blocks": 2, "batch_size": 8, "learning_rate": 1e-2, "warmup": 1, "ema": 0.0}


def test_a_network_learns_from_generated_pairs_alone(tmp_path, digits, run, small):
    pair = run("cogan-mnist-degraded", tmp_path / "pair", digits / "mnist", data_terms="MNIST, free").weights
    recipe = restore.registry.registry().find("recipe", "cogan-mnist-restorer")

    def trained(folder, **options):
        given = {"prior": str(pair), **small, "steps": 40, **options}
        return run("cogan-mnist-restorer", folder, None, recipe=recipe.build(**given), every=100, **given)

    result = trained(tmp_path / "run")
    assert result.scores["psnr"] > result.scores["psnr-input"] + 1
    told = header(result.weights).metadata
    assert told["model"] == "cogan-restorer"
    assert told["started_from"] == f"pairs of {pair.name}, sha256 {restore.weights.digest(pair)}"
    assert told["started_from"] in result.weights.with_suffix(".md").read_text()
    assert told["data_terms"] == "MNIST, free"
    assert "| Data terms | MNIST, free |" in result.weights.with_suffix(".md").read_text()
    noisy = torch.rand(2, 1, 28, 28)
    restored = restore.load("cogan-restorer", weights=result.weights, device="cpu")(noisy)
    assert restored.shape == noisy.shape
    assert torch.equal(restored, restored.clamp(0, 1))
    with pytest.raises(UsageError, match="leave --data out"):
        recipe.build(prior=str(pair)).load_data(tmp_path, silent)
    with pytest.raises(UsageError, match="no domain 'edge'"):
        recipe.build(prior=str(pair), **{"from": "edge"})


@pytest.mark.parametrize(("given", "numbers"), [("mnist", (0, 1)), ("degraded", (1, 0))])
def test_the_domain_that_is_given_comes_first_in_a_pair(tmp_path, given, numbers):
    options = {"names": ["mnist", "degraded"], "width": 0.02, "latent": 5}
    file = tmp_path / "pair.safetensors"
    made = registry().find("prior", "cogan-mnist-degraded").build(**options)
    store.write(file, made.state_dict(), {"model": "cogan-mnist-degraded", "options": json.dumps(options)}, half=True)
    recipe = registry().find("recipe", "cogan-mnist-restorer").build(prior=str(file), **{"from": given})
    z = recipe.batch(1)["z"]
    with torch.no_grad():
        images = recipe.pair.decode_pair(z)
    assert not torch.equal(*images)
    for found, number in zip(recipe.pairs(z), numbers, strict=True):
        assert torch.equal(found, images[number])


def test_the_network_passes_the_kit():
    trials = plan("model-cogan-restorer:channels=4,blocks=2")
    verdicts = [trial.run() for trial in trials if not trial.check.name.startswith(("discovery", "import"))]
    assert [f"{v.check}: {v.failure}" for v in verdicts if not v.ok] == []
    assert sum(v.outcome == "passed" for v in verdicts) > 8
