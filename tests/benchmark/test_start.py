"""The measured advantage of an encoder start: what is followed, and that the page tells what was measured."""

from __future__ import annotations

import importlib.util
import json
import sys
from argparse import Namespace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from restore import weights
from restore.errors import UsageError
from restore_gan.encoder import dcgan

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = {"size": 16, "colors": "rgb", "latent": 5, "width": 8, "critic_width": 4, "kernel": 4, "critic_norm": "none"}


def module_of(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    del sys.modules[spec.name]
    return module


@pytest.fixture
def script(monkeypatch):
    module = module_of(ROOT / "benchmarks" / "inversion" / "start.py")
    for name, value in {"STEPS": 6, "TENTH": 2, "BUDGETS": (1, 2, 6), "QUICK": 3}.items():
        monkeypatch.setattr(module, name, value)
    return module


def prior(path, **more):
    torch.manual_seed(0)
    options = {**OPTIONS, **more}
    weights.write(path, dcgan(**options).state_dict(), {"model": "dcgan-faces", "options": json.dumps(options)})
    return path


@pytest.fixture
def asked(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "faces").mkdir()
    for number in range(5):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(tmp_path / "faces" / f"{number}.png")
    return Namespace(
        data=tmp_path / "faces", prior="dcgan-faces", weights=prior(tmp_path / "own.safetensors", encoder_width=4),
        trained_on=2, images=3, restarts=2, device="cpu",
    )  # fmt: skip


def test_a_search_keeps_its_best_and_stays_where_it_is_done(script):
    trace = torch.tensor([[3.0, 2.0], [4.0, 1.0], [1.0, torch.nan], [2.0, torch.nan]])[..., None]
    assert script.best_so_far(trace)[..., 0].tolist() == [[3, 2], [3, 1], [1, 1], [1, 1]]


def test_steps_that_are_needed(script):
    assert script.needed([5.0, 4.0, 3.0, 3.0], 4.0) == 2
    assert script.needed([5.0, 4.0], 3.9) is None
    found = {"random": {"6": [3.0]}, "encoder": {"1": [9.0, 4.0], "2": [9.0, 3.0], "6": [9.0, 2.0]}}
    assert script.fewest(found) == 2
    assert script.fewest(found | {"random": {"6": [1.0]}}) is None
    found |= {"encoder, L-BFGS": {"3": [9.0, 8.0, 3.0]}, "random, L-BFGS": {"3": [9.0, 8.0, 7.0]}}
    assert script.reached(found) == ["2", "3", "over 3"]


def test_curves_fall_and_the_best_random_one_is_lowest(script, asked):
    result = script.measure(asked)
    assert result["sha256"] == weights.digest(asked.weights)
    assert list(result["masks"]) == list(script.MASKS)
    for found in result["masks"].values():
        lengths = {line: [len(curve) for curve in curves.values()] for line, curves in found.items()}
        assert lengths == {
            "random": [2, 6],
            "best random": [2, 6],
            "encoder": [1, 2, 6],
            "random, L-BFGS": [3],
            "encoder, L-BFGS": [3],
        }
        assert all(len(curve) == int(steps) for curves in found.values() for steps, curve in curves.items())
        for curve in (curve for curves in found.values() for curve in curves.values()):
            assert curve == sorted(curve, reverse=True)
        assert found["best random"]["6"][-1] <= found["random"]["6"][-1]
        assert len({curve[0] for curve in found["encoder"].values()}) == 1  # all begin at the guess
        assert found["encoder, L-BFGS"]["3"][0] == pytest.approx(found["encoder"]["6"][0], rel=0.02)  # in float32


def test_what_cannot_be_measured(script, asked, tmp_path):
    with pytest.raises(UsageError, match="no encoder to start from"):
        script.measure(Namespace(**{**vars(asked), "weights": prior(tmp_path / "plain.safetensors")}))
    with pytest.raises(UsageError, match="holds 5 images, not 4 beyond the first 2"):
        script.measure(Namespace(**{**vars(asked), "images": 4}))


def test_the_section_and_the_picture(script, asked):
    result = script.measure(asked)
    page = script.with_section(f"# Page\n\nBefore.\n\n{script.BEFORE}\nAfter.\n", script.section(result))
    assert page.index("Before.") < page.index(script.BEGIN) < page.index(script.END) < page.index(script.BEFORE)
    assert script.with_section(page, "new").count("\nnew\n") == 1
    rows = [line for line in page.splitlines() if line.startswith("| ")][2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows[:4]] == list(script.MASKS)
    assert f"{result['masks']['half']['random']['6'][-1]:.4f}" in rows[1]
    assert script.BEFORE in (ROOT / "docs" / "inversion.md").read_text("utf-8")
    drawn = ElementTree.fromstring(module_of(ROOT / "docs" / "draw_start.py").picture(result))
    assert len(drawn.findall(".//{*}polyline")) == 4 * 5


def test_the_page_tells_what_was_measured():
    script = module_of(ROOT / "benchmarks" / "inversion" / "start.py")
    page = (ROOT / "docs" / "inversion.md").read_text("utf-8")
    if not script.RESULT.exists():
        assert script.BEGIN not in page
        pytest.skip("no result is published yet")
    assert script.section(json.loads(script.RESULT.read_text("utf-8"))) in page
