"""``restore metric``: score predictions against targets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli.batch import explained, in_one_line
from restore.cli.console import emit
from restore.cli.files import by_name
from restore.errors import DamagedWeightsError, InputError, RestoreError, UsageError
from restore.registry import registry

if TYPE_CHECKING:
    from restore.benchmark import Protocol
    from restore.benchmark.columns import Column

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
`restore list protocols` shows all, `restore info sr-x4` one in full; a TOML file
is one too. Images are measured as they are: originals and their degradation are
for `restore bench`. A score that cannot be computed is n/a, and the reason told.
"""


@dataclass(frozen=True, kw_only=True)
class Score:
    """The scores of a pair, or why there are none."""

    name: str
    prediction: Path
    target: Path
    values: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
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
    from restore.benchmark import find_protocol
    from restore.benchmark.evaluation import measure

    protocol = find_protocol(name)
    protocol.border(scale)
    pairs, alone = pair(prediction, target, recursive)
    scores = []
    for label, first, second in pairs:
        try:
            found = measure(first, second, protocol=protocol, scale=scale)
            scores.append(
                Score(name=label, prediction=first, target=second, values=found.values, reasons=found.reasons)
            )
        except DamagedWeightsError:  # as good as none for any pair
            raise
        except RestoreError as error:
            if len(pairs) == 1 and not as_json:
                raise
            scores.append(Score(name=label, prediction=first, target=second, error=error))
    for path in alone:
        click.echo(f"no partner: {path}", err=True)
    for score in scores:
        if score.error is not None:
            click.echo(f"failed: {in_one_line(score.error)}", err=True)
    for reason in dict.fromkeys(f"{name}: n/a, {why}" for score in scores for name, why in score.reasons.items()):
        click.echo(reason, err=True)
    if as_json:
        emit(
            {
                "command": "metric",
                "protocol": {
                    **protocol.as_dict(), "hash": protocol.hash, "description": protocol.describe(scale)
                },
                "scale": scale,
                "scores": [
                    {
                        "name": score.name, "prediction": str(score.prediction), "target": str(score.target),
                        **_finite(score.values), "reasons": score.reasons, "error": explained(score.error),
                    }
                    for score in scores
                ],
                "mean": _finite(mean(scores)),
                "unmatched": [str(path) for path in alone],
            }
        )  # fmt: skip
    else:
        click.echo(table(scores, protocol))
        click.echo(protocol.describe(scale).splitlines()[0], err=True)
    if alone or any(score.error is not None for score in scores):
        context.exit(1)


def pair(prediction: Path, target: Path, recursive: bool) -> tuple[list[tuple[str, Path, Path]], list[Path]]:
    """Return ``(name, prediction, target)`` of each pair, and the files without a partner.

    Raises:
        InputError: folders with no name in common.
        UsageError: a path that does not exist, or a file and a folder.
    """
    for path in (prediction, target):
        if not path.exists():
            raise UsageError(f"{path} does not exist", "check the path")
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
    """Return the arithmetic mean of each metric over the images; one that an image lacks has none."""
    measured = [score.values for score in scores if score.error is None]
    keys = measured[0] if measured else {}
    common = [key for key in keys if all(key in values for values in measured)]
    return {key: sum(values[key] for values in measured) / len(measured) for key in common}


def columns(protocol: Protocol) -> list[Column]:
    """Return how the scores of the protocol's metrics are written: with one digit more than means over a data set."""
    from restore.benchmark.columns import column, reading

    found = []
    for name in protocol.metric_names:
        told = reading(registry().find("metric", protocol.meant("metric", name)).factory(), name)
        found.append(column(name, {**told, "digits": told["digits"] + 1}))
    return found


def table(scores: Sequence[Score], protocol: Protocol) -> str:
    """Return the scores as aligned text with the mean below."""
    measured = [score for score in scores if score.error is None]
    if not measured:
        return "nothing could be measured"
    rows = [(score.name, score.values) for score in measured]
    if len(measured) > 1:
        rows.append((f"mean of {len(measured)}", mean(scores)))
    shown = columns(protocol)
    lines = [("image", [column.title for column in shown])]
    lines += [(label, [column.text(values.get(column.key)) for column in shown]) for label, values in rows]
    width, sides = max(len(label) for label, _ in lines), [max(8, len(column.title)) for column in shown]
    return "\n".join(
        f"{label:<{width}}  " + "  ".join(f"{cell:>{side}}" for cell, side in zip(cells, sides, strict=True))
        for label, cells in lines
    )


def _finite(values: dict[str, float]) -> dict[str, float | str]:
    """JSON has no infinity; identical images score the text ``inf``, which ``float`` reads back."""
    return {key: value if math.isfinite(value) else str(value) for key, value in values.items()}
