"""A call in several processes: each is told what the call was understood as, and runs nobody else's code."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from restore.cli import cli, several, train
from restore.cli.words import words


@pytest.fixture
def started(monkeypatch):
    """What was started, instead of starting it."""
    commands = []
    monkeypatch.setattr(several, "run", lambda count, command: commands.append((count, command)) or 0)
    return commands


def understood(arguments):
    """Return the parameters that restore takes from arguments, without doing anything."""
    with cli.make_context("restore", list(arguments)) as outer:
        name, command, rest = cli.resolve_command(outer, [*outer._protected_args, *outer.args])
        with command.make_context(name, rest, parent=outer) as inner:
            return outer.params, inner.params


@pytest.mark.parametrize(
    "call",
    [
        ["train", "doubling", "--processes", "2"],
        ["--debug", "train", "--processes=2", "doubling:steps=3", "--data", "a b", "-o", "out", "--set", "x=-1"],
        ["train", "doubling", "--set", "a=1", "--set", "b=--quiet", "--seed", "-3", "--processes", "2", "--resume"],
        ["train", "--processes", "2", "--quiet", "--validate-every", "7", "--", "-odd"],
    ],
)
def test_each_process_understands_what_the_call_said(started, monkeypatch, call):
    monkeypatch.setattr(sys, "argv", ["pytest", "of", "another", "program"])
    assert CliRunner().invoke(cli, call).exit_code == 0
    [(count, command)] = started
    assert count == 2
    assert command[:4] == [sys.executable, "-P", "-m", "restore.cli.child"]
    assert understood(command[4:]) == understood(call)


def test_a_command_that_is_called_without_its_group_is_named(started):
    assert CliRunner().invoke(train.train, ["doubling", "--processes", "3"]).exit_code == 0
    assert started[0][1][4:] == ["train", "--processes=3", "--", "doubling"]


def test_what_the_environment_gave_is_said_too():
    @click.command(name="sized")
    @click.option("--size", envvar="SIZE", type=int, default=1)
    @click.option("--side", type=int, default=1)
    @click.pass_context
    def sized(context, size, side):
        click.echo(words(context))

    assert CliRunner(env={"SIZE": "4"}).invoke(sized).output == "['sized', '--size=4']\n"


def test_a_module_of_the_current_folder_is_not_run(tmp_path):
    (tmp_path / "click.py").write_text("open('mark', 'w').close()\nraise SystemExit(9)\n")
    call = [sys.executable, "-P", "-m", "restore", "train", "no-such-recipe", "--device", "cpu", "--processes", "2"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert not (tmp_path / "mark").exists()
    assert (done.returncode, "no-such-recipe" in done.stderr) == (3, True), done.stderr
