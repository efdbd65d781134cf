"""``restore plugin check``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from restore.cli import cli

PLUGIN = """
from restore.plugin import DegradationSpec, hookimpl

@hookimpl
def restore_degradations():
    return [
        DegradationSpec(name="dusk", factory="restore_dark.parts:Dark", summary="Less light", licence="MIT"),
        DegradationSpec(name="night", factory="restore_dark.parts:Darker", licence="{licence}"),
    ]
"""
PARTS = """
from restore.contracts import Degradation

class Dark(Degradation):
    def __init__(self, left: float = 0.5) -> None:
        super().__init__()
        print("building")
        self.left = left

    def draw(self, image, generator):
        return {}

    def forward(self, image, params):
        return image * self.left

class Darker(Dark):
    def __init__(self) -> None:
        raise ValueError("too dark")
"""
LIGHT = ["--only", "licence-is-known", "--only", "copies-are-true"]


@pytest.fixture
def dark(site):
    def install(licence="MIT"):
        site.install("restore-dark", PLUGIN.format(licence=licence), files={"parts.py": PARTS})

    return install


def call(*arguments):
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["plugin", "check", *arguments])


def test_a_component_that_conforms(dark):
    dark()
    result = call("dusk", *LIGHT)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["component", "kind", "passed", "failed", "inapplicable", "time"]
    assert lines[1].split()[:5] == ["dusk", "degradation", "2", "0", "0"]
    assert lines[-1] == "1 component, 2 checks: 2 passed"


def test_failures_stand_below_the_table_with_their_cure(dark):
    dark(licence="mit")
    result = call("restore-dark", *LIGHT)
    assert result.exit_code == 1
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    rows = {words[0]: words[1:5] for words in map(str.split, result.stdout.splitlines()) if len(words) > 5}
    assert rows["dusk"] == ["degradation", "2", "0", "0"]
    assert rows["night"] == ["degradation", "0", "2", "0"]
    told = " ".join(result.stdout.split())
    assert "night-licence-is-known expected the SPDX expression of the code's licence found 'mit'" in told
    assert 'cure write it so: licence="MIT"' in told
    assert "ValueError: too dark, in restore_dark.parts line 18, __init__" in told
    assert told.endswith("2 components, 4 checks: 2 passed, 2 failed")
    assert "Traceback" not in result.output


def test_the_traceback_of_what_a_component_raised(dark):
    dark()
    result = call("night", "--only", "copies-are-true", "--debug")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert "Traceback" not in result.stdout


def test_every_check_is_shown_on_demand(dark):
    dark()
    result = call("dusk", "--verbose", "--only", "licence-is-known", "--only", "weights-load")
    assert "  passed        licence-is-known: its licence is an SPDX expression\n" in result.stdout
    assert "  inapplicable  weights-load: it has no trained weights\n" in result.stdout


def test_json(dark):
    dark()
    result = call("restore-dark", *LIGHT, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["schema"], told["command"], told["name"], told["conforms"]) == (
        1,
        "plugin check",
        "restore-dark",
        False,
    )
    assert told["summary"] == {"passed": 3, "failed": 1}
    first, second = told["components"]
    assert (first["component"], first["qualified"], first["version"]) == ("dusk", "restore-dark:dusk", "1.0")
    assert [check["outcome"] for check in first["checks"]] == ["passed", "passed"]
    [failed] = [check for check in second["checks"] if check["failure"]]
    assert failed["check"] == "copies-are-true"
    assert "too dark" in failed["failure"]["found"]
    assert {"expected", "found", "cure"} == set(failed["failure"])


def test_what_a_component_prints_is_not_in_front_of_json(dark):
    dark()
    result = call("dusk", *LIGHT, "--json")
    json.loads(result.stdout)
    assert "building" in result.stderr


def test_options_of_a_component(dark):
    dark()
    assert call("dusk:left=0.4", *LIGHT).exit_code == 0
    result = call("dusk:left=much", *LIGHT)
    assert result.exit_code == 2
    assert "dusk: option left must be a number" in result.stderr


def test_names_that_are_unknown(dark):
    dark()
    result = call("restore-drak")
    assert result.exit_code == 3
    assert "did you mean restore-dark" in result.stderr
    result = call("dusk", "--only", "licence")
    assert result.exit_code == 2
    assert "no check is called 'licence'" in result.stderr
    assert "licence-is-known" in result.stderr


def test_a_broken_plugin(site):
    site.install("restore-bad", "import absent_package")
    result = call("restore-bad")
    assert result.exit_code == 3
    assert "plugin bad of restore-bad 1.0 is broken" in result.stderr
