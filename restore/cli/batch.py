"""A batch: one image after the other, past bad ones, with progress on a terminal and a summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import click

from restore.cli.console import console, emit
from restore.cli.outputs import Job, Plan
from restore.errors import RestoreError, UsageError


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a piece of work has to tell."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """For ``--json``."""
    remark: str = ""
    """For people: ``1200 x 800, 2.1 s``."""
    warnings: Sequence[str] = ()
    """For people too, a line each."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of an image."""

    job: Job
    status: Literal["done", "failed", "skipped"]
    done: Done = field(default_factory=Done)
    error: RestoreError | None = None


Ticker = Callable[[int, int], None]
"""Called with (done, total) parts of an image."""
Work = Callable[[Job, Ticker], Done]


def run_batch(plan: Plan, work: Work, *, by: str, verb: str, overwrite: bool) -> list[Result]:
    """Work on every image of a plan and return what became of each.

    A result that is there already is left alone, so that an interrupted batch continues. A bad image is told
    and passed over. An error of usage ends the batch, since it would meet every image.

    Args:
        plan: the images and the names of their results.
        work: writes one result.
        by: the component that works, to be named where it breaks.
        verb: what happens to an image, as a participle: ``restored``.
        overwrite: whether results that are there are made again.

    Raises:
        UsageError: from the work.
        KeyboardInterrupt: after telling how far it came in a folder.
    """
    results: list[Result] = []
    with Display(len(plan.jobs)) as display:
        try:
            for job in plan.jobs:
                result = _attempt(job, work, display, by, overwrite)
                results.append(result)
                display.tell(result, alone=len(plan.jobs) == 1)
        except KeyboardInterrupt:
            if plan.into_folder:
                count = sum(result.status == "done" for result in results)
                display.say(f"{count} of {len(plan.jobs)} {verb}; run the same command again to continue")
            raise
    if plan.into_folder:
        click.echo(summary(results, verb), err=True)
    return results


def _attempt(job: Job, work: Work, display: Display, by: str, overwrite: bool) -> Result:
    if job.output.exists() and not overwrite:
        return Result(job=job, status="skipped")
    display.start(job)
    try:
        return Result(job=job, status="done", done=work(job, display.tick))
    except UsageError:
        raise
    except RestoreError as error:
        return Result(job=job, status="failed", error=error)
    except Exception as error:
        # A model that breaks on one photo must not end a night's batch.
        if click.get_current_context().find_root().params.get("debug"):
            raise
        text = (str(error).splitlines() or [""])[0]
        crash = RestoreError(f"{by} failed on {job.source}: {type(error).__name__}: {text}", "--debug shows where")
        return Result(job=job, status="failed", error=crash)


def summary(results: Sequence[Result], verb: str) -> str:
    """Return ``12 restored, 1 failed, 3 already there (--overwrite makes them again)``."""
    counts = Counter(result.status for result in results)
    parts = [f"{counts['done']} {verb}"]
    parts += [f"{counts['failed']} failed"] * bool(counts["failed"])
    parts += [f"{counts['skipped']} already there (--overwrite makes them again)"] * bool(counts["skipped"])
    return ", ".join(parts)


def finish(results: Sequence[Result], about: Mapping[str, Any], *, verb: str, as_json: bool) -> None:
    """Print ``--json`` and leave with 0, or with 1 when some image failed.

    Raises:
        RestoreError: that of the only image, which then decides the exit code.
    """
    if as_json:
        counts = Counter(result.status for result in results)
        emit(
            {
                **about,
                "results": [_record(result, verb) for result in results],
                "summary": {verb: counts["done"], "failed": counts["failed"], "skipped": counts["skipped"]},
            }
        )
    errors = [result.error for result in results if result.error is not None]
    if len(results) == 1 and errors:
        raise errors[0]
    if errors:
        click.get_current_context().exit(1)


def in_one_line(error: RestoreError) -> str:
    """Return an error with its cure, for a log of many."""
    return " ".join("; ".join(filter(None, (error.message, error.cure))).split())


def explained(error: RestoreError | None) -> dict[str, str] | None:
    """Return an error for ``--json``."""
    if error is None:
        return None
    return {"type": type(error).__name__, "message": error.message, "cure": error.cure}


def _record(result: Result, verb: str) -> dict[str, Any]:
    return {
        "input": str(result.job.source),
        "output": None if result.status == "failed" else str(result.job.output),
        "status": verb if result.status == "done" else result.status,
        "error": explained(result.error),
        **result.done.facts,
    }


class Display:
    """Lines for people on standard error and, on a terminal, bars: images, and parts of the present one."""

    def __init__(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console(),
            transient=True,
            disable=not console().is_terminal,
        )
        self.images = self.progress.add_task("images", total=total, visible=total > 1)
        self.parts = self.progress.add_task("", total=None, visible=False)

    def __enter__(self) -> Display:
        self.progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.progress.stop()

    def start(self, job: Job) -> None:
        """Show which image is worked on."""
        self.progress.reset(self.parts, description=_short(job.source), total=None, visible=True)

    def tick(self, done: int, total: int) -> None:
        """Show how far it is."""
        self.progress.update(self.parts, completed=done, total=total)

    def tell(self, result: Result, *, alone: bool) -> None:
        """Say what became of an image. The error of the only one is left to the error boundary."""
        self.progress.advance(self.images)
        self.progress.update(self.parts, visible=False)
        job = result.job
        if result.status == "done":
            remark = f"  ({result.done.remark})" if result.done.remark else ""
            self.say(f"{job.source} -> {job.output}{remark}")
            for text in result.done.warnings:
                self.say(f"warning: {job.source}: {text}")
        elif result.error is not None and not alone:
            self.say(f"failed: {in_one_line(result.error)}")

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        console().print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)


def _short(path: Path) -> str:
    return path.name if len(path.name) <= 30 else f"{path.name[:14]}...{path.name[-13:]}"
