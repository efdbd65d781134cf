"""``restore compare``: two results of the benchmark against each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore.cli.console import emit, say, table, warn
from restore.errors import UsageError

if TYPE_CHECKING:
    from restore.benchmark.compare import Comparison

EXAMPLES = """
\b
Examples:
  restore compare old/results.json new/results.json
  restore compare out out -a srresnet -b bicubic
  restore compare a.json b.json --json > comparison.json

A and B are the results of `restore bench`: results.json or its folder.
Differences are A minus B, image by image; the interval is that of their mean
(expanded percentile bootstrap, 95 %), and the verdict says whether A is better.
Below 6 images there is none. Verdicts are not corrected for their number: of
twenty between equals, one is wrong on average. Results of different protocols,
degradations, metrics or data are refused, and the fields that differ are named;
versions that differ are told. Models of one name are compared, or those of -a
and -b.
"""


@click.command(epilog=EXAMPLES)
@click.argument("a", type=click.Path(path_type=Path), metavar="A.json")
@click.argument("b", type=click.Path(path_type=Path), metavar="B.json")
@click.option("-a", "--model-a", metavar="MODEL", help="The model of A to compare.")
@click.option("-b", "--model-b", metavar="MODEL", help="The model of B to compare it with.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare(a: Path, b: Path, model_a: str | None, model_b: str | None, as_json: bool) -> None:
    """Compare the results A and B image by image, with a verdict for each metric."""
    from restore.benchmark import results
    from restore.benchmark.comparable import version_notes
    from restore.benchmark.compare import compare as compared

    if (model_a is None) != (model_b is None):
        raise UsageError("only one of -a and -b is given", "name a model of each result, or none")
    models = (model_a, model_b) if model_a and model_b else None
    first, second = results.read(a), results.read(b)
    found = compared(first, second, models=models)
    notes = version_notes(first, second)
    if as_json:
        emit(
            {
                "command": "compare", "a": str(a), "b": str(b),
                "protocol": {"id": first["protocol"]["id"], "hash": first["protocol"]["hash"]},
                "notes": notes,
                "comparisons": [as_dict(comparison) for comparison in found],
            }
        )  # fmt: skip
        return
    click.echo("\n".join(lines(found)))
    protocol = first["protocol"]
    for note in notes:
        warn(note)
    say(f"A - B under {protocol['id']} ({protocol['hash'][:12]}); better: A is better than B")


def lines(found: Sequence[Comparison]) -> list[str]:
    """Return the comparison as aligned text, a line for each data set, pair of models and metric."""
    if not found:
        return ["the two have no score in common"]
    rows = [["data set", "A", "B", "metric", "mean A", "mean B", "A - B", "95 % interval", "won:lost", "verdict"]]
    for one in found:
        interval, fine = one.found.interval, one.metric.with_digits(one.metric.digits + 1)
        low, mean, high = (fine.text(end, signed=True) for end in (interval.low, interval.mean, interval.high))
        notes = f" ({one.left_out} without a score)" if one.left_out else ""
        notes += f" ({one.found.left_out} infinite, in no mean)" if one.found.left_out else ""
        rows.append(
            [
                one.dataset, one.model_a, one.model_b, f"{one.metric.label} {one.metric.arrow}",
                *(one.metric.text(value) for value in one.means), mean, f"[{low}, {high}]",
                f"{one.found.gains}:{one.found.losses}", one.found.verdict + notes,
            ]
        )  # fmt: skip
    return table(rows, indent=0, whole=True)


def as_dict(one: Comparison) -> dict[str, Any]:
    """Return a comparison for JSON; infinity is the text ``inf``, what cannot be said is null."""
    found = one.found
    return {
        "dataset": one.dataset,
        "a": one.model_a,
        "b": one.model_b,
        "metric": one.metric.key,
        "higher_is_better": one.metric.higher_is_better,
        "n": len(one.images),
        "without_score": one.left_out,
        "infinite": found.left_out,
        "mean_a": _plain(one.means[0]),
        "mean_b": _plain(one.means[1]),
        "difference": _plain(found.interval.mean),
        "interval": [_plain(found.interval.low), _plain(found.interval.high)],
        "won": found.gains,
        "lost": found.losses,
        "tied": found.ties,
        "verdict": found.verdict,
        "images": {image: _plain(value) for image, value in zip(one.images, found.differences, strict=True)},
    }


def _plain(value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else str(value)
