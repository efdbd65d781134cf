"""``restore bench``: measure models on data sets under a protocol."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from restore.cli.console import SCHEMA, console, emit_text, table
from restore.seeds import SEEDS

EXAMPLES = """
\b
Examples:
  restore bench sr-x4 -m srresnet --data benchmarks/data -o out/
  restore bench sr-x4 -m lanczos -m srresnet@my.safetensors --data photos/
  restore bench inpaint-center -m biharmonic --data photos/ --limit 5
  restore bench denoise-gray-25 -m nlm:sigma=0.098 --data Set12 --json

DIR holds folders that are called as the protocol's data sets (set5, Set14 ...),
or is itself a folder of images. Without --data it is $RESTORE_DATA, or `data`.
MODEL is NAME, NAME.TAG, NAME:key=value or NAME@FILE for weights of your own;
the task's baselines take part always. Options `scale` come from the protocol.

OUT gets results.json, scores.csv, tables, report.html and the images. A run that
was interrupted, or killed, goes on when the same command is given again. What
fails costs its own rows, is told, and makes the exit code 1.
`restore info PROTOCOL` explains how is measured; `restore compare` compares.
"""


@click.command(epilog=EXAMPLES)
@click.argument("protocol")
@click.option("-m", "--model", "models", multiple=True, metavar="MODEL", help="What is measured; repeatable.")
@click.option("--data", type=click.Path(path_type=Path), metavar="DIR", help="Data sets, or images.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="OUT", help="Folder  [runs/PROTOCOL].")
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, cuda, mps.")
@click.option("--precision", default="auto", show_default=True, metavar="P", help="auto, float32, bfloat16, float16.")
@click.option("--seed", type=click.IntRange(0, SEEDS - 1), metavar="S", help="Of all draws.  [the protocol's]")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take the first N images of each data set.")
@click.option("--repeats", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="For the time.")
@click.option(
    "--batch", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Images at a time."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line: one a model and data set.")
@click.pass_context
def bench(
    context: click.Context,
    protocol: str,
    models: tuple[str, ...],
    data: Path | None,
    output: Path | None,
    device: str,
    precision: str,
    seed: int | None,
    limit: int | None,
    repeats: int,
    batch: int,
    as_json: bool,
) -> None:
    """Measure models on data sets under PROTOCOL."""
    from dataclasses import replace

    from restore.benchmark import find_protocol
    from restore.benchmark.outcome import Outcome
    from restore.benchmark.report.table import fewer, knowing
    from restore.benchmark.runner import Settings, run

    chosen = find_protocol(protocol)
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    folder = output or Path("runs") / chosen.id
    data = data or Path(os.environ.get("RESTORE_DATA") or "data")
    settings = Settings(
        protocol=chosen, models=models, data=data, output=folder,
        device=device, precision=precision, limit=limit, repeats=repeats, batch=batch,
        command=_command(context, data=data),
    )  # fmt: skip
    with Display() as display:
        try:
            found = run(settings, display)
        except KeyboardInterrupt:
            display.say("what is finished is kept; run the same command again to continue")
            raise
    if as_json:
        for row in found["summary"]:
            emit_text(json.dumps(flat(row)))
    else:
        click.echo("\n".join(table(rows(found), indent=0, whole=True)))
        for name, why in reasons(found).items():
            click.echo(f"{name}: n/a: {why}", err=True)
        outcome = Outcome(found)
        for line in (*knowing(outcome), *fewer(outcome)):
            click.echo(line, err=True)
    click.echo(f"{folder / 'report.html'}", err=True)
    if any(row["failed"] for row in found["summary"]):
        context.exit(1)


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the summary as ``--json`` prints it."""
    return {
        "schema": SCHEMA, "model": row["model"], "dataset": row["dataset"], **row["metrics"], "n": row["n"],
        "failed": row["failed"], "seconds_per_image": row["seconds_median"],
        **{
            name: row[name]
            for name in ("seconds_iqr", "images_per_second", "megapixels_per_second",
                         "peak_device_bytes", "peak_host_bytes")
        },
    }  # fmt: skip


def rows(found: Mapping[str, Any]) -> list[list[str]]:
    """Return the summary as a table with a head."""
    from restore.benchmark.columns import columns
    from restore.benchmark.outcome import number

    shown = columns(found["metrics"], found["summary"][0]["metrics"])
    lines = [["model", "data set", *(column.title for column in shown), "images", "seconds"]]
    for row in found["summary"]:
        scores = [column.text(number(row["metrics"][column.key])) for column in shown]
        failed = f" ({row['failed']} failed)" if row["failed"] else ""
        seconds = "" if row["seconds_median"] is None else f"{row['seconds_median']:.3g}"
        lines.append([row["model"], row["dataset"], *scores, f"{row['n']}{failed}", seconds])
    return lines


def reasons(found: Mapping[str, Any]) -> dict[str, str]:
    """Return why scores are missing, one reason a column."""
    told: dict[str, str] = {}
    for row in found["summary"]:
        for name, why in row["reasons"].items():
            told.setdefault(name, why)
    return told


def _command(context: click.Context, **chosen: object) -> tuple[str, ...]:
    """Return the command as it can be given again, with what was chosen elsewhere than on the command line."""
    values = {**context.params, **chosen}
    words = ["restore", "bench"]
    for parameter in context.command.params:
        value = values[str(parameter.name)]
        if isinstance(parameter, click.Argument):
            words.append(str(value))
        elif isinstance(parameter, click.Option) and value != parameter.default and value not in (None, False, ()):
            given = value if parameter.multiple else (value,)
            words += [
                word for one in given for word in ([parameter.opts[0], str(one)], [parameter.opts[0]])[one is True]
            ]
    return tuple(words)


class Display:
    """Lines for people on standard error and, on a terminal, a bar with the time that is left."""

    def __init__(self) -> None:
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
        self.task = self.progress.add_task("", total=None)
        self.unloaded: set[str] = set()

    def __enter__(self) -> Display:
        self.progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.progress.stop()

    def begin(self, found: Mapping[str, Any], total: int, done: int) -> None:
        """Say what is run and what of it is there already."""
        where, protocol = found["environment"], found["protocol"]
        sets = ", ".join(f"{dataset['name']} ({len(dataset['images'])})" for dataset in found["datasets"])
        self.say(f"{protocol['id']} [{protocol['hash'][:12]}] on {sets}; {where['device']}: {where['device_name']}")
        names = {dataset["name"] for dataset in found["datasets"]}
        absent = [name for name in protocol["fields"]["datasets"] if name not in names]
        if names & set(protocol["fields"]["datasets"]) and absent:  # else the folder holds images of one's own
            self.say(f"not measured, for there is no such folder: {', '.join(absent)}")
        if done:
            self.say(f"{done} of {total} results are there already")
        self.progress.reset(self.task, total=total, completed=done)  # not update: it would count into the speed

    def unloadable(self, model: str, error: str) -> None:
        """Tell it once, and not of each of its images."""
        self.unloaded.add(model)
        self.say(f"failed: {model} cannot be loaded: {error}")

    def working(self, model: str, dataset: str, image: str) -> None:
        """Show what is worked on."""
        self.progress.update(self.task, description=f"{model} · {dataset}/{image}"[:48])

    def finished(self, row: Mapping[str, Any]) -> None:
        """Move the bar; tell a failure."""
        self.progress.advance(self.task)
        if row["status"] == "failed" and row["model"] not in self.unloaded:
            self.say(f"failed: {row['model']}, {row['dataset']}/{row['image']}: {row['error']}")

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        console().print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)
