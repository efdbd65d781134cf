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
    from restore.benchmark.results import Results

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
    from restore.benchmark.comparable import run_notes, version_notes
    from restore.benchmark.compare import compare as compared

    first, second = results.read(a), results.read(b)
    models = _chosen((model_a, first), (model_b, second))
    found = compared(first, second, models=models)
    pairs = list(dict.fromkeys((one.model_a, one.model_b) for one in found))
    notes = [*version_notes(first, second), *run_notes(first, second, pairs)]
    unmatched = {"a": [], "b": []} if models else _unmatched(first, second, pairs)
    if as_json:
        emit(
            {
                "command": "compare", "a": str(a), "b": str(b),
                "protocol": {"id": first["protocol"]["id"], "hash": first["protocol"]["hash"]},
                "notes": notes,
                "unmatched": unmatched,
                "comparisons": [as_dict(comparison) for comparison in found],
            }
        )  # fmt: skip
        return
    click.echo("\n".join(lines(found)))
    protocol = first["protocol"]
    for note in notes:
        warn(note)
    if any(unmatched.values()):
        told = [f"{', '.join(names)} of {side.upper()}" for side, names in unmatched.items() if names]
        say(f"no partner: {'; '.join(told)} (-a MODEL -b MODEL compares any two)")
    say(f"A - B under {protocol['id']} ({protocol['hash'][:12]}); better: A is better than B; ↓: less is")


def _chosen(a: tuple[str | None, Results], b: tuple[str | None, Results]) -> tuple[str, str] | None:
    """Return the models that are named. Raises UsageError where only one of them is, and tells the other's names."""
    if a[0] and b[0]:
        return a[0], b[0]
    for option, (name, found), missing, (_, other) in (("-a", a, "-b", b), ("-b", b, "-a", a)):
        if name:
            names, others = ([model["name"] for model in one["models"]] for one in (found, other))
            if name not in names:
                raise UsageError(f"{option}: that result has no model {name!r}", f"it has {', '.join(names)}")
            raise UsageError(
                f"{option} {name} is given without {missing}", f"add {missing} and one of {', '.join(others)}"
            )
    return None


def _unmatched(a: Results, b: Results, pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the models of either result that were compared with none."""
    sides = (("a", a, {pair[0] for pair in pairs}), ("b", b, {pair[1] for pair in pairs}))
    return {side: [m["name"] for m in found["models"] if m["name"] not in taken] for side, found, taken in sides}


def lines(found: Sequence[Comparison]) -> list[str]:
    """Return the comparison as aligned text: a block for each data set and pair of models, a line for each metric."""
    rows = [["metric", "A", "B", "A - B", "95 % interval", "won", "verdict"]]
    for one in found:
        interval, fine = one.found.interval, one.metric.with_digits(one.metric.digits + 1)
        low, mean, high = (fine.text(end, signed=True) for end in (interval.low, interval.mean, interval.high))
        rows.append(
            [
                one.metric.label if one.metric.higher_is_better else f"{one.metric.label} ↓",
                *(one.metric.text(value) for value in one.means), mean, f"[{low}, {high}]",
                f"{one.found.gains}:{one.found.losses}", one.found.verdict.removesuffix(" images"),
            ]
        )  # fmt: skip
    head, *aligned = table(rows, indent=0, whole=True)
    blocks: dict[tuple[str, str, str], list[str]] = {}
    for one, line in zip(found, aligned, strict=True):
        block = blocks.setdefault((one.dataset, one.model_a, one.model_b), [])
        block += [line, *(f"  {note}" for note in _left_out(one))]
    told = [head]
    for (dataset, model_a, model_b), block in blocks.items():
        told += ["", f"{dataset}: {model_a} - {model_b}", *block]
    return told


def _left_out(one: Comparison) -> list[str]:
    notes = [f"{one.left_out} without a score"] * bool(one.left_out)
    return notes + [f"{one.found.left_out} infinite, in no mean"] * bool(one.found.left_out)


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
