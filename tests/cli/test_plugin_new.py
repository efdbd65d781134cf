"""``restore plugin new``: each kind works as it is written, and nothing is half written."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from restore.cli import cli, plugin_new
from restore.scaffold.naming import named
from restore.scaffold.package import LICENCES, SUMMARIES

KINDS = tuple(SUMMARIES)
ROOT = Path(__file__).resolve().parents[2]


def call(*arguments, **options):
    return CliRunner(env={"COLUMNS": "80"}).invoke(cli, ["plugin", "new", *map(str, arguments)], **options)


def register(folder: Path, site: Path) -> None:
    """Write what an editable installation of the package leaves."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {project['name']}\nVersion: {project['version']}\n"
        f"License-Expression: {project['license']}\n"
        + "".join(f"Requires-Dist: {line}\n" for line in project["dependencies"])
    )
    points = project["entry-points"]["restore.v1"]
    (info / "entry_points.txt").write_text(
        "[restore.v1]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A plugin of each kind, called after the kind."""
    folder = tmp_path_factory.mktemp("new")
    for kind in KINDS:
        result = call(f"first-{kind}", "--kind", kind, "-o", folder / kind)
        assert result.exit_code == 0, result.output
    return folder


def run(*command, cwd, **environment):
    return subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_every_kind_passes_its_own_tests(written, tmp_path):
    """The conformance checks are among them, but for two that start a process each; tests/test_wheel.py runs those."""
    for kind in KINDS:
        register(written / kind, tmp_path)
    path = os.pathsep.join([str(tmp_path), *(str(written / kind) for kind in KINDS)])
    tests = [written / kind / "tests" for kind in KINDS]
    done = run(
        "-m", "pytest", "-q", "-rA", "--import-mode=importlib", "-p", "no:cacheprovider",
        "-k", "not import-has-no-effects and not discovery-is-light", *tests,
        cwd=tmp_path, PYTHONPATH=path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = [line for line in done.stdout.splitlines() if line.startswith("PASSED")]
    for kind in KINDS:
        assert sum(f"::test_conformance[first-{kind}-" in line for line in passed) > 12, passed
        assert sum(f"test_{kind}.py::" in line for line in passed) >= 3, passed


def test_every_kind_is_listed_and_light(written, tmp_path):
    for kind in KINDS:
        register(written / kind, tmp_path)
    path = os.pathsep.join([str(tmp_path), *(str(written / kind) for kind in KINDS)])
    program = "from restore.cli import main; main()"
    done = run("-c", program, "plugin", "list", "--json", cwd=tmp_path, PYTHONPATH=path)
    plugins = {p["distribution"]: p for p in json.loads(done.stdout)["plugins"]}
    for kind in KINDS:
        found = plugins[f"restore-first-{kind}"]
        assert (found["status"], found["heavy_imports"]) == ("ok", [])
        assert found["components"] == [f"{kind}:first-{kind}"]
        assert found["provenance"]["licence"] == "Apache-2.0"


def test_every_kind_is_written_as_we_write(written):
    if find_spec("ruff") is None:
        pytest.skip("ruff comes with the extra [lint]")
    ours = "N,A,C4,D1,ISC,PIE,PT,RET,SIM,PTH,ARG,PERF,BLE,T20"
    rules = ("--extend-select", ours, "--ignore", "ARG002,D104,D107,N812", "--per-file-ignores", "tests/**:D")
    for kind in KINDS:
        for command in (["check", *rules], ["format", "--check"]):
            done = run("-m", "ruff", *command, "--no-cache", ".", cwd=written / kind)
            assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_typed_and_so_are_its_tests(written, kind):
    folder = written / kind
    done = run(
        "-m", "mypy", "--follow-imports", "silent", f"restore_first_{kind}", "tests",
        cwd=folder, MYPYPATH=os.pathsep.join([str(ROOT), str(folder)]),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_files(written, kind):
    folder = written / kind
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    package = f"restore_first_{kind}"
    assert {name for name in names if "__pycache__" not in name} == {
        ".gitignore", "LICENSE", "README.md", "pyproject.toml",
        f"{package}/__init__.py", f"{package}/plugin.py", f"{package}/{kind}.py",
        "tests/test_conformance.py", f"tests/test_{kind}.py",
    }  # fmt: skip
    for name in names:
        if not name.endswith(".pyc"):
            assert "$" not in (folder / name).read_text()
    assert f"first-{kind}" in (folder / "README.md").read_text()
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == ["restore-toolkit>=0.1,<1"]


@pytest.mark.parametrize(
    ("licence", "words"), list(zip(LICENCES, ("Apache License", "MIT License", "BSD 3-Clause"), strict=True))
)
def test_the_licence(tmp_path, licence, words):
    folder = tmp_path / "haze"
    assert call("haze", "--kind", "loss", "--licence", licence.lower(), "-o", folder).exit_code == 0
    text = (folder / "LICENSE").read_text()
    assert words in text
    assert ("the authors of restore-haze" in text) == (licence != "Apache-2.0")
    assert tomllib.loads((folder / "pyproject.toml").read_text())["project"]["license"] == licence
    assert f'licence="{licence}"' in (folder / "restore_haze/plugin.py").read_text()


def test_the_licence_is_asked_for_on_a_terminal_only(tmp_path, monkeypatch):
    def licence(folder):
        return tomllib.loads((folder / "pyproject.toml").read_text())["project"]["license"]

    assert call("haze", "--kind", "loss", "-o", tmp_path / "one", input="MIT\n").exit_code == 0
    assert licence(tmp_path / "one") == "Apache-2.0"
    monkeypatch.setattr(plugin_new, "_on_a_terminal", lambda: True)
    for answer, chosen in (("mit\n", "MIT"), ("\n", "Apache-2.0"), ("GPL\nBSD-3-Clause\n", "BSD-3-Clause")):
        folder = tmp_path / chosen
        result = call("haze", "--kind", "loss", "-o", folder, input=answer)
        assert result.exit_code == 0
        assert result.stdout == ""
        assert licence(folder) == chosen
    assert call("haze", "--kind", "loss", "-o", tmp_path / "none", input="").exit_code == 130
    assert not (tmp_path / "none").exists()


def test_the_next_commands_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("soft-edges", "--kind", "loss")
    assert result.exit_code == 0
    assert result.stdout == ""
    told = [line.strip() for line in result.stderr.splitlines()]
    assert told[2:] == [
        "cd restore-soft-edges", "pip install -e '.[test]'", "restore info soft-edges",
        "restore plugin check restore-soft-edges", "pytest",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["restore-soft-edges"]
    assert "class SoftEdgesLoss(Loss)" in (tmp_path / "restore-soft-edges/restore_soft_edges/loss.py").read_text()


def test_a_name_that_is_taken_is_told(tmp_path):
    result = call("psnr", "--kind", "metric", "-o", tmp_path / "psnr")
    assert result.exit_code == 0
    assert "restore-toolkit:psnr has this name too" in " ".join(result.stderr.split())


@pytest.mark.parametrize("there", ["file", "empty", "full", "link"])
def test_what_is_there_is_left_alone(tmp_path, there):
    target = tmp_path / "haze"
    if there == "file":
        target.write_text("mine")
    elif there == "link":
        target.symlink_to(tmp_path / "nowhere")
    else:
        target.mkdir()
        if there == "full":
            (target / "mine").write_text("")
    before = sorted(tmp_path.rglob("*"))
    result = call("haze", "--kind", "loss", "-o", target)
    assert result.exit_code == 2
    assert "haze exists already" in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_left_half_written(tmp_path, monkeypatch):
    real = Path.write_text

    def full(self, *arguments, **options):
        if self.name == "test_conformance.py":
            raise OSError(28, "No space left on device", str(self))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    result = call("haze", "--kind", "loss", "-o", tmp_path / "haze")
    assert result.exit_code == 1
    assert "cannot be written: No space left on device" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "lower case words"),
        ("Soft Edges", "such as soft-edges"),
        ("soft_edges", "such as soft-edges"),
        ("4x", "lower case words"),
        ("soft--edges", "such as soft-edges"),
        ("-soft", "No such option"),
        ("../soft", "such as soft"),
        ("é", "lower case words"),
        ("soft\n", "such as soft"),
        ("a" * 61, "at most 60 characters"),
        ("class", "a word of Python's own"),
        ("none", "a word of Python's own"),
        ("toolkit", "belongs to the toolkit"),
        ("srgan", "a package restore_srgan is installed already"),
        ("restore-classical", "a package restore_classical is installed already"),
    ],
)
def test_names_that_cannot_be(tmp_path, monkeypatch, name, told):
    monkeypatch.chdir(tmp_path)
    result = call(name, "--kind", "model")
    assert result.exit_code == 2
    assert told in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind", "cls"),
    [
        ("soft-edges", "loss", "SoftEdgesLoss"),
        ("restore-soft-edges", "loss", "SoftEdgesLoss"),
        ("soft-loss", "loss", "SoftLoss"),
        ("loss", "loss", "OwnLoss"),
        ("model", "model", "OwnModel"),
        ("tensor", "metric", "TensorMetric"),
        ("x4-net2", "model", "X4Net2Model"),
    ],
)
def test_names(name, kind, cls):
    naming = named(name, kind)
    assert naming.cls == cls
    assert naming.distribution == f"restore-{name.removeprefix('restore-')}"
    ast.parse(f"import {naming.package}\nclass {naming.cls}: pass")


def test_a_kind_must_be_said():
    result = call("haze")
    assert result.exit_code == 2
    assert "--kind" in result.stderr
    assert call("haze", "--kind", "recipe").exit_code == 2
