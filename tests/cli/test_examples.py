"""The examples in each command's ``--help``: the command takes them, and its components their options."""

from __future__ import annotations

import shlex

import click
import pytest

from restore import options
from restore.benchmark import find_protocol
from restore.cli import cli
from restore.errors import UsageError
from restore.registry import registry


def commands(group, *path):
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        yield (*path, name), command


def examples():
    """Return every example, without ``restore`` and without a redirection."""
    lines = [line.strip() for _, command in commands(cli) for line in (command.epilog or "").splitlines()]
    return [line.removeprefix("restore ").partition(" > ")[0] for line in lines if line.startswith("restore ")]


def parsed(words):
    """Return the command that words call, by its path, and what it understands of them."""
    command, path = cli, []
    while isinstance(command, click.Group):
        path.append(words[0])
        command = command.get_command(click.Context(command), words[0])
        words = words[1:]
    assert command is not None, f"no command {' '.join(path)}"
    return tuple(path), command.make_context(path[-1], list(words)).params


def check(kind, text):
    """Raise where no plugin offers it, or it has no such option."""
    name, given = options.parse(text)
    found = registry().find(kind, name.partition(".")[0])
    options.check(name, found.factory(), given)


def named(path, params):
    """Yield kind and text of the components that a command line names."""
    match path:
        case ("bench",):
            find_protocol(params["protocol"])
            yield from (("model", text.partition("@")[0]) for text in params["models"])
        case ("run",):
            yield "prior" if str(params["output"]).endswith(".csv") else "model", params["model"]
        case ("degrade",):
            yield from (("degradation", text) for text in params["spec"].split("|"))
        case ("sample",):
            yield "prior", params["prior"]
        case ("train",):
            yield "recipe", ":".join(filter(None, (params["recipe"], ",".join(params["pairs"]))))
        case ("metric",):
            find_protocol(params["name"])
        case ("plugin", "check") if ":" in params["name"]:
            yield "degradation", params["name"].partition(":")[0]


def test_there_are_examples():
    assert len(examples()) > 30


@pytest.mark.parametrize("line", examples())
def test_examples_are_understood(line):
    path, params = parsed(shlex.split(line))
    for kind, text in named(path, params):
        check(kind, text)


def test_an_option_that_does_not_exist_would_be_found():
    path, params = parsed(shlex.split("bench denoise-gray-25 -m nlm:strength=0.8 --data Set12 --json"))
    [(kind, text)] = named(path, params)
    with pytest.raises(UsageError, match="strength"):
        check(kind, text)
