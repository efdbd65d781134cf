"""Weights between two: the ends are the two, between them every number is linear, and everything that loads knows."""

from __future__ import annotations

import hashlib
import json
import pickle
from importlib.resources import files
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import restore
from restore.benchmark import find_protocol
from restore.benchmark.contestants import line_up
from restore.cli import cli
from restore.errors import PluginError, UnknownNameError, UsageError, WeightsError

PLUGIN = """
from restore.plugin import BlendSpec, ModelSpec, WeightsSpec, hookimpl

def weights(tag, sha256, width=4, towards=""):
    blend = BlendSpec(option="calm", towards=towards, summary="how little is invented") if towards else None
    file = f"restore_knob:{{tag}}.safetensors"
    return WeightsSpec(tag=tag, file=file, sha256=sha256, options={{"width": width}}, blend=blend)

@hookimpl
def restore_models():
    common = dict(factory="restore_knob.net:Toy", task="denoising", tiling="exact", receptive_field=5)
    return [
        ModelSpec(name="wild", weights=(weights("first", "{wild}", towards="tame.plain"),), **common),
        ModelSpec(name="tame", weights=(weights("plain", "{tame}"), weights("wide", "{wide}", 8)), **common),
        ModelSpec(name="lost", weights=(weights("first", "{wild}", towards="nowhere.plain"),), **common),
        ModelSpec(name="odd", weights=(weights("first", "{wild}", towards="tame.wide"),), **common),
    ]
"""
NETWORK = """
from torch import nn
from restore.contracts import Model

class Toy(Model):
    def __init__(self, width: int = 4, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain
        self.layers = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, observation):
        return self.layers(observation.image) * self.gain
"""


@pytest.fixture
def knob(site, toy):
    """Two models of one network: ``wild`` with an option ``calm`` that leads to ``tame``."""
    wild, tame, wide = toy.content(4, 1), toy.content(4, 2), toy.content(8, 3)
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in (("wild", wild), ("tame", tame), ("wide", wide))}
    content = {"net.py": NETWORK, "first.safetensors": wild, "plain.safetensors": tame, "wide.safetensors": wide}
    site.install("restore-knob", PLUGIN.format(**hashes), files=content)
    return SimpleNamespace(wild=toy.state(4, 1), tame=toy.state(4, 2), hashes=hashes)


def numbers(name, **options):
    return restore.load(name, device="cpu", precision="float32", **options).module.state_dict()


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_the_ends_are_the_two(knob):
    assert equal(numbers("wild"), knob.wild)
    assert equal(numbers("wild:calm=0"), knob.wild)
    assert equal(numbers("wild", calm=1), knob.tame)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_between_them_every_number_is_linear(knob, share):
    for found in (numbers("wild", calm=share), numbers(f"wild.first:calm={share}")):
        for key, value in found.items():
            expected = (1 - share) * knob.wild[key].double() + share * knob.tame[key].double()
            assert torch.allclose(value.double(), expected, rtol=0, atol=1e-8)


def test_options_of_the_network_stay(knob):
    restorer = restore.load("wild:calm=0.5,gain=2", device="cpu")
    assert restorer.module.gain == 2
    again = pickle.loads(pickle.dumps(restorer))
    assert equal(again.module.state_dict(), restorer.module.state_dict())


def test_the_report_tells_both(knob):
    image = torch.rand(3, 9, 8)
    told = restore.load("wild:calm=0.5", device="cpu").restore(image).report.weights
    assert told == "wild.first, calm=0.5 towards tame.plain"
    assert restore.load("wild:calm=0", device="cpu").restore(image).report.weights == "wild.first"


def test_what_is_refused(knob, toy, tmp_path):
    for share in ("1.5", "-0.1"):
        with pytest.raises(UsageError, match="calm goes from 0 to 1"):
            restore.load(f"wild:calm={share}")
    for share in ("much", "nan"):
        with pytest.raises(UsageError, match="option calm must be a number"):
            restore.load(f"wild:calm={share}")
    with pytest.raises(UsageError, match="tame has no option 'calm'"):
        restore.load("tame:calm=0.5")
    own = tmp_path / "own.safetensors"
    own.write_bytes(toy.content(4, 7))
    with pytest.raises(UsageError, match=r"calm moves the weights that come with wild, and own\.safetensors holds"):
        restore.load("wild:calm=0.5", weights=own)


def test_another_end_that_is_not_there_or_of_another_network(knob, site):
    assert equal(numbers("lost"), knob.wild)
    with pytest.raises(UnknownNameError, match="no model is called 'nowhere'"):
        restore.load("lost:calm=0.5")
    with pytest.raises(PluginError, match=r"odd\.first cannot be moved towards tame\.wide: they are no weights of one"):
        restore.load("odd:calm=0.5")


def test_a_short_name_means_the_same_distribution(knob, site):
    other = """
from restore.plugin import ModelSpec, hookimpl

@hookimpl
def restore_models():
    return [ModelSpec(name="tame", factory="restore_second.plugin:None", task="denoising")]
"""
    site.install("restore-second", other)
    with pytest.raises(PluginError, match="'tame' is offered by 2 plugins"):
        restore.load("tame")
    assert equal(numbers("wild", calm=1), knob.tame)


def test_the_other_end_is_checked_by_its_hash(site, toy, knob):
    content = {"net.py": NETWORK, "first.safetensors": toy.content(4, 1), "plain.safetensors": toy.content(4, 99)}
    site.install("restore-knob", PLUGIN.format(**knob.hashes), files=content)
    assert equal(numbers("wild"), knob.wild)
    with pytest.raises(WeightsError, match="not the file that was published"):
        restore.load("wild:calm=0.5")


def test_a_benchmark_records_both_hashes(knob):
    protocol = find_protocol("denoise-rgb-25")
    found = {
        text: next(c for c in line_up(protocol, [text], device=torch.device("cpu")) if not c.baseline)
        for text in ("wild", "wild:calm=0.5", "wild:calm=0.50", "wild:calm=1")
    }
    moved = found["wild:calm=0.5"]
    assert moved.record()["options"] == {"calm": 0.5}
    assert moved.weights == {
        "name": "wild.first", "sha256": knob.hashes["wild"],
        "towards": {"name": "tame.plain", "sha256": knob.hashes["tame"]},
    }  # fmt: skip
    schema = json.loads(files("restore.benchmark").joinpath("results.schema.json").read_text("utf-8"))
    told = {**schema["properties"]["models"]["items"], "$defs": schema["$defs"]}
    jsonschema.Draft202012Validator(told).validate(moved.record())
    assert found["wild"].weights == {"name": "wild.first", "sha256": knob.hashes["wild"]}
    assert moved.key == found["wild:calm=0.50"].key
    assert len({contestant.key for contestant in found.values()}) == 3
    assert equal(moved.load("cpu").module.state_dict(), numbers("wild:calm=0.5"))
    with pytest.raises(UsageError, match="tame has no option 'calm'"):
        line_up(protocol, ["tame:calm=0.5"], device=torch.device("cpu"))
    with pytest.raises(UsageError, match="calm goes from 0 to 1"):
        line_up(protocol, ["wild:calm=2"], device=torch.device("cpu"))


def test_commands(knob, tmp_path):
    photo = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 8, 3), np.uint8)).save(photo)
    for way in (["wild:calm=0.5"], ["wild", "--set", "calm=0.5"]):
        out = tmp_path / f"{len(way)}.png"
        done = CliRunner().invoke(cli, ["run", *way, str(photo), "-o", str(out), "--device", "cpu", "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["weights"] == "wild.first, calm=0.5 towards tame.plain"
        expected = restore.load("wild:calm=0.5", device="cpu")(np.asarray(Image.open(photo)))
        assert np.array_equal(np.asarray(Image.open(out)), expected)
    page = " ".join(CliRunner().invoke(cli, ["info", "wild"]).output.split())
    assert "calm=0.0 float how little is invented; from 0, wild.first, to 1, tame.plain" in page
    told = json.loads(CliRunner().invoke(cli, ["info", "wild", "--json"]).stdout)["components"][0]
    assert [option["name"] for option in told["options"]] == ["width", "gain", "calm"]
    assert told["weights"][0]["blend"]["towards"] == "tame.plain"
