"""``restore list`` in a terminal, in a pipe and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from restore.cli import cli

PLUGIN = """
from restore.plugin import DegradationSpec, LossSpec, ModelSpec, WeightsSpec, hookimpl

WEIGHTS = (WeightsSpec(tag="x4", file="restore_many:w.safetensors", sha256="0" * 64, options={"scale": 4}),)

@hookimpl
def restore_models():
    return [
        ModelSpec(name=f"model-{i:02}", factory="restore_many.parts:Net",
                  task=("inpainting", "denoising")[i % 2],
                  summary="What it does, told so long that no terminal of 80 columns could show it all")
        for i in range(30)
    ] + [ModelSpec(name="weighted", factory="restore_many.parts:Net", task="denoising", weights=WEIGHTS)]

@hookimpl
def restore_losses():
    return [LossSpec(name=f"loss-{i:02}", factory="restore_many.parts:Loss") for i in range(20)]
"""


def call(*arguments, **environment):
    return CliRunner(env={"COLUMNS": "80", **environment}).invoke(cli, ["list", *arguments])


def heads(lines):
    """Return the lines that begin a component, and not those that go on with its summary."""
    return [line for line in lines[1:] if line[2:3] not in ("", " ")]


@pytest.fixture
def many(site):
    site.install("restore-many", PLUGIN)


def test_sixty_components_fit_a_terminal(many):
    result = call()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) > 60
    assert 70 < max(map(len, lines)) <= 80
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == ["degradations", "models", "losses", "priors", "metrics", "recipes", "protocols"]
    assert all(lines[lines.index(heading) - 1] == "" for heading in headings[1:])
    [row] = [line for line in lines if "model-03" in line]
    assert row.split()[:3] == ["model-03", "denoising", "What"]
    assert row.endswith(" What it does, told so long…")  # no word is cut
    block = lines[lines.index("models") + 1 :][:31]
    assert len({line.index("What") for line in block if "What" in line}) == 1


def test_one_kind_has_whole_summaries(many):
    lines = call("models").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    start, end = (next(n for n, line in enumerate(lines) if name in line) for name in ("model-03", "model-04"))
    first, *rest = lines[start:end]
    assert rest
    assert {len(line) - len(line.lstrip()) for line in rest} == {first.index("What")}
    whole = " ".join([first[first.index("What") :], *map(str.strip, rest)])
    assert whole == "What it does, told so long that no terminal of 80 columns could show it all"


def test_what_is_trained_and_has_no_weights_is_shown(many):
    """Weights that are declared and whose file is not here are none either."""
    lines = call("priors").stdout.splitlines()
    assert any(line.split()[:3] == ["cogan-mnist-edge", "no", "weights"] for line in lines)
    assert any(line.split()[:2] == ["dcgan-faces", "Faces,"] for line in lines)
    shown = {line.split()[0]: line for line in heads(call("models").stdout.splitlines())}
    assert "no weights" in shown["weighted"]
    assert not any("no weights" in shown[name] for name in ("srresnet", "telea", "model-00"))


def test_a_pipe_gets_whole_lines(many, site):
    done = site.run("list", "models", COLUMNS="")
    assert done.stdout.count("could show it all") == 30


@pytest.mark.parametrize("kind", ["model", "models", "Models"])
def test_a_kind_in_the_singular_or_plural(many, kind):
    lines = call(kind).stdout.splitlines()
    assert lines[0] == "models"
    assert len([line for line in lines if "model-" in line]) == 30
    assert "loss-" not in "".join(lines)


def test_a_task(many):
    rows = heads(call("--task", "inpainting").stdout.splitlines())
    assert len([row for row in rows if "model-" in row]) == 15
    assert all("inpainting" in row for row in rows)


def test_json(many):
    found = json.loads(call("--json").stdout)
    assert found["schema"] == 1
    by_name = {(c["kind"], c["name"]): c for c in found["components"]}
    assert len([name for kind, name in by_name if kind == "loss" and name.startswith("loss-")]) == 20
    one = by_name["model", "model-00"]
    assert one["qualified"] == "restore-many:model-00"
    assert (one["task"], one["tiling"], one["distribution"], one["version"]) == (
        "inpainting", "forbidden", "restore-many", "1.0",
    )  # fmt: skip
    [weights] = by_name["model", "weighted"]["weights"]
    assert (weights["name"], weights["options"]) == ("weighted.x4", {"scale": 4})
    assert {p["distribution"] for p in found["plugins"]} == {"restore-many", "restore-toolkit"}


def test_a_score_without_end_is_text_in_json(site):
    """JSON has no infinity, and a strict reader refuses one."""

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    found = json.loads(call("metrics", "--json").stdout, parse_constant=refuse)["components"]
    assert {c["name"]: c["identity"] for c in found}["psnr"] == "inf"
    found = json.loads(CliRunner().invoke(cli, ["info", "psnr", "--json"]).stdout, parse_constant=refuse)
    assert found["components"][0]["identity"] == "inf"


def test_protocols():
    lines = call("protocols").stdout.splitlines()
    assert lines[0] == "protocols"
    assert {"rgb", "sr-x4", "sr-x4-matlab", "denoise-gray-50", "inpaint-half"} <= {line.split()[0] for line in lines}
    assert all(len(line.split()) > 2 for line in heads(lines))


def test_an_unknown_kind_is_a_usage_error(many):
    result = call("modles")
    assert result.exit_code == 2
    assert "did you mean 'models'?" in result.stderr


def test_a_task_of_anything_but_models_is_a_usage_error(many):
    result = call("losses", "--task", "denoising")
    assert result.exit_code == 2
    assert "losses have no task" in result.stderr


def test_an_empty_answer_says_why(many):
    result = call("--task", "denoise")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no model is for the task 'denoise'; did you mean denoising?" in result.stderr
    assert "no installed plugin offers datasets" in call("datasets").stderr


def test_nothing_at_all(site, monkeypatch):
    monkeypatch.setenv("RESTORE_PLUGINS", "")
    result = call()
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no installed plugin offers anything" in result.stderr
