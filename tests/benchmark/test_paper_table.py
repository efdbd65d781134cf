"""The paper's table: what trains it can be built, and the page has what was measured."""

from __future__ import annotations

import importlib.util
import json
import shlex
import sys
from argparse import Namespace
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from restore import weights
from restore.benchmark import results
from restore.options import check, parse_pairs
from restore.registry import registry
from restore.training import checkpoint

ROOT = Path(__file__).resolve().parents[2]
SCORES = {"psnr": 30.123, "ssim": 0.85671, "lpips": None}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("srgan_table", ROOT / "benchmarks" / "paper" / "srgan_table.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_every_rows_options_are_options_of_its_recipe(script):
    for row in script.ROWS.values():
        component = registry().find("recipe", row.recipe)
        words = script.arguments(row, "run", 7)
        pairs = [value for option, value in pairwise(words) if option == "--set"]
        chosen = check(row.recipe, component.factory(), parse_pairs(pairs))
        made = component.build(**chosen)
        assert (made.model, made.content, made.clip) == (row.model, row.options["content"], None)


def test_the_pages_commands_are_taken(script):
    lines = [line for line in script.PAGE.read_text("utf-8").splitlines() if line.startswith("restore train ")]
    assert any("phi5_4" in line for line in lines)
    for line in lines:
        words = shlex.split(line)
        component = registry().find("recipe", words[2])
        pairs = [value for option, value in pairwise(words) if option == "--set"]
        component.build(**check(words[2], component.factory(), parse_pairs(pairs)))


def test_the_table_has_ours_and_the_papers(script):
    names = {"bicubic": "bicubic", "srgan-a": "srgan@srgan-mse.safetensors"}
    found = {
        "models": [{"name": name, "spec": spec} for name, spec in names.items()],
        "summary": [{"model": name, "dataset": data, "metrics": SCORES} for name in names for data in script.SETS],
    }
    cell = "30.12 / 0.8567 / n/a"
    assert script.table(found, 5).splitlines()[2:] == [
        f"| bicubic | {cell} | {cell} | {cell} |  |  |",
        f"| SRGAN-MSE | {cell} | {cell} | {cell} | 30.64 / 0.8701 | 26.92 / 0.7611 |",
    ]


@pytest.fixture
def finished(script, tmp_path):
    """A finished row, as `restore train` leaves it, by the steps and the precision that it took."""

    def finish(name, steps, precision, **changes):
        row = script.ROWS[name]
        options = {**script.COMMON, **row.options, "steps": steps, **changes}
        header = {"steps": str(steps), "recipe_options": json.dumps(options)}
        weights.write(tmp_path / name / f"{row.recipe}.safetensors", {"a": torch.ones(1)}, header)
        checkpoint.save(tmp_path / name / script.CHECKPOINT, {"step": steps, "precision": precision})

    finish.folder = tmp_path
    return finish


def test_rows_that_were_trained_as_the_call_says_are_taken(script, finished):
    finished("srresnet-mse", 7, "float32")
    finished("srgan-vgg22", 7, "float32")
    for asked in ("float32", "auto"):
        call = Namespace(output=finished.folder, steps=7, precision=asked)
        assert script.trained(call) == {"srresnet-mse": "float32", "srgan-vgg22": "float32"}
    command = script.shown_command(script.ROWS["srgan-vgg22"], "srgan-vgg22", 7, "float32")
    assert (command[3:5], command[-1]) == (["--steps", "7"], "float32")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"steps": 5, "precision": "float32"}, "steps=5, and this table is of steps=7"),
        ({"steps": 7, "precision": "bfloat16"}, "precision=bfloat16, and this table is of precision=float32"),
        ({"steps": 7, "precision": "float32", "learning_rate": 1e-4}, "learning_rate=0.0001, and this table is of"),
    ],
)
def test_a_row_that_was_trained_otherwise_is_refused(script, finished, row, told):
    finished("srresnet-mse", 7, "float32")
    finished("srgan-mse", **row)
    with pytest.raises(SystemExit, match=f"srgan-mse was trained with {told}"):
        script.trained(Namespace(output=finished.folder, steps=7, precision="float32"))


def test_a_page_without_the_marks_is_not_written(script):
    for text in ("no marks", f"only {script.BEGIN}", f"{script.END} before {script.BEGIN}"):
        with pytest.raises(ValueError, match="no place"):
            script.with_table(text, "scores")


def test_the_page_has_the_published_table(script):
    text = script.PAGE.read_text("utf-8")
    if not script.RESULT.exists():
        assert script.with_table(text, "| scores |") != text
        pytest.skip("no table has been published yet")
    assert script.with_table(text, script.published_table()) == text
    measured = {model["spec"] for model in results.read(script.RESULT)["models"]}
    commands = json.loads(script.COMMANDS.read_text("utf-8"))
    assert measured >= {f"{script.ROWS[name].model}@{script.weights(name)}" for name in commands}
