"""docs/reference/ is what the code says, and everything that a user can set is on a page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from restore.cli import cli
from restore.plugin import HOOKS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    command = [sys.executable, str(DOCS / "write_reference.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_reference_is_up_to_date(written):
    committed = sorted(path.name for path in (DOCS / "reference").iterdir())
    assert committed == sorted(path.name for path in written.iterdir())
    for name in committed:
        same = (written / name).read_text("utf-8") == (DOCS / "reference" / name).read_text("utf-8")
        assert same, f"docs/reference/{name} is not what the code says: make reference"


def commands(command, path):
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from commands(command.get_command(click.Context(command), name), f"{path} {name}")


ALL = dict(commands(cli, "restore"))


@pytest.mark.parametrize("path", ALL)
def test_every_command_and_option_is_in_the_reference(written, path):
    page = (written / "commands.md").read_text("utf-8")
    section = page.partition(f"## `{path}`\n")[2].partition("\n## ")[0]
    assert section
    for option in ALL[path].params:
        if isinstance(option, click.Option):
            assert any(name in section for name in option.opts), option.opts


def test_every_command_has_a_row_and_every_hook_a_line_where_people_begin():
    table = (DOCS / "cli.md").read_text("utf-8")
    for path in ALL:
        assert path.partition(" ")[2].split(" ")[0] in table
    page = (DOCS / "plugins.md").read_text("utf-8")
    assert all(f"`{hook}`" in page for hook in HOOKS)


def test_every_environment_variable_is_documented():
    sources = [path for folder in ("restore", "plugins") for path in (ROOT / folder).rglob("*.py")]
    read = {name for path in sources for name in re.findall(r"\bRESTORE_[A-Z_]+\b", path.read_text("utf-8"))}
    table = (DOCS / "cli.md").read_text("utf-8").partition("## The environment\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(RESTORE_[A-Z_]+)", table, re.MULTILINE)) == read
