"""``restore demo``, with models that need no weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from restore import demo
from restore.benchmark import evaluate
from restore.cli import cli
from restore.demo import trial

STAND_INS = {"bicubic": {"scale": 4}, "lanczos": {"scale": 4}}


@pytest.fixture
def small_demo(tmp_path, monkeypatch):
    """The demo on small crops, with a model without weights in the place of the trained one."""
    monkeypatch.chdir(tmp_path)
    whole = trial.photograph
    monkeypatch.setattr(trial, "photograph", lambda name: whole(name)[100:228, 100:260])
    monkeypatch.setattr(demo, "trials", lambda: trial.trials(methods=STAND_INS))


def call(*arguments):
    return CliRunner().invoke(cli, ["demo", *map(str, arguments)])


def test_table_and_picture(small_demo):
    result = call()
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["astronaut", "chelsea", "coffee", "mean"]
    picture = Path(lines[-1].removeprefix("side by side: "))
    assert picture == Path("restore-demo/comparison.png").resolve()
    with Image.open(picture) as image:
        assert image.width > 4 * 400


def test_the_numbers_are_those_of_the_protocol(small_demo):
    found = json.loads(call("--json", "-o", "elsewhere").stdout)
    assert (found["schema"], found["command"]) == (1, "demo")
    assert Path(found["picture"]).is_file()
    coffee = found["photographs"][-1]
    original = trial.photograph("coffee")
    restored = next(trial.trials(["coffee"], STAND_INS)).restored["lanczos"]
    assert coffee["scores"]["lanczos"] == evaluate(restored, original, protocol="sr-y", scale=4)


def test_a_later_demo_replaces_the_picture(small_demo):
    assert call().exit_code == call().exit_code == 0
    assert [path.name for path in Path("restore-demo").iterdir()] == ["comparison.png"]


@pytest.mark.parametrize("name", demo.PHOTOGRAPHS)
def test_photographs_have_sides_that_the_scale_divides(name):
    photo = trial.photograph(name)
    assert photo.dtype == np.uint8
    assert photo.shape[0] % 4 == photo.shape[1] % 4 == 0
    assert photo.shape[2] == 3


def test_the_detail_is_where_the_models_differ_most():
    from restore.demo.sheet import DETAIL, busiest

    first = np.zeros((200, 300, 3), np.uint8)
    second = first.copy()
    second[90:150, 120:220] = 50
    assert busiest(first, second) == (120, 90)
    assert DETAIL == (100, 60)
