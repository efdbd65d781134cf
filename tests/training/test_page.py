"""docs/training.md: its recipe runs as it stands, and its tables name what is there."""

from __future__ import annotations

import os
import re
import signal
import types
from pathlib import Path

import pytest

from restore.training import train
from restore.weights import read

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text("utf-8")


@pytest.fixture
def recipe():
    """The class of the page."""
    [source] = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    module = types.ModuleType("learn_gain")
    exec(source, module.__dict__)
    return module.LearnGain


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
    rows = re.findall(r"^\| `(\S+)` \|", PAGE, re.MULTILINE)
    patterns = [row.replace("RECIPE", "learn-gain") for row in rows]
    for path in settings("run").output.iterdir():
        assert any(path.match(pattern) for pattern in patterns), path
    assert all(list(settings("run").output.glob(pattern)) for pattern in patterns)
