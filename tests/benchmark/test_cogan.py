"""The scripts of benchmarks/cogan: baselines that align, tables by hand, and trainings that are taken up."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "cogan"
MODULES = ("par", "adapt", "baselines", "trainings")


@pytest.fixture(scope="module")
def scripts():
    sys.path.insert(0, str(FOLDER))
    yield {name: importlib.import_module(name) for name in MODULES}
    sys.path.remove(str(FOLDER))
    for name in MODULES:
        del sys.modules[name]


def clouds(count, change, generator):
    """Three classes of Gaussian features, seen through a linear map."""
    labels = torch.arange(count) % 3
    centres = 3 * torch.eye(3, 6, dtype=torch.float64)
    values = centres[labels] + torch.randn(count, 6, generator=generator, dtype=torch.float64)
    return values @ change, labels


def test_coral_aligns_covariances(scripts):
    baselines, generator = scripts["baselines"], torch.Generator().manual_seed(0)
    change = torch.eye(6, dtype=torch.float64)
    change[:3, 3:], change[3:, :3], change[0, 1] = 1.0, 0.5, 0.5
    source, labels = clouds(600, torch.eye(6, dtype=torch.float64), generator)
    target, truth = clouds(600, change, generator)
    # The identity that is added to each covariance is small beside those of features as large as these.
    large = baselines.aligned(1000 * source, 1000 * target) / 1000
    torch.testing.assert_close(large.T.cov(), target.T.cov(), rtol=0, atol=1e-3)
    torch.testing.assert_close(baselines.aligned(source, source), source)
    assert (baselines.Coral(source, labels, target)(target) == truth).double().mean() > 0.95


def test_powers_of_a_covariance(scripts):
    values = torch.randn(50, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    matrix = values.T.cov() + torch.eye(4)
    half, inverse = (scripts["baselines"]._power(matrix, exponent) for exponent in (0.5, -0.5))
    torch.testing.assert_close(half @ half, matrix)
    torch.testing.assert_close(half @ inverse, torch.eye(4).double())


def test_source_only_learns_what_it_is_shown(scripts):
    images = torch.zeros(40, 1, 28, 28, dtype=torch.uint8)
    labels = torch.arange(40) % 2
    images[labels == 0, :, 12:16] = 255
    images[labels == 1, :, :, 12:16] = 255
    reader = scripts["baselines"].source_only(images, labels, steps=15, affine=0.0, seed=0, device=torch.device("cpu"))
    seen = scripts["baselines"].features(reader, images)
    assert (seen.shape, seen.dtype) == ((40, 500), torch.float64)
    assert torch.equal(scripts["adapt"].read_alone(reader, seen), labels)


def test_the_table_of_agreement(scripts):
    rows = [
        {"task": "edge", "coupling": coupling, "seed": seed, "agreement": agreement, "strangers": 0.85}
        for coupling, agreements in (("tied", (0.95, 0.97)), ("untied", (0.88,)))
        for seed, agreement in enumerate(agreements)
    ]
    table = scripts["par"].table(scripts["par"].summary(rows)).splitlines()
    assert table[2:] == [
        "| edge | tied | 2 | 0.960 ± 0.014 | 0.850 | 0.952 | 0.909 |",
        "| edge | untied | 1 | 0.880 | 0.850 |  |  |",
    ]


def test_the_table_of_adaptation_counts_collapses(scripts):
    def result(accuracy, collapsed=False):
        return {"accuracy": accuracy, "relabelled": 0.95, "collapsed": collapsed}

    rows = [
        {"direction": "usps-mnist", "draw": 0, "method": "cogan", "target": result(0.9), "held out": result(0.8)},
        {"direction": "usps-mnist", "draw": 1, "method": "cogan", "target": result(0.5), "held out": result(0.4, True)},
    ]
    table = scripts["adapt"].table(scripts["adapt"].summary(rows)).splitlines()
    assert table[2:] == ["| usps-mnist | cogan | 2 | 0.700 ± 0.283 | 0.600 ± 0.283 | 1 | 0.891 |"]


def test_a_ledger_keeps_rows_and_refuses_others(scripts, tmp_path):
    def opened(head):
        return scripts["trainings"].Ledger(tmp_path / "new" / "result.json", head, torch.device("cpu"), len)

    ledger = opened({"pairs": 3})
    ledger.add({"seed": 0, "score": 1}, seed=0)
    ledger.add({"seed": 1, "score": 2}, seed=1)
    ledger.add({"seed": 0, "score": 3}, seed=0)
    again = opened({"pairs": 3})
    assert again.known(seed=0) == {"seed": 0, "score": 3}
    assert again.known(seed=2) is None
    assert json.loads(ledger.path.read_text())["summary"] == 2
    with pytest.raises(SystemExit, match="name another file"):
        opened({"pairs": 4})


@pytest.mark.slow
def test_a_table_is_made_and_taken_up(tmp_path, shared_data):
    def run(*more):
        command = [sys.executable, FOLDER / "adapt.py", "--data", shared_data, "--seeds", "1", "--mnist", "40"]
        options = [
            "--usps",
            "30",
            "--source-steps",
            "5",
            "--direction",
            "mnist-usps",
            "--device",
            "cpu",
            "-o",
            tmp_path,
        ]
        small = ["--set", "width=0.02", "--set", "batch_size=4", *more]
        return subprocess.run([*command, *options, *small], capture_output=True, text=True)

    first = run("--set", "steps=2")
    assert first.returncode == 0, first.stderr
    assert [line.split(" | ")[1] for line in first.stdout.splitlines()[2:]] == ["source only", "coral", "cogan"]
    written = (tmp_path / "result.json").read_bytes()
    second = run("--set", "steps=2")
    assert second.stdout == first.stdout
    assert (tmp_path / "result.json").read_bytes() == written
    third = run("--set", "steps=3", "--json", tmp_path / "other.json")
    assert "was trained with steps=2, and this table is of steps=3" in third.stderr
