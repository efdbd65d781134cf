"""``restore metric``: score predictions against targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from restore.cli.batch import explained, in_one_line
from restore.cli.console import emit
from restore.cli.files import by_name
from restore.errors import InputError, RestoreError, UsageError

EXAMPLES = """
\b
Examples:
  restore metric restored.png original.png
  restore metric restored/ originals/ --protocol sr-y --scale 4
  restore metric restored/ originals/ --json > scores.json

Folders are paired by name, never by order: a/b.png belongs to a/b.jpg. A name
without a partner is told and makes the exit code 1, as does a pair that cannot
be measured. Protocols: rgb and y (whole image), sr-rgb and sr-y (rounded, the
border cropped by --scale); `y` is BT.601 luma as the literature measures it.
"""


@dataclass(frozen=True, kw_only=True)
class Score:
    """The scores of a pair, or why there are none."""

    name: str
    prediction: Path
    target: Path
    values: dict[str, float] = field(default_factory=dict)
    error: RestoreError | None = None


@click.command(epilog=EXAMPLES)
@click.argument("prediction", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--protocol", "name", default="rgb", show_default=True, metavar="P", help="How to measure.")
@click.option("--scale", type=click.IntRange(min=1), metavar="N", help="Of the degradation; sr-* crop by it.")
@click.option("--recursive", is_flag=True, help="Search the folders in a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
@click.pass_context
def metric(
    context: click.Context,
    prediction: Path,
    target: Path,
    name: str,
    scale: int | None,
    recursive: bool,
    as_json: bool,
) -> None:
    """Score PREDICTION against TARGET: two files, or two folders paired by name."""
    from restore.benchmark import evaluate, find_protocol

    protocol = find_protocol(name)
    protocol.border(scale)
    pairs, alone = pair(prediction, target, recursive)
    scores = []
    for label, first, second in pairs:
        try:
            values = evaluate(first, second, protocol=protocol, scale=scale)
            scores.append(Score(name=label, prediction=first, target=second, values=values))
        except RestoreError as error:
            if len(pairs) == 1 and not as_json:
                raise
            scores.append(Score(name=label, prediction=first, target=second, error=error))
    for path in alone:
        click.echo(f"no partner: {path}", err=True)
    for score in scores:
        if score.error is not None:
            click.echo(f"failed: {in_one_line(score.error)}", err=True)
    if as_json:
        emit(
            {
                "command": "metric",
                "protocol": {**asdict(protocol), "description": protocol.describe(scale)},
                "scale": scale,
                "scores": [
                    {
                        "name": score.name, "prediction": str(score.prediction), "target": str(score.target),
                        **_finite(score.values), "error": explained(score.error),
                    }
                    for score in scores
                ],
                "mean": _finite(mean(scores)),
                "unmatched": [str(path) for path in alone],
            }
        )  # fmt: skip
    else:
        click.echo(table(scores))
        click.echo(protocol.describe(scale).splitlines()[0], err=True)
    if alone or any(score.error is not None for score in scores):
        context.exit(1)


def pair(prediction: Path, target: Path, recursive: bool) -> tuple[list[tuple[str, Path, Path]], list[Path]]:
    """Return ``(name, prediction, target)`` of each pair, and the files without a partner.

    Raises:
        InputError: a path that does not exist, or folders with no name in common.
        UsageError: a file and a folder.
    """
    for path in (prediction, target):
        if not path.exists():
            raise InputError(f"{path} does not exist", "check the path")
    if prediction.is_dir() != target.is_dir():
        raise UsageError(
            f"{prediction} and {target}: one is a folder, the other is not", "give two files or two folders"
        )
    if not prediction.is_dir():
        return [(prediction.name, prediction, target)], []
    first, second = by_name(prediction, recursive), by_name(target, recursive)
    common = sorted(first.keys() & second.keys())
    if not common:
        raise InputError(
            f"{prediction} and {target} have no name in common",
            f"files are paired by name; the first are {next(iter(first))} and {next(iter(second))}",
        )
    alone = [folder[name] for folder in (first, second) for name in sorted(folder.keys() - set(common))]
    return [(name, first[name], second[name]) for name in common], alone


def mean(scores: Sequence[Score]) -> dict[str, float]:
    """Return the arithmetic mean of the images' scores; empty when none could be measured."""
    measured = [score.values for score in scores if score.values]
    keys = measured[0] if measured else {}
    return {key: sum(values[key] for values in measured) / len(measured) for key in keys}


def table(scores: Sequence[Score]) -> str:
    """Return the scores as aligned text with the mean below."""
    measured = [score for score in scores if score.values]
    rows = [(score.name, score.values) for score in measured]
    if len(measured) > 1:
        rows.append((f"mean of {len(measured)}", mean(scores)))
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"{'image':<{width}}  {'PSNR':>8}  {'SSIM':>7}"]
    lines += [f"{name:<{width}}  {values['psnr']:8.4f}  {values['ssim']:7.5f}" for name, values in rows]
    return "\n".join(lines) if rows else "nothing could be measured"


def _finite(values: dict[str, float]) -> dict[str, float | str]:
    """JSON has no infinity; identical images score the text ``inf``, which ``float`` reads back."""
    return {key: value if math.isfinite(value) else str(value) for key, value in values.items()}
