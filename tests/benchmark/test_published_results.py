"""What the README claims is what the committed results say."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path

import pytest

from restore.benchmark import find_protocol

ROOT = Path(__file__).resolve().parents[2]
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


@pytest.fixture(scope="module")
def publish():
    spec = importlib.util.spec_from_file_location("publish", ROOT / "benchmarks" / "publish.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_the_published_table(publish):
    text = publish.README.read_text("utf-8")
    assert publish.with_table(text, publish.table()) == text


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_each_result_belongs_to_a_shipped_protocol_of_today(path):
    result = json.loads(path.read_text("utf-8"))
    assert result["protocol"]["hash"] == find_protocol(result["protocol"]["id"]).hash
    assert path.name.startswith(f"{result['protocol']['id']}--{result['environment']['device']}-")
    for row in result["summary"]:
        assert row["failed"] == 0
        assert all(value is None or math.isfinite(float(value)) for value in row["metrics"].values())


def test_the_card_has_the_published_scores(publish):
    result = json.loads(publish.HEADLINE.read_text("utf-8"))
    card = (ROOT / "plugins/srgan/restore_srgan/weights/srresnet-psnr-x4.md").read_text("utf-8")
    for row in result["summary"]:
        if row["model"] in ("bicubic", "srresnet"):
            scores = row["metrics"]
            text = f"{scores['psnr']:.3f} / {scores['ssim']:.4f} / {scores['lpips']:.4f}"
            assert f"{text} / {scores['lr-consistency']:.2f}" in card
