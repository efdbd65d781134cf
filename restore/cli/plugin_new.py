"""``restore plugin new``: a plugin to start from."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from restore.cli.console import say, warn
from restore.registry import registry
from restore.scaffold.naming import named
from restore.scaffold.package import LICENCES, SUMMARIES, contents, write

EXAMPLES = """
\b
Examples:
  restore plugin new soft-denoiser --kind model
  restore plugin new haze --kind degradation --licence MIT -o ~/src/restore-haze
"""


@click.command("new", epilog=EXAMPLES)
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(list(SUMMARIES)), help="What the plugin offers.")
@click.option("-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Default: restore-NAME, here.")
@click.option(
    "--licence",
    "--license",
    "licence",
    metavar="SPDX",
    type=click.Choice(LICENCES, case_sensitive=False),
    help=f"{', '.join(LICENCES)}; asked for on a terminal, else {LICENCES[0]}.",
)
def new(name: str, kind: str, output: Path | None, licence: str | None) -> None:
    """Write a plugin called NAME that works: package, example, tests, README.

    NAME is that of its component, in lower case words joined by hyphens; the
    package is restore-NAME. What it offers is small and real, to be replaced.
    """
    naming = named(name, kind)
    folder = output if output is not None else Path(naming.distribution)
    write_to = folder.expanduser()
    if licence is None:
        licence = _asked() if _on_a_terminal() else LICENCES[0]
    write(write_to, contents(naming, licence))
    for component in registry().of_kind(kind):
        if component.spec.name == naming.name:
            warn(f"{component.qualified} has this name too: with both, {naming.distribution}:{naming.name} is yours")
    say(f"{write_to}: {SUMMARIES[kind]}, a {kind} called {naming.name}, {licence}\n")
    for command in (
        f"cd {shlex.quote(str(write_to))}",
        "pip install -e '.[test]'",
        f"restore info {naming.name}",
        f"restore plugin check {naming.distribution}",
        "pytest",
    ):
        say(f"  {command}")


def _on_a_terminal() -> bool:
    return sys.stdin.isatty()


def _asked() -> str:
    choices = click.Choice(LICENCES, case_sensitive=False)
    try:
        answer: str = click.prompt("Licence", type=choices, default=LICENCES[0], err=True)
    except click.Abort:  # so that the exit code is that of an interrupt
        raise KeyboardInterrupt from None
    return answer
