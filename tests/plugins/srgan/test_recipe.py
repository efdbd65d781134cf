"""The recipe trains on aligned pairs and learns something in a few steps."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from restore.errors import InputError, UsageError, WeightsError
from restore.registry import registry
from restore.resize import resize
from restore.training import Settings, train
from restore.weights import read
from restore_srgan.data import Pair, Patches, degrade_all


@pytest.fixture
def photos(tmp_path):
    """Three smooth images and one that is smaller than a patch."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number, size in enumerate([(70, 61), (64, 64), (90, 50), (20, 20)]):
        coarse = torch.from_numpy(rng.random((1, 3, 8, 8)))
        smooth = resize(coarse, *size).clamp(0, 1)[0].permute(1, 2, 0).mul(255).round().byte().numpy()
        Image.fromarray(smooth).save(folder / f"{number}.png")
    return folder


def nothing(done, total):
    pass


def test_small_images_are_left_out_and_sides_become_multiples_of_the_scale():
    images = [torch.zeros(3, 70, 61, dtype=torch.uint8), torch.zeros(3, 20, 90, dtype=torch.uint8)]
    [pair] = degrade_all(images, "bicubic:scale=4", 4, 32, nothing)
    assert (pair.high.shape, pair.low.shape) == ((3, 68, 60), (3, 17, 15))


def test_patches_are_aligned_under_every_symmetry():
    """Each low-resolution pixel holds the index of the 4x4 block of high resolution that it came from."""
    low = torch.arange(12 * 14, dtype=torch.uint8).view(1, 12, 14).repeat(3, 1, 1)
    high = low.repeat_interleave(4, 1).repeat_interleave(4, 2)
    patches = Patches([Pair(high=high, low=low)], scale=4, side=16, seed=0)
    for step in range(20):
        batch = patches.batch(step, 4)
        assert batch["low"].shape == (4, 3, 4, 4)
        blocks = batch["low"].repeat_interleave(4, 2).repeat_interleave(4, 3)
        assert torch.equal(blocks, batch["high"])


def test_every_position_and_symmetry_is_drawn():
    low = torch.arange(9, dtype=torch.uint8).view(1, 3, 3).repeat(3, 1, 1)
    high = low.repeat_interleave(4, 1).repeat_interleave(4, 2)
    patches = Patches([Pair(high=high, low=low)], scale=4, side=8, seed=0)
    seen = {tuple(p[0].flatten().mul(255).round().int().tolist()) for p in patches.batch(0, 400)["low"]}
    assert len(seen) == 4 * 8


def test_a_step_draws_the_same_patches_whenever_it_is_asked(photos):
    recipe = registry().find("recipe", "srresnet-x4").build(patch=32, batch_size=3)
    recipe.load_data(photos, nothing)
    first, other, again = recipe.batch(5), recipe.batch(6), recipe.batch(5)
    assert torch.equal(first["high"], again["high"])
    assert not torch.equal(first["high"], other["high"])


def test_a_tiny_network_learns_and_its_weights_restore(photos, tmp_path):
    options = {"steps": 60, "batch_size": 4, "patch": 32, "blocks": 1, "channels": 8, "warmup": 5, "ema": 0.5}
    recipe = registry().find("recipe", "srresnet-x4").build(**options)
    settings = Settings(
        data=photos, output=tmp_path / "run", options=options, validation=photos, precision="float32",
        quiet=True, validate_every=20, log_every=10,
    )  # fmt: skip
    result = train(recipe, settings)
    scores = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    psnr = [entry["validation/psnr"] for entry in scores if "validation/psnr" in entry]
    assert len(psnr) == 3
    assert psnr[-1] > psnr[0]
    card = result.weights.with_suffix(".md").read_text("utf-8")
    assert "| Validation set | photos |" in card
    assert "under `sr-y`" in card
    assert f"- psnr: {psnr[-1]:.4f}" in card
    restorer = __import__("restore").load("srresnet", weights=result.weights, device="cpu")
    assert restorer(np.zeros((5, 6, 3), np.uint8)).shape == (20, 24, 3)


def test_data_or_patches_that_do_not_fit_are_refused(photos):
    with pytest.raises(UsageError, match="patch of 33"):
        registry().find("recipe", "srresnet-x4").build(patch=33)
    with pytest.raises(UsageError, match="images are needed"):
        registry().find("recipe", "srresnet-x4").build().load_data(None, nothing)
    with pytest.raises(InputError, match="as large as a patch"):
        registry().find("recipe", "srresnet-x4").build(patch=128).load_data(photos, nothing)


def test_the_learning_rate_warms_up_and_falls_to_nothing():
    """By hand: 100 steps of warm-up, then half a cosine over 200: 1, 1/2 after 100 of them, next to 0 at last."""
    recipe = registry().find("recipe", "srresnet-x4").build(steps=300)
    rates = [recipe.learning_rate(step) for step in (1, 50, 100, 101, 201, 300)]
    assert rates == pytest.approx([0.01, 0.5, 1, 1, 0.5, 6.168375916970614e-05], abs=1e-12)


def test_the_terms_of_the_images_reach_the_card():
    assert registry().find("recipe", "srresnet-x4").build(data_terms="CC0-1.0").data_terms == "CC0-1.0"


def test_images_may_count_alike_whatever_their_size():
    large, small = (torch.full((3, side, side), value, dtype=torch.uint8) for side, value in ((40, 0), (4, 255)))
    pairs = [Pair(high=low.repeat_interleave(4, 1).repeat_interleave(4, 2), low=low) for low in (large, small)]
    shares = {
        sampling: Patches(pairs, scale=4, side=16, seed=0, sampling=sampling).batch(0, 400)["low"].mean().item()
        for sampling in ("area", "image")
    }
    assert shares["area"] < 0.01
    assert shares["image"] == pytest.approx(0.5, abs=0.1)


def test_a_run_can_start_from_weights(photos, tmp_path):
    options = {"steps": 2, "batch_size": 1, "patch": 32, "blocks": 1, "channels": 8}
    find = registry().find("recipe", "srresnet-x4").build
    settings = Settings(data=photos, output=tmp_path / "first", options=options, precision="float32", quiet=True)
    first = train(find(**options), settings).weights
    [phase] = find(**options, init=str(first)).build()
    for name, value in read(first)[0].items():
        assert torch.equal(phase.network.state_dict()[name], value)
    with pytest.raises(WeightsError, match="does not fit"):
        find(**{**options, "channels": 16}, init=str(first)).build()
