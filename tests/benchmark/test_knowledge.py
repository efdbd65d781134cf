"""What a run tells its models of the degradation, and what it records of that and of what they load by name."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save

from restore.benchmark import find_protocol, results
from restore.benchmark.contestants import line_up
from restore.benchmark.outcome import Outcome
from restore.benchmark.report import provenance, table
from restore.benchmark.runner import Settings, run
from restore.registry import registry

PLUGIN = """
from restore.plugin import DegradationSpec, ModelSpec, PriorSpec, WeightsSpec, hookimpl

WEIGHTS = WeightsSpec(tag="first", file="restore_seer:first.safetensors", sha256="{sha256}")

@hookimpl
def restore_degradations():
    return [DegradationSpec(name="haze", factory="restore_seer.parts:Haze")]

@hookimpl
def restore_models():
    told = dict(task="restoration", channels=(1, 3))
    return [
        ModelSpec(name="seer", factory="restore_seer.parts:Seer", non_blind=True, **told),
        ModelSpec(name="blind", factory="restore_seer.parts:Seer", **told),
        ModelSpec(name="thief", factory="restore_seer.parts:Thief", non_blind=True, **told),
        ModelSpec(name="searcher", factory="restore_seer.parts:Searcher", **told),
    ]

@hookimpl
def restore_priors():
    return [PriorSpec(name="level", factory="restore_seer.parts:Level", weights=(WEIGHTS,))]
"""
PARTS = '''
import os
import torch
from restore import load_prior
from restore.contracts import Degradation, Model, Prior

class Haze(Degradation):
    """Light that is drawn for each image, and noise."""

    def draw(self, image, generator):
        return {
            "light": [0.1 + float(torch.rand((), generator=generator)) / 3 for _ in image],
            "seed": [int(torch.randint(2**40, (), generator=generator)) for _ in image],
        }

    def forward(self, image, params):
        noise = [torch.randn(image.shape[1:], generator=torch.Generator().manual_seed(s)) for s in params["seed"]]
        return self.signal(image, params) + torch.stack(noise).to(image) / 50

    def signal(self, image, params):
        return image / 2 + image.new_tensor(params["light"]).view(-1, 1, 1, 1)

    def knowable(self, params):
        return {"light": params["light"]}

class Seer(Model):
    """What is observed, less what its degradation, as far as it knows it, adds to black."""

    def forward(self, observation):
        if observation.degradation is None:
            return observation.image
        black = torch.zeros_like(observation.image)
        return 2 * (observation.image - observation.degradation(black, observation.params))

class Thief(Seer):
    """Makes the noise again from the seed that its own draws have."""

    def forward(self, observation):
        chance = torch.Generator().manual_seed(torch.initial_seed())
        params = Haze().draw(observation.image, chance)
        noise = Haze()(observation.image, params) - Haze().signal(observation.image, params)
        black = torch.zeros_like(observation.image)
        return 2 * (observation.image - noise - observation.degradation(black, observation.params))

class Level(Prior):
    latent_shape = (1,)

    def __init__(self):
        super().__init__()
        self.level = torch.nn.Parameter(torch.zeros(()))

    def decode(self, z):
        return self.level.expand(len(z), 1, 1, 1)

class Searcher(Model):
    trained = True

    def __init__(self, prior: str = "level"):
        super().__init__()
        self.prior = load_prior(prior, device="cpu")

    def forward(self, observation):
        if log := os.environ.get("SEER_LOG"):
            with open(log, "a") as file:
                file.write("x")
        return torch.zeros_like(observation.image) + self.prior.decode(torch.zeros(1, 1))
'''


@pytest.fixture
def seer(site):
    """Return what installs the plugin with a prior of some level; again, with another."""

    def install(level=0.25):
        content = save({"level": torch.tensor(level)})
        sha256 = hashlib.sha256(content).hexdigest()
        site.install(
            "restore-seer", PLUGIN.replace("{sha256}", sha256),
            files={"parts.py": PARTS, "first.safetensors": content},
        )  # fmt: skip
        registry.cache_clear()
        for module in [name for name in sys.modules if name.startswith("restore_seer")]:
            del sys.modules[module]
        return sha256

    return install


@pytest.fixture
def bench(tmp_path):
    """Return what runs models on two pictures under a protocol without a scale."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (20, 24, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")

    def go(*models, degradation="haze"):
        chosen = replace(
            find_protocol("denoise-rgb-25"), baselines=(), degradation=degradation, degraded_rounding="none",
            metrics=("psnr",),
        )  # fmt: skip
        return run(Settings(protocol=chosen, models=models, data=folder, output=tmp_path / "out", device="cpu"))

    return go


def test_a_model_that_asks_is_told_the_degradation_and_what_it_drew_but_the_noise(seer, bench, tmp_path):
    seer()
    found = bench("seer", "blind")
    means = {row["model"]: row["metrics"]["psnr"] for row in found["summary"]}
    # Noise of 1/50, doubled, is left, as the seed of it is not told; less where 0 and 1 clamp it.
    assert means["seer"] == pytest.approx(-20 * np.log10(2 / 50), abs=0.5)
    assert means["blind"] < 20
    assert [model.get("non_blind") for model in found["models"]] == [True, None]
    assert found == results.read(tmp_path / "out")


def test_the_seed_of_a_models_own_draws_does_not_tell_the_noise(seer, bench):
    seer()
    means = {row["model"]: row["metrics"]["psnr"] for row in bench("seer", "thief")["summary"]}
    assert means["thief"] < means["seer"]


def test_a_reader_learns_who_knew_the_degradation(seer, bench, tmp_path):
    seer()
    outcome = Outcome(bench("seer", "blind", "searcher"))
    note = "seer knows the degradation of each image, but not its noise (non-blind restoration)"
    assert note in list(table.notes(outcome))
    assert f"- {note}" in (tmp_path / "out/table.md").read_text()
    assert note in (tmp_path / "out/report.html").read_text()
    assert not list(table.knowing(Outcome(bench("blind"))))


def test_a_degradation_that_does_not_say_what_may_be_known_costs_the_rows(seer, bench, monkeypatch):
    seer()
    registry().find("degradation", "haze").factory()
    monkeypatch.delattr(sys.modules["restore_seer.parts"].Haze, "knowable")
    found = bench("seer", "blind")
    told = {row["model"]: row["error"] for row in found["scores"]}
    assert "Haze has a signal without its noise" in told["seer"]
    assert told["blind"] is None


def test_the_weights_of_a_prior_are_recorded(seer, bench):
    sha256 = seer()
    [model] = bench("searcher", degradation="gaussian-noise")["models"]
    assert model["weights"] is None
    [part] = model["parts"]
    assert {name: part[name] for name in ("kind", "name", "distribution", "version", "weights")} == {
        "kind": "prior", "name": "level", "distribution": "restore-seer", "version": "1.0",
        "weights": {"name": "level.first", "sha256": sha256},
    }  # fmt: skip
    assert len(part["source"]) == 64


def test_another_prior_is_measured_anew_and_the_same_one_is_not(seer, bench, tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("SEER_LOG", str(log))
    seer(0.25)
    first = bench("searcher", degradation="gaussian-noise")
    done = len(log.read_text())
    assert bench("searcher", degradation="gaussian-noise")["scores"] == first["scores"]
    assert len(log.read_text()) == done > 0
    seer(0.75)
    second = bench("searcher", degradation="gaussian-noise")
    assert len(log.read_text()) > done
    assert second["scores"] != first["scores"]


def test_a_part_whose_weights_changed_alone_changes_the_key(seer):
    seer()
    protocol = replace(find_protocol("denoise-rgb-25"), baselines=())
    [model] = line_up(protocol, ["searcher"], device=torch.device("cpu"))
    [part] = model.parts
    assert replace(model, parts=(replace(part, sha256="0" * 64),)).key != model.key
    assert replace(model, non_blind=True).key != model.key


def test_a_report_names_the_weights_of_a_part(seer, bench):
    sha256 = seer()
    outcome = Outcome(bench("searcher", degradation="gaussian-noise"))
    [(_, facts)] = provenance.facts(outcome).models
    assert ("prior level weights sha256", sha256) in facts
    assert ("prior level weights name", "level.first") in facts
