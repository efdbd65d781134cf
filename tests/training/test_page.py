"""docs/training.md: its recipe runs as it stands, and its tables name what is there."""

from __future__ import annotations

import os
import re
import signal
import types
from pathlib import Path

import pytest
import torch

from restore.training import train
from restore.weights import read

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text("utf-8")


def made_of(part):
    """Return the module that one of the page's examples makes."""
    [source] = [text for text in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) if part in text]
    module = types.ModuleType("example")
    exec(source, module.__dict__)
    return module


@pytest.fixture
def recipe():
    """The first recipe of the page."""
    return made_of("class LearnGain").LearnGain


def test_the_denoiser_of_the_page_learns(photos, settings):
    """Noise of sigma 0.1 alone is at 20 dB."""
    page = made_of("class TrainSmoother")
    torch.manual_seed(0)
    recipe = page.TrainSmoother()
    before = recipe.validate(page.Smoother(), photos)
    result = train(recipe, settings("run", data=photos, validation=None))
    network = page.Smoother()
    network.load_state_dict({name: value.float() for name, value in read(result.weights)[0].items()})
    assert before["psnr"] < 20 < 24 < recipe.validate(network, photos)["psnr"]


def test_the_recipe_of_the_page_learns_the_gain(recipe, settings):
    result = train(recipe(), settings("run", data=None))
    assert read(result.weights)[0]["gain"].item() == pytest.approx(2, abs=1e-3)
    card = result.weights.with_suffix(".md").read_text("utf-8")
    for told in ("noise, made on the fly", "distance of the gain from 2", "- distance: 0.0"):
        assert told in card


def test_draws_from_torchs_global_generator_are_safe(recipe, settings):
    """The page's recipe draws its batches so; the gain after a few steps shows what was drawn."""
    whole = train(recipe(steps=6), settings("whole", data=None))
    begun = recipe(steps=6)
    draw = begun.batch

    def batch(step):
        if step == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return draw(step)

    begun.batch = batch
    assert train(begun, settings("parts", data=None)).step == 3
    resumed = train(recipe(steps=6), settings("parts", data=None, resume=True))
    assert resumed.weights.read_bytes() == whole.weights.read_bytes()


def test_the_page_names_each_file_of_a_run_folder(recipe, settings, board):
    train(recipe(steps=2), settings("run", data=None))
    section = PAGE.partition("## The run folder")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\S+)` \|", section, re.MULTILINE)
    patterns = [row.replace("RECIPE", "learn-gain") for row in rows]
    for path in settings("run").output.iterdir():
        assert any(path.match(pattern) for pattern in patterns), path
    assert all(list(settings("run").output.glob(pattern)) for pattern in patterns)
