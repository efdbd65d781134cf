"""``restore plugin check``: the conformance kit on the command line."""

from __future__ import annotations

import itertools
import os
import sys
import textwrap
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from restore.cli.console import emit, shortened, warn, width

if TYPE_CHECKING:
    from restore.testing import Verdict
    from restore.testing.running import Trial

EXAMPLES = """
\b
Examples:
  restore plugin check restore-denoise
  restore plugin check dncnn --verbose
  restore plugin check jpeg:quality=30+90 --only params-replay
  restore plugin check restore-denoise --json > verdicts.json

NAME is a distribution, a plugin by the name of its entry point, or a component,
which may have options; model-bicubic is the model of two that are called
bicubic. A check is inapplicable where it has nothing to say of a component;
--verbose tells why. In a test file, restore.testing.parametrize does the same.
"""
COLORS = {"passed": "green", "failed": "red", "inapplicable": "yellow"}


@click.command(epilog=EXAMPLES)
@click.argument("name")
@click.option("--only", multiple=True, metavar="CHECK", help="Only this check; may be given several times.")
@click.option("-v", "--verbose", is_flag=True, help="Show every check, not only those that failed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(context: click.Context, name: str, only: tuple[str, ...], verbose: bool, as_json: bool) -> None:
    """Check what NAME offers against its contract; exit 1 if a check fails.

    Every component is built and used at small sizes, offline, on the CPU and, where there is one, on the GPU.
    """
    from restore.testing.running import plan

    trials = plan(name, only=only)
    if as_json:
        verdicts = [trial.run() for trial in trials]
        emit(_as_dict(name, trials, verdicts))
    else:
        verdicts = _run_and_tell(trials, verbose)
        _tell_failures(verdicts, debug=_wants_tracebacks(context))
        _tell_unexercised(verdicts)
        click.echo("\n" + _sum(verdicts))
    if not all(verdict.ok for verdict in verdicts):
        context.exit(1)


def _run_and_tell(trials: Sequence[Trial], verbose: bool) -> list[Verdict]:
    """Run the checks; print a row for each component as soon as it is through."""
    column = max(len(trial.target.label) for trial in trials)
    click.echo(f"{'component':<{column}}  kind         passed  failed  inapplicable    time")
    verdicts: list[Verdict] = []
    for label, group in itertools.groupby(trials, key=lambda trial: trial.target.label):
        own = [_run_and_show(trial) for trial in group]
        count = Counter(verdict.outcome for verdict in own)
        failed = click.style(f"{count['failed']:6}", fg="red" if count["failed"] else None)
        seconds = sum(verdict.seconds for verdict in own)
        row = f"{label:<{column}}  {own[0].kind:<11}  {count['passed']:6}  {failed}  {count['inapplicable']:12}"
        click.echo(f"{row}  {seconds:4.1f} s")
        if verbose:
            click.echo("\n".join(map(_line, own)))
        verdicts += own
    return verdicts


def _run_and_show(trial: Trial) -> Verdict:
    """Run a check; on a terminal its name stands there meanwhile, lest one that hangs is not known."""
    if not sys.stderr.isatty():
        return trial.run()
    click.echo(f"\r\033[K{trial.target.label}-{trial.check.name} ...", err=True, nl=False)
    try:
        return trial.run()
    finally:
        click.echo("\r\033[K", err=True, nl=False)


def _line(verdict: Verdict) -> str:
    told = verdict.reason or verdict.summary
    text = shortened(f"{verdict.check}: {told}", width() - 16)
    return "  " + click.style(verdict.outcome.ljust(14), fg=COLORS.get(verdict.outcome)) + text


def _tell_failures(verdicts: Sequence[Verdict], *, debug: bool) -> None:
    for verdict in verdicts:
        failure = verdict.failure
        if failure is None:
            continue
        click.echo("\n" + click.style(f"{verdict.component}-{verdict.check}", fg="red", bold=True))
        for head, text in (("expected", failure.expected), ("found", failure.found), ("cure", failure.cure)):
            click.echo("\n".join(_wrapped(head, text)))
        if debug and failure.__cause__ is not None:
            click.echo("".join(traceback.format_exception(failure.__cause__)), err=True)


def _tell_unexercised(verdicts: Sequence[Verdict]) -> None:
    """Say of which components hardly anything could be looked at, and how it can be."""
    from restore.testing.subject import NEEDS

    asking = {verdict.component: verdict.reason for verdict in verdicts if verdict.reason.startswith(NEEDS)}
    for component, reason in asking.items():
        warn(f"{component} was not exercised: {reason}")


def _wrapped(head: str, text: str) -> Iterator[str]:
    margin = " " * 12
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, width() - len(margin)) or [""]] or [""]
    yield f"  {head:<8}  {lines[0]}"
    yield from (margin + line for line in lines[1:])


def _sum(verdicts: Sequence[Verdict]) -> str:
    count = Counter(verdict.outcome for verdict in verdicts)
    components = len({verdict.component for verdict in verdicts})
    plural = "" if components == 1 else "s"
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.items(), key=lambda item: -item[1]))
    return f"{components} component{plural}, {len(verdicts)} checks: {told}"


def _wants_tracebacks(context: click.Context) -> bool:
    return bool(context.find_root().params.get("debug")) or os.environ.get("RESTORE_STRICT") == "1"


def _as_dict(name: str, trials: Sequence[Trial], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    components = {trial.target.label: trial.target.subject.component for trial in trials}
    return {
        "command": "plugin check",
        "name": name,
        "conforms": all(verdict.ok for verdict in verdicts),
        "components": [
            {
                "component": label,
                "kind": component.spec.kind,
                "qualified": component.qualified,
                "plugin": component.plugin.name,
                "distribution": component.plugin.distribution,
                "version": component.plugin.version,
                "checks": [_verdict_as_dict(verdict) for verdict in verdicts if verdict.component == label],
            }
            for label, component in components.items()
        ],
        "summary": dict(Counter(verdict.outcome for verdict in verdicts)),
    }


def _verdict_as_dict(verdict: Verdict) -> dict[str, Any]:
    failure = verdict.failure
    told = {"expected": failure.expected, "found": failure.found, "cure": failure.cure} if failure else None
    return {
        "check": verdict.check,
        "summary": verdict.summary,
        "outcome": verdict.outcome,
        "reason": verdict.reason or None,
        "failure": told,
        "seconds": round(verdict.seconds, 4),
    }
