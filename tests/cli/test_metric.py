"""``restore metric``."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from restore.cli import cli


def call(*arguments):
    return CliRunner().invoke(cli, ["metric", *map(str, arguments)])


def write(path, value, size=(24, 24), channels=3):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((*size, channels), value, np.uint8)
    Image.fromarray(pixels if channels == 3 else pixels[..., 0]).save(path)


@pytest.fixture
def folders(tmp_path):
    for name, error in (("zebra", 1), ("Ähre mit Leerzeichen", 10), ("deep/ant", 100)):
        write(tmp_path / "predictions" / f"{name}.png", 100 + error)
        write(tmp_path / "targets" / f"{name}.tif", 100)
    return tmp_path / "predictions", tmp_path / "targets"


def test_two_files(tmp_path):
    write(tmp_path / "a.png", 1)
    write(tmp_path / "b.png", 2)
    result = call(tmp_path / "a.png", tmp_path / "b.png")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split() == ["a.png", "48.131", "0.91306"]


def test_folders_are_paired_by_name(folders):
    result = call(*folders)
    assert result.exit_code == 0
    lines = [line.rsplit(maxsplit=2) for line in result.stdout.splitlines()[1:]]
    assert [(name, psnr) for name, psnr, _ in lines] == [
        ("zebra", "48.131"),
        ("Ähre mit Leerzeichen", "28.131"),
        ("mean of 2", "38.131"),
    ]


def test_recursive_folders(folders):
    assert "deep/ant" in call(*folders, "--recursive").stdout


def test_json(folders):
    result = call(*folders, "--protocol", "sr-rgb", "--scale", 2, "--json")
    found = json.loads(result.stdout)
    assert (found["schema"], found["command"], found["scale"]) == (1, "metric", 2)
    assert found["protocol"]["id"] == "sr-rgb"
    assert "2 pixels (the scale)" in found["protocol"]["description"]
    assert [score["name"] for score in found["scores"]] == ["zebra", "Ähre mit Leerzeichen"]
    assert found["scores"][0]["psnr"] == pytest.approx(48.1308036, abs=1e-6)
    assert found["mean"]["psnr"] == pytest.approx(38.1308036, abs=1e-6)
    assert found["unmatched"] == []


def test_identical_images_stay_valid_json(tmp_path):
    write(tmp_path / "a.png", 7)
    found = json.loads(call(tmp_path / "a.png", tmp_path / "a.png", "--json").stdout)
    assert float(found["scores"][0]["psnr"]) == float("inf")


def test_names_without_a_partner_are_told_and_count_as_failures(folders):
    predictions, targets = folders
    write(predictions / "extra.png", 0)
    write(targets / "missing.png", 0)
    result = call(predictions, targets)
    assert result.exit_code == 1
    assert f"no partner: {predictions / 'extra.png'}" in result.stderr
    assert f"no partner: {targets / 'missing.png'}" in result.stderr
    assert "mean of 2" in result.stdout
    found = json.loads(call(predictions, targets, "--json").stdout)
    assert len(found["unmatched"]) == 2


def test_sizes_that_differ_are_told_with_both_names(folders):
    predictions, targets = folders
    write(predictions / "wrong.png", 0, size=(24, 30))
    write(targets / "wrong.png", 0)
    result = call(predictions, targets)
    assert result.exit_code == 1
    assert f"{predictions / 'wrong.png'} is 30 x 24, and {targets / 'wrong.png'} is 24 x 24" in result.stderr
    assert "mean of 2" in result.stdout
    scores = json.loads(call(predictions, targets, "--json").stdout)["scores"]
    assert [s["name"] for s in scores if s["error"]] == ["wrong"]


LOCKED = """
from restore.plugin import MetricSpec, hookimpl

@hookimpl
def restore_metrics():
    return [MetricSpec(name="locked", factory="restore_far.parts:Locked")]
"""
PARTS = """
from restore.errors import InputError

class Locked:
    def __call__(self, prediction, target, protocol):
        if prediction.shape[-1] > 24:
            return prediction.double().mean((1, 2, 3))
        raise InputError("the trunk is missing", "fetch it")
"""


def test_a_score_that_cannot_be_computed_is_na_with_its_reason(site, folders):
    site.install("restore-far", LOCKED, files={"parts.py": PARTS})
    predictions, targets = folders
    write(predictions / "wide.png", 8, size=(24, 30))
    write(targets / "wide.png", 8, size=(24, 30))
    (targets.parent / "own.toml").write_text('[measure]\nmetrics = ["locked", "psnr"]\n')
    arguments = (predictions, targets, "--protocol", targets.parent / "own.toml")
    result = call(*arguments)
    assert result.exit_code == 0
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["image", "locked", "PSNR", "(dB)"]
    rows = [line.split()[-2:] for line in lines]
    assert ["8.00000", "inf"] in rows
    assert ["n/a", "48.131"] in rows
    assert rows[-1] == ["n/a", "inf"]
    assert result.stderr.count("locked: n/a, the trunk is missing; fetch it") == 1
    found = json.loads(call(*arguments, "--json").stdout)
    assert found["scores"][0]["reasons"] == {} or "locked" not in found["scores"][0]
    assert "locked" not in found["mean"]
    assert len(found["protocol"]["hash"]) == 64


DAMAGED = """
from restore.errors import DamagedWeightsError

class Locked:
    def __call__(self, prediction, target, protocol):
        raise DamagedWeightsError("trunk.safetensors is damaged", "fetch it again")
"""


def test_damaged_weights_end_it(site, folders):
    site.install("restore-far", LOCKED, files={"parts.py": DAMAGED})
    (folders[0].parent / "own.toml").write_text('[measure]\nmetrics = ["psnr", "locked"]\n')
    result = call(folders[0] / "zebra.png", folders[1] / "zebra.tif", "--protocol", folders[0].parent / "own.toml")
    assert (result.exit_code, "trunk.safetensors is damaged" in result.stderr) == (4, True)
    assert "fetch it again" in result.stderr
    many = call(*folders, "--protocol", folders[0].parent / "own.toml")
    assert (many.exit_code, many.stdout) == (4, "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("a.png", "gray.png"), 1, "is RGB, and"),
        (("a.png", "tiny.png"), 1, "24 x 24, and"),
        (("tiny.png", "tiny.png"), 0, "SSIM needs 11 x 11"),
        (("a.png", "gone.png"), 2, "does not exist"),
        (("a.png", "folder"), 2, "one is a folder"),
        (("folder", "other"), 1, "no name in common"),
        (("a.png", "a.png", "--protocol", "sr-y"), 2, "no scale is given"),
        (("a.png", "a.png", "--protocol", "sry"), 3, "did you mean sr-y"),
        (("a.png", "a.png", "--scale", "0"), 2, "--scale"),
        (("a.png",), 2, "TARGET"),
    ],
)
def test_errors(tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.png", 0)
    write(tmp_path / "gray.png", 0, channels=1)
    write(tmp_path / "tiny.png", 0, size=(8, 8))
    write(tmp_path / "folder" / "one.png", 0)
    write(tmp_path / "other" / "two.png", 0)
    result = call(*arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.output
