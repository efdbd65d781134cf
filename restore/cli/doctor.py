"""``restore doctor``: what is wrong with this installation, and the cure."""

from __future__ import annotations

import dataclasses
import textwrap

import click

from restore.cli.console import emit, width

COLORS = {"ok": "green", "note": "yellow", "problem": "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check the installation and this machine; exit 1 if there is a problem.

    Looks at the libraries, devices and their precisions, plugins, weights and
    their hashes, and the store. A note is worth knowing and no problem.
    """
    from restore.cli.diagnosis import diagnose, environment

    checks = list(diagnose())
    healthy = all(check.verdict != "problem" for check in checks)
    if as_json:
        shown = [dataclasses.asdict(check) for check in checks]
        emit({"healthy": healthy, "checks": shown, "environment": environment()})
    else:
        for check in checks:
            click.echo("\n".join(_lines(check.verdict, check.subject, check.finding, check.cure)))
        problems = sum(check.verdict == "problem" for check in checks)
        click.echo("all is well" if healthy else f"{problems} problem{'s' * (problems > 1)}")
    if not healthy:
        context.exit(1)


def _lines(verdict: str, subject: str, finding: str, cure: str) -> list[str]:
    margin = 9 + 13
    text = textwrap.wrap(finding, width() - margin) or [""]
    text += textwrap.wrap(f"-> {cure}", width() - margin) if cure else []
    head = click.style(verdict.ljust(9), fg=COLORS[verdict]) + subject.ljust(13)
    return [head + text[0], *(" " * margin + line for line in text[1:])]
