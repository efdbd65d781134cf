"""What each command prints of a bad plugin, and its exit code; and the switches."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from click.testing import CliRunner, Result

from restore.cli import cli

HOOK = """
from restore.plugin import ModelSpec, hookimpl

@hookimpl
def restore_models():
    {body}
"""
SPEC = 'ModelSpec(name="net", factory="restore_bad.model:Net", task="t"'
GOOD = HOOK.format(body='return [ModelSpec(name="dncnn", factory="restore_good.model:Net", task="denoising")]')


@dataclass(frozen=True)
class Case:
    plugin: str
    status: str
    reason: str
    cure: str
    install: dict[str, Any] = field(default_factory=dict)


BAD = {
    "import error": Case(
        "import absent_package",
        "broken",
        "ModuleNotFoundError: No module named 'absent_package'",
        "pip install --upgrade restore-bad, or pip uninstall restore-bad",
    ),
    "hook that raises": Case(
        HOOK.format(body="raise RuntimeError('no')"),
        "broken",
        "RuntimeError: no",
        "pip uninstall restore-bad",
    ),
    "wrong type in a spec": Case(
        HOOK.format(body=f"return [{SPEC}, scale='4')]"),
        "broken",
        "TypeError: ModelSpec 'net': scale must be int | None, not '4' (str)",
        "pip uninstall restore-bad",
    ),
    "wrong API version": Case(
        GOOD,
        "incompatible",
        "it is made for the plugin interface restore.v2, this toolkit speaks restore.v1",
        "pip install --upgrade restore-bad restore-toolkit",
        {"group": "restore.v2"},
    ),
    "needs a newer toolkit": Case(
        GOOD,
        "incompatible",
        "it needs restore-toolkit >=99",
        "pip install --upgrade restore-bad restore-toolkit",
        {"requires": ["restore-toolkit>=99"]},
    ),
}


def call(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, arguments)


def flat(text: str) -> str:
    """Join what was wrapped for the terminal."""
    return " ".join(text.split())


@pytest.fixture
def bad(site, request):
    case = BAD[request.param]
    site.install("restore-good", GOOD)
    site.install("restore-bad", case.plugin, version="0.3", **case.install)
    return case


every = pytest.mark.parametrize("bad", BAD, indirect=True)


@every
def test_listing_goes_on_and_tells(bad):
    for command in (["list"], ["plugin", "list"]):
        result = call(*command)
        assert result.exit_code == 0
        told = [line for line in result.stderr.splitlines() if "restore-bad" in line]
        assert len(told) == 1
        assert f"plugin bad of restore-bad 0.3 is {bad.status}: {bad.reason}" in told[0]
        assert bad.cure in told[0]
    assert "dncnn" in call("list").stdout
    [row] = [line for line in call("plugin", "list").stdout.splitlines() if " bad " in line]
    assert row.split()[:4] == [bad.status, "bad", "restore-bad", "0.3"]


@every
@pytest.mark.parametrize(
    "command",
    [
        ["info", "bad"],
        ["info", "restore-bad:net", "--json"],
        ["run", "restore-bad:net", "in.png", "-o", "out.png"],
        ["run", "bad", "in.png", "-o", "out.png"],
        ["degrade", "bad", "in.png", "-o", "out.png"],
        ["train", "bad", "--data", "photos"],
        ["weights", "verify", "restore-bad:net"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_naming_it_is_an_error_with_the_cause_and_the_cure(bad, command, tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("in.png")
    result = call(*command)
    assert result.exit_code == 3
    assert result.stdout == ""
    message, cure = result.stderr.splitlines()
    assert message.startswith("error: ")
    assert f"is not available: plugin bad of restore-bad 0.3 is {bad.status}: {bad.reason}" in message
    assert bad.cure in cure
    assert not (tmp_path / "out.png").exists()
    assert not (tmp_path / "runs").exists()


@every
def test_a_neighbour_of_it_works(bad):
    assert call("weights", "list").exit_code == 0
    assert "summary" not in call("info", "mask-center").stderr
    assert call("info", "mask-center").exit_code == 0


@every
def test_the_doctor_names_it_and_the_cure(bad):
    result = call("doctor")
    assert result.exit_code == 1
    assert f"plugin bad of restore-bad 0.3 is {bad.status}: {bad.reason}" in flat(result.stdout)
    assert bad.cure in flat(result.stdout)
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    checks = json.loads(call("doctor", "--json").stdout)
    assert checks["healthy"] is False
    [check] = [c for c in checks["checks"] if "restore-bad" in c["finding"]]
    assert check["verdict"] == "problem"
    assert bad.cure in check["cure"]


def test_the_traceback_comes_when_asked_for(site):
    site.install("restore-bad", "import absent_package")
    assert "Traceback" not in call("info", "bad").stderr
    for command in (["info", "bad", "--debug"], ["--debug", "info", "bad"]):
        traced = call(*command)
        assert traced.exit_code == 3
        assert "import absent_package" in traced.stderr
    strict = site.run("plugin", "list", RESTORE_STRICT="1")
    assert strict.returncode == 3
    assert "import absent_package" in strict.stderr
    assert "pip uninstall restore-bad" in strict.stderr


def test_strict_mode_is_content_with_a_site_in_order(site):
    site.install("restore-good", GOOD)
    done = site.run("list", RESTORE_STRICT="1")
    assert done.returncode == 0
    assert "dncnn" in done.stdout


def test_the_json_of_the_plugins(site):
    site.install("restore-bad", "import absent_package", version="0.3")
    site.install("restore-good", GOOD, direct_url='{"url": "file:///x", "dir_info": {"editable": true}}')
    found = {p["distribution"]: p for p in json.loads(call("plugin", "list", "--json").stdout)["plugins"]}
    bad, good = found["restore-bad"], found["restore-good"]
    assert (bad["status"], bad["name"], bad["version"], bad["components"]) == ("broken", "bad", "0.3", [])
    assert "import absent_package" in bad["traceback"]
    assert (good["status"], good["error"], good["cure"], good["components"]) == (
        "ok",
        "",
        "",
        ["model:dncnn"],
    )
    assert good["provenance"]["origin"] == "editable"


def test_two_distributions_with_one_entry_point_name_are_both_listed(site):
    site.install("restore-good", GOOD, entry="denoise")
    site.install("restore-other", GOOD.replace("dncnn", "other"), entry="denoise")
    rows = [line.split()[:3] for line in call("plugin", "list").stdout.splitlines()]
    assert ["ok", "denoise", "restore-good"] in rows
    assert ["ok", "denoise", "restore-other"] in rows


def test_a_name_of_two_distributions_is_ambiguous(site, tmp_path, monkeypatch):
    from PIL import Image

    site.install("restore-good", GOOD)
    site.install("restore-other", GOOD)
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("in.png")
    listed = call("list", "models").stdout
    assert "restore-good:dncnn" in listed
    assert "restore-other:dncnn" in listed
    result = call("run", "dncnn", "in.png", "-o", "out.png")
    assert result.exit_code == 3
    assert "offered by 2 plugins: restore-good:dncnn and restore-other:dncnn" in result.stderr
    assert "name one of them, such as restore-good:dncnn" in result.stderr


def test_no_plugins_reaches_every_command(site):
    site.install("restore-good", GOOD)
    listed = site.run("--no-plugins", "plugin", "list", "--json")
    status = {p["distribution"]: p["status"] for p in json.loads(listed.stdout)["plugins"]}
    assert status["restore-good"] == "disabled"
    done = site.run("info", "dncnn", "--no-plugins")
    assert done.returncode == 3
    named = site.run("info", "restore-good:dncnn", "--no-plugins")
    assert named.returncode == 3
    assert "plugin good of restore-good 1.0 is disabled" in named.stderr
    assert "--no-plugins" in named.stderr


@pytest.mark.parametrize(
    ("variable", "value", "visible"),
    [
        ("RESTORE_PLUGINS", "restore-good", True),
        ("RESTORE_PLUGINS", "restore-toolkit", False),
        ("RESTORE_PLUGINS", "", False),
        ("RESTORE_DISABLE_PLUGINS", "good", False),
        ("RESTORE_DISABLE_PLUGINS", "Restore_Good", False),
        ("RESTORE_DISABLE_PLUGINS", "", True),
    ],
)
def test_switches(site, monkeypatch, variable, value, visible):
    site.install("restore-good", GOOD)
    monkeypatch.setenv(variable, value)
    assert ("dncnn" in call("list", "models").stdout) == visible
    assert "restore-good" not in call("list").stderr
    assert call("info", "restore-good:dncnn").exit_code == (0 if visible else 3)


def test_the_doctor_tells_a_switch_that_names_nothing(site, monkeypatch):
    site.install("restore-good", GOOD)
    monkeypatch.setenv("RESTORE_PLUGINS", "restore-toolkit, restore-god, Restore_Good")
    notes = [c for c in json.loads(call("doctor", "--json").stdout)["checks"] if "RESTORE_PLUGINS" in c["finding"]]
    assert [("'restore-god'" in note["finding"], note["verdict"]) for note in notes] == [(True, "note")]
