"""The model ``inversion``: a stranger's prior undoes every degradation in one line."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import restore
from restore.benchmark import find_protocol
from restore.benchmark.contestants import line_up
from restore.benchmark.runner import Settings, run
from restore.composition import build_degradation
from restore.contracts import Observation
from restore.errors import InputError, UnknownNameError, UsageError
from restore.testing.running import plan

QUICK = {"prior": "waves", "steps": 150, "restarts": 3, "optimizer": "lbfgs", "seed": 0}


def psnr(image, truth):
    return -10 * math.log10((torch.as_tensor(image) - torch.as_tensor(truth)).square().mean())


@pytest.mark.parametrize(
    ("harm", "option", "least"),
    [
        ("bicubic:scale=4", "bicubic:scale=4", 45),
        ("grayscale", "grayscale", 45),
        ("quantize:levels=4", "quantize:levels=4", 25),
        ("gaussian-noise:sigma=0.1", None, 30),
        ("gaussian-noise:sigma=0.1", "gaussian-noise:sigma=0.1", 30),
        ("gaussian-blur:sigma=2|bicubic:scale=2", "gaussian-blur:sigma=2|bicubic:scale=2", 45),
        ("mask-center", "mask-center", 45),
    ],
)
def test_one_line_undoes_it(waves, harm, option, least):
    seen = restore.degrade(waves, harm, seed=3)
    restored = restore.load("inversion", degradation=option, **QUICK)(seen)
    assert restored.shape == waves.shape
    assert restored.dtype == torch.float32
    assert psnr(restored, waves) > least


def test_missing_pixels_are_filled_and_the_others_returned_bit_for_bit(waves):
    photo = waves[0].mul(255).byte().permute(1, 2, 0).numpy()
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 16:] = 255  # it touches three borders
    mask[3, 4] = 255
    holed = photo.copy()
    holed[mask > 0] = 255
    restored = restore.load("inversion", **QUICK)(holed, mask=mask)
    assert np.array_equal(restored[mask == 0], photo[mask == 0])
    assert np.abs(restored.astype(int) - photo)[mask > 0].mean() < 3


def test_all_and_nothing_missing(waves):
    fill = restore.load("inversion", **QUICK)
    assert torch.equal(fill(waves, mask=np.zeros((32, 32), bool)), waves)
    invented = fill(waves, mask=np.ones((32, 32), bool))
    assert invented.shape == waves.shape
    assert invented.isfinite().all()


@pytest.mark.parametrize("degradation", ["grayscale", "gaussian-blur:sigma=1.5", "gaussian-noise:sigma=0.1"])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_known_pixels_that_were_degraded_too_are_restored(waves, degradation, share):
    seen = restore.degrade(waves, degradation, seed=3)
    mask = np.zeros((32, 32), bool)
    mask[: int(32 * share)] = True
    restored = restore.load("inversion", degradation=degradation, **QUICK)(seen, mask=mask)
    assert restored.shape == waves.shape
    assert psnr(restored[..., 16:, :], waves[..., 16:, :]) > 30
    assert psnr(restored[..., :9, :], waves[..., :9, :]) > 20


@pytest.mark.parametrize(
    ("harm", "kept"), [("mask-center", True), ("mask-center|gaussian-noise:sigma=0.1", False), ("grayscale", False)]
)
def test_who_is_told_the_degradation_keeps_what_it_left(waves, harm, kept):
    seen = build_degradation(harm).observe(waves, torch.Generator().manual_seed(0))
    informed = restore.load("inversion", **QUICK).knowing(seen.degradation, seen.params)
    mask = torch.zeros_like(waves[:, :1]) if seen.mask is None else seen.mask
    restored = informed(seen.image, mask=mask)
    assert informed.spec.keeps_known is kept
    assert torch.equal(torch.where(mask > 0, 0, restored), torch.where(mask > 0, 0, waves)) is kept
    assert psnr(restored, waves) > 25


def test_files(waves, site, tmp_path):
    small = restore.degrade(waves, "bicubic:scale=4")[0].mul(255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(small).save(tmp_path / "small.png")
    options = [f"--set={key}={value}" for key, value in (QUICK | {"degradation": "bicubic:scale=4"}).items()]
    done = site.run(
        "run", "inversion", str(tmp_path / "small.png"), "-o", str(tmp_path / "large.png"), *options, "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["options"]["degradation"] == "bicubic:scale=4"
    large = np.asarray(Image.open(tmp_path / "large.png")) / np.float32(255)
    assert psnr(torch.from_numpy(large).permute(2, 0, 1)[None], waves) > 30


def test_the_observations_own_degradation_counts(waves):
    model = restore.load("inversion", degradation="bicubic:scale=4", **QUICK).module
    seen = build_degradation("gaussian-blur:sigma=1+3").observe(waves, torch.Generator().manual_seed(0))
    assert psnr(model(seen), waves) > 45
    small = build_degradation("bicubic:scale=4").observe(waves.repeat(2, 1, 1, 1), torch.Generator())
    found = model.search(Observation(image=small.image))
    assert found.images.shape == (2, 3, 3, 32, 32)
    assert (found.score < 1e-5).all()


def test_what_it_declares(waves):
    enlarges = restore.load("inversion", degradation="bicubic:scale=4", **QUICK)
    assert (enlarges.scale, enlarges.spec.fixed_size, enlarges.spec.channels) == (4, (8, 8), (3,))
    colours = restore.load("inversion", degradation="grayscale", **QUICK)
    assert (colours.scale, colours.spec.fixed_size, colours.spec.channels) == (1, (32, 32), (1, 3))
    gray = restore.load("inversion", **(QUICK | {"prior": "gray-waves"}))
    assert (gray.spec.fixed_size, gray.spec.channels, gray.spec.tiling) == ((16, 16), (1,), "forbidden")
    with pytest.raises(InputError, match="8 x 8 only"):
        enlarges(waves)
    with pytest.raises(UsageError, match="no tile size"):
        restore.load("inversion", tile=64, **QUICK)


def test_gray_that_is_stored_as_colour_gets_its_colours(waves):
    gray = restore.degrade(waves, "grayscale:channels=3")
    colours = restore.load("inversion", degradation="grayscale", **QUICK)
    assert psnr(colours(gray), waves) > 45
    with pytest.raises(InputError, match="the image has colours"):
        colours(waves)


@pytest.mark.parametrize("degradation", [None, "mask-center"])
@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (torch.ones(1, 1, 32, 16), r"mask \(1, 1, 32, 16\) does not belong to images \(1, 3, 32, 32\)"),
        (torch.ones(1, 3, 32, 32), r"mask \(1, 3, 32, 32\) does not belong to images \(1, 3, 32, 32\)"),
        (torch.full((1, 1, 32, 32), math.nan), "mask holds NaN"),
    ],
)
def test_masks_of_something_else(waves, degradation, mask, message):
    model = restore.load("inversion", degradation=degradation, **QUICK).module
    with pytest.raises(InputError, match=message):
        model(Observation(image=waves, mask=mask))


def test_the_seed_decides(waves):
    options = {"prior": "waves", "steps": 5, "restarts": 1}
    free = restore.load("inversion", **options)
    assert torch.equal(free(waves, seed=1), free(waves, seed=1))
    assert not torch.equal(free(waves, seed=1), free(waves, seed=2))
    fixed = restore.load("inversion", **options, seed=5)
    assert torch.equal(fixed(waves, seed=1), fixed(waves, seed=2))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"degradation": "jpeg"}, UsageError, "no gradient"),
        ({"degradation": "motion-blur"}, UsageError, "draws at random"),
        ({"degradation": "mask-random"}, UsageError, "draws at random"),
        ({"degradation": "bicubic:scale=5"}, UsageError, "makes 7 x 7 of 32 x 32"),
        ({"degradation": "bicubik"}, UnknownNameError, "bicubik"),
        ({"prior": "wave"}, UnknownNameError, "wave"),
        ({"fit": "none"}, UsageError, "nothing to minimise"),
        ({"fit": "l1 +"}, UsageError, "empty term|not a weight|l1"),
        ({"terms": "adversarial"}, UsageError, "Waves has none"),
        ({"steps": 0}, UsageError, "steps=0"),
        ({"optimizer": "sgd"}, UsageError, "optimizer"),
    ],
)
def test_what_cannot_be(waves, options, error, message):
    with pytest.raises(error, match=message):
        restore.load("inversion", **(QUICK | options))


def test_a_prior_is_needed(site):
    with pytest.raises(UsageError, match="needs the option 'prior'"):
        restore.load("inversion", degradation="bicubic:scale=4")


@pytest.mark.parametrize("more", ["seed=0", "degradation=bicubic:scale=4"])
def test_it_passes_the_conformance_kit(waves, more):
    verdicts = [trial.run() for trial in plan(f"inversion:prior=waves,steps=3,restarts=1,optimizer=lbfgs,{more}")]
    assert [f"{v.check}: {v.failure}" for v in verdicts if not v.ok] == []
    passed = {v.check for v in verdicts if v.outcome == "passed"}
    wanted = {"seed=0": {"batch-equals-singles", "thread-safe"}}.get(more, {"random-draws"})
    assert wanted | {"inference-mode"} <= passed


@pytest.mark.parametrize(
    ("protocol", "harm", "least"),
    [
        ("sr-x4", "bicubic:scale=4", 30),
        ("denoise-rgb-25", "gaussian-noise:sigma=0.1", 28),
        ("inpaint-pattern", "mask-pattern", 30),
        ("denoise-rgb-25", "motion-blur", 30),  # known image by image, and refused as an option
        ("denoise-rgb-25", "grayscale", 30),
    ],
)
def test_a_benchmark_tells_it_the_degradation_of_each_image(waves, tmp_path, protocol, harm, least):
    folder = tmp_path / "data"
    folder.mkdir()
    Image.fromarray(waves[0].mul(255).round().byte().permute(1, 2, 0).numpy()).save(folder / "a.png")
    chosen = replace(find_protocol(protocol), baselines=(), metrics=("psnr",), degradation=harm)
    text = "inversion:" + ",".join(f"{name}={value}" for name, value in (QUICK | {"steps": 40}).items())
    found = run(Settings(protocol=chosen, models=(text,), data=folder, output=tmp_path / "out", device="cpu"))
    [row], [model] = found["summary"], found["models"]
    assert row["metrics"]["psnr"] > least
    assert model["non_blind"] is True
    assert [part["name"] for part in model["parts"]] == ["waves"]


def test_an_option_that_names_the_degradation_counts_in_a_benchmark(waves):
    protocol = replace(find_protocol("sr-x4"), baselines=())
    [model] = line_up(protocol, ["inversion:prior=waves,degradation=bicubic:scale=4"], device=torch.device("cpu"))
    assert (model.non_blind, model.load("cpu").scale) == (False, 4)
