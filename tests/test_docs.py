"""The examples of the documentation are executed as they stand on the page."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import tomllib
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from restore.cli import cli
from restore.contracts import Observation
from restore.errors import UsageError
from restore.plugin import HOOKS, BlendSpec, DegradationSpec, WeightsSpec
from restore.registry import Component, PluginRecord, registry
from restore.testing import Inapplicable, Subject, check_plugin
from restore.testing.kinds import checks_of

ROOT = Path(__file__).resolve().parents[1]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)


def block(page: str, language: str, part: str) -> str:
    [found] = [text for text in blocks(page, language) if part in text]
    return found


@pytest.fixture
def example(site):
    """The plugin of docs/plugins.md, installed with the name, entry point and requirement of its page."""
    page = "docs/plugins.md"
    project = tomllib.loads(block(page, "toml", "[project]"))["project"]
    [(group, points)] = project["entry-points"].items()
    [(entry, value)] = points.items()
    site.install(
        project["name"], block(page, "python", "def restore_models"), version=project["version"],
        requires=project["dependencies"], group=group, entry=entry, value=value,
        files={"parts.py": block(page, "python", "class Dim")},
    )  # fmt: skip
    return registry()


def test_the_example_plugin_is_discovered_and_light(example):
    [record] = [p for p in example.plugins if p.distribution == "restore-example"]
    assert (record.status, record.error, record.heavy_imports) == ("ok", "", ())
    found = {(c.spec.kind, c.spec.name) for c in example.components if c.plugin == record}
    assert found == {("degradation", "dim"), ("model", "brighten"), ("loss", "soft-error")}


def test_the_example_model_undoes_the_example_degradation(example):
    dim = example.find("degradation", "dim").build(left="0.4")
    image = torch.rand(3, 3, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    observation = dim.observe(image, torch.Generator().manual_seed(2))
    left = observation.params["left"]
    assert len(set(left)) == 3
    assert all(0.4 <= share <= 1 for share in left)
    json.dumps(observation.params)
    for sample in range(3):
        assert torch.equal(observation.image[sample], image[sample] * left[sample])
    restored = example.find("model", "brighten").build()(observation)
    torch.testing.assert_close(restored, image, rtol=1e-12, atol=1e-12)
    guessed = example.find("model", "brighten").build(left="0.5")(Observation(image=image / 2))
    torch.testing.assert_close(guessed, image)
    with pytest.raises(UsageError, match="dim cannot leave 0"):
        example.find("degradation", "dim").build(left=0)


def test_the_example_loss(example):
    """By hand: sqrt(0.3^2 + 0.4^2) = 0.5 at each pixel of the first sample, 0.4 at each of the second."""
    loss = example.find("loss", "soft-error").build(epsilon="0.4")
    target = torch.zeros(2, 1, 2, 2, dtype=torch.float64)
    prediction = torch.stack([target[0] + 0.3, target[1]]).requires_grad_()
    assert loss(prediction, target).tolist() == pytest.approx([0.5, 0.4], abs=1e-15)
    assert torch.autograd.gradcheck(lambda x: loss(x, target), prediction)
    with pytest.raises(UsageError, match="there is none"):
        loss(prediction, None)


def test_the_example_conforms(example):
    verdicts = check_plugin("restore-example")
    assert [f"{v.component}-{v.check}: {v.failure}" for v in verdicts if not v.ok] == []
    assert {v.component for v in verdicts if v.outcome == "passed"} == {"dim", "brighten", "soft-error"}


def test_the_commands_of_the_page_work(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8), (200, 100, 50)).save("photo.png")
    runner = CliRunner(env={"COLUMNS": "80"})
    assert "soft-error" in runner.invoke(cli, ["list"]).stdout
    assert "what to assume where it is not" in runner.invoke(cli, ["info", "brighten"]).stdout
    assert runner.invoke(cli, ["degrade", "dim:left=0.6", "photo.png", "-o", "dim.png"]).exit_code == 0
    red, green, blue = Image.open("dim.png").getpixel((0, 0))
    assert 120 <= red < 200
    assert green == pytest.approx(red / 2, abs=1)
    assert blue == pytest.approx(red / 4, abs=1)


def test_the_weights_of_the_page_are_well_formed():
    text = block("docs/plugins.md", "python", "WeightsSpec(").replace('"..."', '"0" * 64')
    blend = eval(block("docs/plugins.md", "python", "BlendSpec("), {"BlendSpec": BlendSpec})
    made = replace(eval(text, {"WeightsSpec": WeightsSpec}), blend=blend)
    assert (made.tag, made.blend.option) == ("photo-x4", "fidelity")


def test_the_page_names_every_hook_and_status():
    page = (ROOT / "docs/plugins.md").read_text("utf-8")
    for word in (*HOOKS, "ok", "slow", "broken", "incompatible", "disabled"):
        assert f"`{word}`" in page
    for switch in ("--no-plugins", "RESTORE_PLUGINS", "RESTORE_DISABLE_PLUGINS", "RESTORE_STRICT"):
        assert f"`{switch}" in page


@pytest.fixture
def vignette() -> Any:
    """The class of CONTRIBUTING.md's worked example."""
    module = types.ModuleType("vignette")
    exec(block("CONTRIBUTING.md", "python", "class Vignette"), module.__dict__)
    return module.Vignette  # type: ignore[attr-defined]


def test_the_worked_example_does_what_it_says(vignette):
    image = torch.ones(2, 3, 5, 7, dtype=torch.float64)
    dark = vignette()(image, {"strength": [0.4, 0.0]})
    assert dark[0, :, 2, 3].tolist() == [1, 1, 1]
    for row, column in ((0, 0), (0, 6), (4, 0), (4, 6)):
        assert dark[0, :, row, column].tolist() == pytest.approx([0.6] * 3, abs=1e-15)
    assert dark[0, 0, 0, 3].item() == pytest.approx(0.8, abs=1e-15)  # half of r**2 in the middle of an edge
    assert torch.equal(dark[1], image[1])


def test_the_worked_example_keeps_the_promises_of_a_degradation(vignette):
    image = torch.rand(3, 1, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    degradation = vignette(strength=0.5)
    params = degradation.draw(image, torch.Generator().manual_seed(2))
    assert all(0 <= strength <= 0.5 for strength in params["strength"])
    assert len(set(params["strength"])) == 3
    one_by_one = torch.Generator().manual_seed(2)
    singles = [degradation.draw(image[i : i + 1], one_by_one)["strength"] for i in range(3)]
    assert [value for [value] in singles] == params["strength"]
    replayed = json.loads(json.dumps(params))
    assert torch.equal(degradation(image, replayed), degradation(image, params))
    for i in range(3):
        alone = degradation(image[i : i + 1], {"strength": singles[i]})
        assert torch.equal(alone, degradation(image, params)[i : i + 1])
    assert torch.autograd.gradcheck(lambda x: degradation(x, params), image.clone().requires_grad_())
    with pytest.raises(UsageError, match=r"cannot take away 1.5"):
        vignette(1.5)


def test_the_worked_example_conforms(vignette, monkeypatch):
    spec = eval(block("CONTRIBUTING.md", "python", "DegradationSpec("), {"DegradationSpec": DegradationSpec})
    module = types.ModuleType("vignette")
    module.Vignette = vignette  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vignette", module)
    record = PluginRecord(name="degradations", distribution="restore-toolkit", version="", module="vignette")
    subject = Subject(component=Component(spec=replace(spec, factory="vignette:Vignette"), plugin=record))
    for check in checks_of("degradation"):
        if not check.name.startswith(("discovery", "import")):
            with contextlib.suppress(Inapplicable):
                check(subject)


def test_the_registration_of_the_worked_example(vignette):
    text = block("CONTRIBUTING.md", "python", "DegradationSpec(")
    spec = eval(text, {"DegradationSpec": DegradationSpec})
    assert spec.factory.endswith(f":{vignette.__name__}")
    path = re.search(r"`(plugins/\S+/vignette\.py)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert path is not None
    assert path[1].split("/", 2)[2].removesuffix(".py").replace("/", ".") == spec.factory.partition(":")[0]


@pytest.mark.parametrize(("page", "made"), [("docs/benchmark.md", "means"), ("docs/report.md", "psnr")])
def test_the_python_about_results_works(page, made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.linear_gradient("L").convert("RGB").resize((48, 48)).save(tmp_path / "photo.png")
    run = ["bench", "sr-x4", "-m", "srresnet", "--data", ".", "-o", "out", "--device", "cpu"]
    assert CliRunner().invoke(cli, run).exit_code == 0
    [text] = blocks(page, "python")
    names: dict[str, Any] = {}
    exec(text, names)
    assert names[made]
