"""SRGAN for photographs as they are: its degradation draws, its protocol is that of the benchmark, and it trains."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from restore import weights
from restore.benchmark import find_protocol
from restore.composition import build_degradation
from restore.errors import UsageError
from restore.registry import registry
from restore.training import Settings, train
from restore.training.patches import FreshPatches, is_random
from restore_srgan.generator import SRResNet

TINY = {"scale": 4, "blocks": 1, "channels": 8, "norm": "none", "skip": "bilinear"}


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(2):
        Image.fromarray(rng.integers(0, 256, (56, 64, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def options(tmp_path):
    torch.manual_seed(0)
    start = tmp_path / "start.safetensors"
    weights.write(start, SRResNet(**TINY).state_dict(), {"model": "srresnet", "options": json.dumps(TINY)})
    return {"steps": 2, "batch_size": 2, "patch": 32, "init": str(start), "content": "2*l1"}


def build(**options):
    return registry().find("recipe", "srgan-real-x4").build(**options)


def test_it_trains_and_is_measured_under_its_protocol(photos, options, tmp_path):
    settings = Settings(
        data=photos, validation=photos, output=tmp_path / "run", options=options, precision="float32", device="cpu",
        quiet=True, log_every=1,
    )  # fmt: skip
    train(build(**options), settings)
    entries = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text("utf-8").splitlines()]
    logged = set().union(*entries)
    assert {"generator/l1", "generator/adversarial", "discriminator/accuracy"} <= logged
    assert {"validation/psnr", "validation/ssim"} <= logged
    assert "validation/lr-consistency" not in logged
    card = (tmp_path / "run/srgan-real-x4.md").read_text("utf-8")
    assert "photo:scale=4" in card
    assert "sr-x4-real" in card


def test_every_patch_is_degraded_anew_by_what_the_protocol_measures(photos, options):
    recipe = build(**options)
    recipe.load_data(photos, lambda done, total: None)
    assert isinstance(recipe.patches, FreshPatches)
    assert recipe.batch(1)["degraded"].shape == (2, 3, 8, 8)
    measured, trained = build_degradation(find_protocol(recipe.protocol).degradation), recipe.harm
    assert is_random(trained)
    image = torch.rand(1, 3, 64, 64)
    drawn = [harm.observe(image, torch.Generator().manual_seed(3)) for harm in (measured, trained)]
    assert drawn[0].params == drawn[1].params
    assert torch.equal(drawn[0].image, drawn[1].image)


def test_by_default_nothing_asks_how_the_image_was_degraded():
    assert "consistency" not in build().content


def test_another_scale_is_refused(options):
    with pytest.raises(UsageError, match="photo:scale=2 downscales by 2"):
        build(**options, degradation="photo:scale=2")
