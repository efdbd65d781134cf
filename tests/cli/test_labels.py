"""``restore run PRIOR -o labels.csv``: a line for each image, by what the prior reads in it."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import restore
from restore import weights as store
from restore.adaptation import Adapted, Classifies
from restore.cli import cli
from restore.registry import registry


def call(*words):
    return CliRunner().invoke(cli, ["run", *map(str, words)])


def lines(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.reader(file)]


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A prior that classifies, not trained, and the file of its weights."""
    torch.manual_seed(0)
    options = {"names": ["mnist", "usps"], "width": 0.02, "latent": 5, "classes": 10}
    made = registry().find("prior", "cogan-digits").build(**options)
    path = tmp_path_factory.mktemp("reader") / "reader.safetensors"
    store.write(path, made.state_dict(), {"model": "cogan-digits", "options": json.dumps(options)}, half=True)
    return restore.load_prior("cogan-digits", device="cpu", weights=path), path


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "digits" / "deep").mkdir(parents=True)
    for name in ("a.png", "b, c.png", "deep/d.png"):
        Image.fromarray(rng.integers(0, 256, (28, 28), dtype=np.uint8)).save(tmp_path / "digits" / name)
    colour = np.repeat(rng.integers(0, 256, (28, 28, 1), dtype=np.uint8), 3, 2)
    Image.fromarray(colour).save(tmp_path / "digits" / "e.png")
    return tmp_path / "digits"


@pytest.mark.parametrize(("options", "shown"), [((), "usps"), (("--set", "show=mnist"), "mnist")])
def test_every_image_has_a_line(reader, folder, tmp_path, options, shown):
    prior, path = reader
    out = tmp_path / "labels.csv"
    result = call("cogan-digits", folder, "--recursive", "-o", out, "--weights", path, "--device", "cpu", *options)
    assert result.exit_code == 0, result.output
    assert "4 of 4 images read" in result.stderr
    head, *rows = lines(out)
    assert head == ["path", "label", "probability"]
    assert [row[0] for row in rows] == [str(folder / name) for name in ("a.png", "b, c.png", "deep/d.png", "e.png")]
    images = [np.asarray(Image.open(row[0]).convert("L")) for row in rows]
    given = torch.from_numpy(np.stack(images))[:, None] / 255
    shares = prior.showing(shown).classify(given).double().softmax(1)
    assert [int(row[1]) for row in rows] == shares.argmax(1).tolist()
    np.testing.assert_allclose([float(row[2]) for row in rows], shares.amax(1), atol=2e-6)
    assert isinstance(prior, Classifies)
    assert Adapted.of(prior, "cogan-digits").predict(np.stack(images)).dtype.kind == "i"


@pytest.mark.parametrize("shown", ["mnist", "usps"])
def test_a_saved_reader_knows_its_classes(reader, folder, tmp_path, shown):
    prior, _ = reader
    told = {"classes": [*"abcdefghij"], "shape": [1, 28, 28], "size": [28, 28], "view": {"show": "mnist"}}
    options = json.dumps({"names": ["mnist", "usps"], "width": 0.02, "latent": 5, "classes": 10})
    saved = Adapted(prior, {"model": "cogan-digits", "options": options, "adapted": json.dumps(told)})
    saved.save(tmp_path / "saved.safetensors")
    out = tmp_path / "labels.csv"
    words = ["cogan-digits", folder / "a.png", "-o", out, "--weights", tmp_path / "saved.safetensors"]
    words += ["--set", f"show={shown}"] if shown != "mnist" else []
    result = call(*words, "--device", "cpu", "--json")
    assert result.exit_code == 0, result.output
    [_, [_, label, probability]] = lines(out)
    image = np.array(Image.open(folder / "a.png"))[None]
    shares = prior.showing(shown).classify(torch.from_numpy(image)[:, None] / 255).double().softmax(1)
    assert label == "abcdefghij"[int(shares.argmax())]
    assert float(probability) == pytest.approx(float(shares.max()), abs=2e-6)
    expected = restore.Adapted.load(tmp_path / "saved.safetensors", device="cpu", view={"show": shown})
    assert expected.predict(image)[0] == label
    expected.save(tmp_path / "again.safetensors")
    again = restore.Adapted.load(tmp_path / "again.safetensors", device="cpu")
    np.testing.assert_array_equal(again.predict_proba(image), expected.predict_proba(image))
    [told] = json.loads(result.stdout)["results"]
    assert (told["label"], told["status"]) == (label, "read")
    assert told["probability"] == pytest.approx(float(probability), abs=1e-6)


def test_bad_images_are_told_and_passed_over(reader, folder, tmp_path):
    (folder / "0.png").write_bytes(b"no image")
    Image.fromarray(np.zeros((30, 20), np.uint8)).save(folder / "1.png")
    out = tmp_path / "labels.csv"
    result = call("cogan-digits", folder, "-o", out, "--weights", reader[1], "--device", "cpu")
    assert result.exit_code == 1
    assert "1.png has 20 x 30 pixels, and 28 x 28 were adapted to; resize them as those were" in result.stderr
    assert "0.png" in result.stderr
    assert len(lines(out)) == 4
    result = call("cogan-digits", folder / "1.png", "-o", tmp_path / "n.csv", "--weights", reader[1], "--device", "cpu")
    assert result.exit_code == 1
    assert "20 x 30" in result.output
    assert not (tmp_path / "n.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bicubic"], "bicubic restores images and writes no labels"),
        (["dcgan-mnist"], "dcgan-mnist tells no classes apart"),
        (["cogan-digit"], "did you mean cogan-digits"),
        (["cogan"], "has no weights"),
        (["cogan-digits", "--suffix", "x"], "--suffix is for restored images"),
        (["cogan-digits", "--seed", "0"], "--seed is for restored images"),
        (["cogan-digits", "--set", "shown=usps"], "did you mean 'show'"),
    ],
)
def test_what_cannot_be(folder, tmp_path, words, message):
    result = call(*words, folder, "-o", tmp_path / "labels.csv", "--device", "cpu")
    assert result.exit_code in (2, 3, 4)
    assert message in result.output
    assert not (tmp_path / "labels.csv").exists()


def test_a_table_that_is_there_stays(reader, folder, tmp_path):
    out = tmp_path / "labels.csv"
    out.write_text("mine")
    words = ["cogan-digits", folder, "-o", out, "--weights", reader[1], "--device", "cpu"]
    assert "exists already" in call(*words).output
    assert out.read_text() == "mine"
    assert call(*words, "--overwrite").exit_code == 0
    assert len(lines(out)) == 4
