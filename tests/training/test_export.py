"""What the card says, and that a card without its weights cannot be."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
import torch
from torch import nn

import restore
from restore import weights
from restore.training import train
from restore.training.export import rounded, told


def rows(card):
    cells = r"^\| (.+?) \| (.+) \|$"
    return dict(re.findall(cells, card, re.MULTILINE))


def read(result):
    return result.weights.with_suffix(".md").read_bytes().decode("utf-8")


def test_the_card_says_all_that_is_asked_of_it(doubling, settings):
    recipe = doubling()
    recipe.data_terms = "CC0, \N{LATIN SMALL LETTER O WITH DIAERESIS}ffentlich"
    recipe.validation_protocol = "the bias of the last layer"
    result = train(recipe, settings("run", options={"steps": 12}))
    said = rows(read(result))
    sha256 = hashlib.sha256(result.weights.read_bytes()).hexdigest()
    assert said["Licence"] == "Apache-2.0"
    assert said["Data terms"] == recipe.data_terms
    assert said["Training data"] == "numbers from photos"
    assert said["Validation set"] == settings("run").validation.name
    assert said["Measured"] == "the bias of the last layer"
    assert said["Trained on"] == "cpu in float32"
    assert said["Steps"] == "12 of 12"
    assert said["Seed"] == "3"
    assert said["Toolkit"] == f"restore-toolkit {restore.__version__}, torch {torch.__version__}"
    assert said["sha256"] == f"`{sha256}`"


def test_a_licence_of_its_own_and_no_rows_about_nothing(doubling, settings):
    recipe = doubling()
    recipe.licence = "CC-BY-4.0"
    card = read(train(recipe, settings("run", validation=None)))
    assert rows(card)["Licence"] == "CC-BY-4.0"
    assert not {"Data terms", "Validation set", "Measured"} & set(rows(card))
    assert card.endswith("- none was given\n")


def test_files_are_told_by_their_names_and_nobodys_folders(doubling, settings, tmp_path):
    file = tmp_path / "start.safetensors"
    file.touch()
    long = "l1 + " * 100 + "tv"
    options = {
        "init": str(file),
        "folder": tmp_path,
        "data_terms": "CC/BY",
        "content": long,
        "text": "~nobody-at-all/x",
    }
    result = train(doubling(), settings("run", options=options))
    wanted = {**options, "init": "start.safetensors", "folder": tmp_path.name}
    assert json.loads(weights.read(result.weights)[1]["recipe_options"]) == wanted
    assert "init=start.safetensors" in rows(read(result))["Recipe"]
    assert str(tmp_path) not in read(result)


@pytest.mark.parametrize("text", ["", ".", "..", "/", "~", "l1"])
def test_the_working_folder_and_the_home_are_not_named(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "l1").mkdir()
    assert told({"data_terms": text, "here": Path(text)}) == {"data_terms": text, "here": str(Path(text))}


def test_a_bar_or_a_line_break_does_not_end_the_table(doubling, settings):
    recipe = doubling()
    recipe.load_data = lambda folder, progress: "blur|noise\nand more"
    assert rows(read(train(recipe, settings("run"))))["Training data"] == r"blur\|noise and more"


def test_the_card_comes_last_and_whole_or_not_at_all(doubling, settings, monkeypatch):
    def fails(*_):
        raise RuntimeError("power cut")

    monkeypatch.setattr("restore.training.export.card", fails)
    with pytest.raises(RuntimeError, match="power cut"):
        train(doubling(), settings("run"))
    names = sorted(path.name for path in settings("run").output.iterdir() if "tfevents" not in path.name)
    assert names == ["checkpoint.safetensors", "doubling.safetensors", "log.jsonl"]


def test_rounding_is_that_of_the_file_and_is_undone():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    exact = {name: value.clone() for name, value in network.state_dict().items()}
    with rounded(network) as inside:
        for name, value in inside.state_dict().items():
            expected = exact[name].half().float() if exact[name].is_floating_point() else exact[name]
            assert torch.equal(value, expected)
        assert not torch.equal(inside[0].weight, exact["0.weight"])
    assert all(torch.equal(value, exact[name]) for name, value in network.state_dict().items())


def test_a_sequence_is_written_as_people_give_it(doubling, settings):
    recipe = doubling()
    recipe.model_options = {"names": ("a", "b"), "depth": 3}
    assert "names=a+b, depth=3" in rows(read(train(recipe, settings("run"))))["Model"]
