"""SRGAN's recipe: two phases that resume bit for bit, its start, its stages, its card, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import restore
from restore import weights
from restore.errors import UnknownNameError, UsageError, WeightsError
from restore.registry import registry
from restore.training import Settings, checkpoint, train
from restore_srgan.generator import SRResNet

TINY = {"scale": 4, "blocks": 1, "channels": 8, "norm": "none", "skip": "bilinear"}


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for number in range(2):
        Image.fromarray(rng.integers(0, 256, (48, 56, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def start(tmp_path):
    """Weights of a network that a test can afford."""
    torch.manual_seed(0)
    path = tmp_path / "start.safetensors"
    weights.write(path, SRResNet(**TINY).state_dict(), {"model": "srresnet", "options": json.dumps(TINY)})
    return path


@pytest.fixture
def options(start):
    return {
        "steps": 6, "batch_size": 2, "patch": 32, "init": str(start), "channels": 4, "r1": 0.1, "r1_every": 2,
        "content": "l1 + consistency:border=2", "adversarial_weight": 0.1, "measure_every": 3, "seed": 5,
    }  # fmt: skip


def build(**options):
    return registry().find("recipe", "srgan-x4").build(**options)


def settings(folder, photos, options, **changes):
    return Settings(
        data=photos, output=folder, options=options, precision="float32", device="cpu", quiet=True,
        **{"checkpoint_every": 2, "log_every": 1, **changes},
    )  # fmt: skip


def log(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]


def flat(value, key=""):
    """Every tensor of a nested state, by its path."""
    if isinstance(value, torch.Tensor):
        return {key: value}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {name: tensor for k, v in items for name, tensor in flat(v, f"{key}/{k}").items()}


KILLED = """
import os, signal, sys
from pathlib import Path
from restore.registry import registry
from restore.training import Settings, train

data, output, options = Path(sys.argv[1]), Path(sys.argv[2]), eval(sys.argv[3])
recipe = registry().find("recipe", "srgan-x4").build(**options)
batch = recipe.batch
recipe.batch = lambda step: os.kill(os.getpid(), signal.SIGKILL) if step == 4 else batch(step)
train(recipe, Settings(data=data, output=output, options=options, precision="float32", device="cpu", quiet=True,
                       checkpoint_every=2, log_every=1))
"""


def test_a_killed_run_goes_on_bit_for_bit(photos, options, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(build(**options), settings(whole, photos, options))
    command = [sys.executable, "-c", KILLED, str(photos), str(parts), repr(options)]
    done = subprocess.run(
        command, check=False, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert checkpoint.load(parts / "checkpoint.safetensors")["step"] == 2
    train(build(**options), settings(parts, photos, options, resume=True))
    first, second = (flat(checkpoint.load(folder / "checkpoint.safetensors")) for folder in (whole, parts))
    assert first.keys() == second.keys()
    assert any("discriminator" in name and "exp_avg" in name for name in first)
    assert any(name.endswith("_u") for name in first)  # what spectral norm remembers
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_logged_and_exported(photos, options, tmp_path):
    run = tmp_path / "run"
    result = train(build(**options), settings(run, photos, options))
    entries = log(run)
    assert len(entries) == 6
    for step, entry in enumerate(entries, 1):
        assert 0 <= entry["discriminator/accuracy"] <= 1
        assert ("discriminator/r1" in entry) == (step % 2 == 0)
        terms = [entry[f"generator/{name}"] for name in ("l1", "consistency", "adversarial")]
        assert entry["generator/loss"] == pytest.approx(sum(terms), rel=1e-5)
        assert ("generator/gradient_ratio" in entry) == (step in (1, 3, 6))
    _, metadata = weights.read(result.weights)
    assert (metadata["model"], json.loads(metadata["options"])) == ("srgan", TINY)
    restorer = restore.load("srgan", weights=result.weights, device="cpu")
    assert restorer(np.zeros((5, 6, 3), np.uint8)).shape == (20, 24, 3)


def test_both_networks_learn_and_the_start_stays(photos, options, start, tmp_path):
    recipe = build(**options)
    recipe.load_data(photos, lambda done, total: None)
    critic, generator = recipe.build()
    given = weights.read(start)[0]
    assert all(torch.equal(value, given[name]) for name, value in generator.network.state_dict().items())
    before = {name: value.clone() for name, value in critic.network.state_dict().items()}
    loss, _ = generator.objective(recipe.batch(1))
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in generator.network.parameters())
    assert all(p.grad is None for p in critic.network.parameters())
    loss, _ = critic.objective(recipe.batch(1))
    loss.backward()
    critic.optimizer.step()
    assert any(not torch.equal(value, before[name]) for name, value in critic.network.state_dict().items())


def test_validation_tells_consistency_too(photos, options):
    [_, generator] = build(**options).build()
    with torch.inference_mode():
        scores = build(**options).validate(generator.network.eval(), photos)
    assert {"psnr", "ssim", "lr-consistency"} <= scores.keys()
    assert all(np.isfinite(value) for value in scores.values())


def test_the_shipped_weights_are_the_start_by_default():
    recipe = build(content="l1")
    assert recipe.model_options == {"scale": 4, "blocks": 16, "channels": 64, "norm": "none", "skip": "bilinear"}


def test_stages():
    """The paper: a tenth of the rate for the second half of the updates."""
    recipe = build(steps=10, schedule="two-stage")
    assert [recipe.learning_rate(step) for step in (1, 5, 6, 10)] == pytest.approx([1, 1, 0.1, 0.1])
    falling = build(steps=10)
    assert [falling.learning_rate(step) for step in (1, 6)] == pytest.approx([1, 0.5])


def test_what_is_refused(tmp_path, start):
    with pytest.raises(UsageError, match="batch norm prevents"):
        build(r1=1, norm="batch")
    with pytest.raises(UsageError, match="r1_every is at least 1"):
        build(r1=1, r1_every=0)
    with pytest.raises(UsageError, match="has an adversarial term"):
        build(content="l1 + adversarial").build()
    with pytest.raises(UnknownNameError, match="no weights 'psnr-x9'"):
        build(init="srresnet.psnr-x9")
    with pytest.raises(UsageError, match="has no weights to start from"):
        build(init="bicubic")
    with pytest.raises(WeightsError):
        build(init=str(tmp_path / "absent.safetensors"))
    silent = tmp_path / "silent.safetensors"
    weights.write(silent, weights.read(start)[0], {})
    with pytest.raises(WeightsError, match="does not tell the options"):
        build(init=str(silent))
    double = tmp_path / "double.safetensors"
    weights.write(double, SRResNet(**{**TINY, "scale": 2}).state_dict(), {"options": json.dumps({**TINY, "scale": 2})})
    with pytest.raises(UsageError, match="upscale by 2, not by 4") as caught:
        build(init=str(double))
    assert "init=srresnet.psnr-x4" in caught.value.cure
    with pytest.raises(UsageError, match="consistency here"):
        build(degradation="photo:scale=4", content="l1 + consistency").build()


@pytest.mark.parametrize(
    "options",
    [{"batch_size": 0}, {"critic_rate": 0.0}, {"measure_every": -1}, {"adversarial_weight": -0.1}, {"r1": -1.0}],
)
def test_numbers_out_of_their_range_are_named(options):
    [(name, value)] = options.items()
    with pytest.raises(UsageError, match=f"{name}={value} makes no sense"):
        build(**options)
