"""What the README claims is what the committed results say."""

from __future__ import annotations

import importlib.util
import json
import math
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from restore import weights
from restore.benchmark import find_protocol, stages
from restore.options import parse
from restore.registry import registry

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
    protocol = find_protocol(result["protocol"]["id"])
    assert result["protocol"]["hash"] == protocol.hash
    for stage, today in zip(result["degradation"], stages.record(protocol.degradation), strict=True):
        assert (stage["name"], stage["options"]) == (today["name"], today["options"])
    assert path.name.startswith(f"{result['protocol']['id']}--{result['environment']['device']}-")
    for row in result["summary"]:
        assert row["failed"] == 0
        assert all(math.isfinite(float(value)) for value in row["metrics"].values())
    for row in result["scores"]:
        assert None not in row["metrics"].values()


def test_every_protocol_that_can_be_run_is_published(publish):
    ours = [c.spec.name for c in registry().of_kind("protocol") if c.plugin.distribution == "restore-toolkit"]
    runnable = {name for name in ours if find_protocol(name).degradation}
    assert set(publish.PUBLISHED) == runnable
    assert {json.loads(path.read_text("utf-8"))["protocol"]["id"] for path in RESULTS} == runnable


def test_a_readme_without_the_marks_is_not_written(publish):
    """What follows the table would be lost."""
    for text in ("no marks", f"only {publish.BEGIN}", f"{publish.END} before {publish.BEGIN}"):
        with pytest.raises(ValueError, match="<!-- scores -->"):
            publish.with_table(text, "| table |")


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_each_result_is_what_the_schema_says(path):
    schema = json.loads(files("restore.benchmark").joinpath("results.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_each_result_names_no_place_of_its_machine(path):
    result = json.loads(path.read_text("utf-8"))
    command = result["command"]
    assert command[:3] == ["restore", "bench", result["protocol"]["id"]]
    assert command[-2:] == ["--data", "DATA"]
    assert all(dataset["folder"] == f"DATA/{dataset['name']}" for dataset in result["datasets"])


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_each_result_was_made_with_the_weights_that_are_shipped(path):
    for model in json.loads(path.read_text("utf-8"))["models"]:
        if model["weights"] is None:
            assert registry().find("model", parse(model["spec"])[0]).weights == ()
            continue
        _, named = registry().find_weighted("model", model["weights"]["name"])
        assert model["weights"]["sha256"] == weights.digest(weights.resource(named.file)) == named.sha256


def test_what_is_published_names_the_data_and_not_where_they_lie(publish, tmp_path):
    data = tmp_path / "my data"
    result = {
        "command": ["restore", "bench", "sr-x4", "--data", str(data), "-o", str(tmp_path / "out")],
        "datasets": [{"name": "set5", "folder": f"{data.as_posix()}/Set5", "hash": "a"}],
        "scores": [1],
    }
    assert publish.published(result, ["bench", "sr-x4", "-m", "lanczos"], data) == {
        "command": ["restore", "bench", "sr-x4", "-m", "lanczos", "--data", "DATA"],
        "datasets": [{"name": "set5", "folder": "DATA/Set5", "hash": "a"}],
        "scores": [1],
    }


def test_the_card_has_the_published_scores(publish):
    result = json.loads(publish.HEADLINE.read_text("utf-8"))
    card = (ROOT / "plugins/srgan/restore_srgan/weights/srresnet-psnr-x4.md").read_text("utf-8")
    for row in result["summary"]:
        if row["model"] in ("bicubic", "srresnet"):
            scores = row["metrics"]
            text = f"{scores['psnr']:.3f} / {scores['ssim']:.4f} / {scores['lpips']:.4f}"
            assert f"{text} / {scores['lr-consistency']:.2f}" in card
