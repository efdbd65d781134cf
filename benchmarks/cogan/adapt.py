"""adapt-digits: digits of one set are read with labels of another alone, in both directions, over several draws.

    python benchmarks/cogan/adapt.py --data digits/
    python benchmarks/cogan/adapt.py --data digits/ --set width=0.25 --set steps=3000 --set affine=1
    python benchmarks/cogan/adapt.py --data digits/ --method "source only" --method coral

DIGITS holds mnist/ and usps/. A draw is 2000 digits of MNIST's training set and 1800 of USPS's, chosen by the seed. One
set has labels. CoGAN is `restore train cogan-digits`; beside it stand its own reader trained on the labelled digits
alone, and CORAL on that reader's features. Random transforms (`--set affine=1`) are done to the digits of all three.
What counts is the last step of each. Two protocols: `target`, the digits without labels that were trained on, as the
paper measures MNIST to USPS; and `held out`, the other set's test part. Collapses, in which digits changed their names
between the domains (docs/cogan.md), are counted and stay in the means. Interrupted, the script goes on where it was.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from baselines import Coral, features, source_only
from torch import Tensor
from trainings import Ledger, Row, finished, parser

from restore.options import parse_pairs
from restore.priors import load_prior
from restore.runtime.policy import choose_device
from restore.scripting import errors_told
from restore.weights import digest
from restore_cogan.accuracy import classified, scored
from restore_cogan.adaptation import DOMAINS, Direction, draw
from restore_cogan.critic import CriticPair
from restore_cogan.digits import Digits, Name, read
from restore_cogan.prior import CoGAN

KEY = ("direction", "draw", "method")
METHODS = ("source only", "coral", "cogan")
PROTOCOLS = ("target", "held out")
PAPER = {"mnist-usps": 0.912, "usps-mnist": 0.891}
"""Means of five draws of the paper's CoGAN."""


@errors_told()
def main() -> None:
    """Train, measure, print and write."""
    arguments = parser(__doc__ or "", "runs/cogan-adapt")
    arguments.add_argument("--direction", choices=DOMAINS, action="append", help="repeatable [both]")
    arguments.add_argument("--method", choices=METHODS, action="append", help="repeatable [all]")
    arguments.add_argument("--mnist", type=int, default=2000, help="digits of MNIST in a draw [2000]")
    arguments.add_argument("--usps", type=int, default=1800, help="digits of USPS in a draw [1800]")
    arguments.add_argument("--source-steps", type=int, default=2000, help="of the reader without adaptation [2000]")
    given = arguments.parse_args()
    device = choose_device(given.device)
    head = {
        "options": sorted(given.pairs), "mnist": given.mnist, "usps": given.usps, "source_steps": given.source_steps,
    }  # fmt: skip
    ledger = Ledger(given.json or given.output / "result.json", head, device, summary)
    for seed in range(given.seeds):
        for direction in given.direction or DOMAINS:
            for row in measured(direction, seed, given, ledger, device):
                ledger.add(row, **{name: row[name] for name in KEY})
    print(table(summary(ledger.rows)))


def measured(
    direction: Direction, seed: int, given: argparse.Namespace, ledger: Ledger, device: torch.device
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a draw that are not in the ledger yet."""
    names = DOMAINS[direction]
    key: dict[str, Any] = {"direction": direction, "draw": seed}
    counts: dict[Name, int | None] = {"mnist": given.mnist, "usps": given.usps}
    affine = float(parse_pairs(given.pairs).get("affine", 0))
    source, target = draw(given.data, names, counts, seed)
    sets = {"target": target, "held out": read(given.data, names[1], "test")}
    chosen = given.method or METHODS
    if any(method in chosen and ledger.known(**key, method=method) is None for method in METHODS[:2]):
        reader = source_only(
            source.images, source.labels, steps=given.source_steps, affine=affine, seed=seed, device=device
        )
        seen = {protocol: features(reader, digits.images) for protocol, digits in sets.items()}
        coral = Coral(features(reader, source.images), source.labels, seen["target"])
        alone = {protocol: read_alone(reader, one) for protocol, one in seen.items()}
        adapted = {protocol: coral(one) for protocol, one in seen.items()}
        for method, found in zip(METHODS, (alone, adapted), strict=False):
            if method in chosen and ledger.known(**key, method=method) is None:
                yield {**key, "method": method, **measures(found, sets)}
    if METHODS[2] not in chosen:
        return
    options = {"direction": direction, "seed": seed, "mnist": given.mnist, "usps": given.usps}
    weights = finished("cogan-digits", given.output / f"{direction}-{seed}", options, given)
    key |= {"method": METHODS[2], "sha256": digest(weights)}
    if ledger.known(**key) is None:
        prior = load_prior("cogan-digits", device=str(device), weights=weights)
        assert isinstance(prior, CoGAN)
        read_by_it = {protocol: classified(prior, digits.images, names[1]) for protocol, digits in sets.items()}
        yield {**key, **measures(read_by_it, sets)}


def read_alone(reader: CriticPair, features: Tensor) -> Tensor:
    """Return the classes of features ``(n, 500)`` by the reader that made them."""
    weight = next(reader.parameters())
    return reader.classify(features.to(weight)).argmax(1).cpu()


def measures(found: Mapping[str, Tensor], sets: Mapping[str, Digits]) -> dict[str, Any]:
    """Return what classes that were found are worth, by protocol."""
    return {protocol: scored(classes, sets[protocol].labels) for protocol, classes in found.items()}


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return mean and deviation over the draws of each direction, method and protocol, and how many collapsed."""
    found = []
    for direction in DOMAINS:
        for method in METHODS:
            own = [row for row in rows if (row["direction"], row["method"]) == (direction, method)]
            for protocol in PROTOCOLS if own else ():
                values = [row[protocol]["accuracy"] for row in own]
                found.append({
                    "direction": direction, "method": method, "protocol": protocol, "draws": len(own),
                    "mean": statistics.fmean(values),
                    "deviation": statistics.stdev(values) if len(values) > 1 else None,
                    "collapsed": sum(row[protocol]["collapsed"] for row in own),
                })  # fmt: skip
    return found


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown; the paper's means stand where it measures so."""
    lines = ["| direction | method | draws | target | held out | collapsed | the paper's |", "|---" * 7 + "|"]
    for row in rows:
        if row["protocol"] != "target":
            continue
        [held] = [
            other for other in rows
            if other["protocol"] == "held out"
            and (other["direction"], other["method"]) == (row["direction"], row["method"])
        ]  # fmt: skip
        paper = f"{PAPER[row['direction']]:.3f}" if row["method"] == "cogan" else ""
        lines.append(
            f"| {row['direction']} | {row['method']} | {row['draws']} | {cell(row)} | {cell(held)} | "
            f"{held['collapsed']} | {paper} |"
        )
    return "\n".join(lines)


def cell(row: Row) -> str:
    """Return mean and deviation."""
    return f"{row['mean']:.3f}" + ("" if row["deviation"] is None else f" ± {row['deviation']:.3f}")


if __name__ == "__main__":
    main()
