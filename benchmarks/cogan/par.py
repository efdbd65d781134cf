"""Do pairs belong together? The pixel agreement ratio of CoGAN's digits, tied and untied, over several seeds.

    python benchmarks/cogan/par.py --data mnist/
    python benchmarks/cogan/par.py --data mnist/ --set width=0.25 --set batch_size=64 --set steps=5000 --seeds 5

Every row is trained by `restore train cogan-mnist-edge` or `-negative`; 10,000 pairs are drawn from what comes of it.
Untied are two generators and two critics that share nothing: what pairs without coupling agree by. Interrupted, the
script goes on where it was. The rule by which pixels agree is on the page docs/cogan.md.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from trainings import Ledger, Row, finished, parser

from restore.priors import load_prior
from restore.runtime.policy import choose_device
from restore.scripting import errors_told
from restore.weights import digest
from restore_cogan.agreement import edges, negative, pixel_agreement
from restore_cogan.prior import CoGAN

TASKS = {"edge": edges, "negative": negative}
COUPLINGS: Mapping[str, Mapping[str, int]] = {"tied": {}, "untied": {"tied": 0, "critic_tied": 0}}
PAPER = {"edge": 0.952, "negative": 0.967}
"""Means of five trainings, of the paper's CoGAN."""
CONDITIONAL = {"edge": 0.909, "negative": 0.778}
"""Those of its conditional GAN."""


@errors_told()
def main() -> None:
    """Train, measure, print and write."""
    arguments = parser(__doc__ or "", "runs/cogan-par")
    arguments.add_argument("--task", choices=TASKS, action="append", help="repeatable [both]")
    arguments.add_argument("--coupling", choices=COUPLINGS, action="append", help="repeatable [both]")
    arguments.add_argument("--count", type=int, default=10_000, help="pairs [10000]")
    given = arguments.parse_args()
    device = choose_device(given.device)
    head = {"options": sorted(given.pairs), "pairs": given.count}
    ledger = Ledger(given.json or given.output / "result.json", head, device, summary)
    for seed in range(given.seeds):
        for task in given.task or TASKS:
            for coupling in given.coupling or COUPLINGS:
                recipe, folder = f"cogan-mnist-{task}", given.output / f"{task}-{coupling}-{seed}"
                weights = finished(recipe, folder, {**COUPLINGS[coupling], "seed": seed}, given)
                key = {"task": task, "coupling": coupling, "seed": seed}
                row = {**key, "sha256": digest(weights)}
                if ledger.known(**row) is None:
                    prior = load_prior(recipe, device=str(device), weights=weights)
                    assert isinstance(prior, CoGAN)
                    ledger.add({**row, **pixel_agreement(prior, TASKS[task], count=given.count)}, **key)
    print(table(summary(ledger.rows)))


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return mean and standard deviation over the seeds of each task and coupling."""
    found = []
    for task in TASKS:
        for coupling in COUPLINGS:
            own = [row for row in rows if (row["task"], row["coupling"]) == (task, coupling)]
            if own:
                found.append({
                    "task": task, "coupling": coupling, "seeds": len(own),
                    **spread([row["agreement"] for row in own]),
                    "strangers": statistics.fmean(row["strangers"] for row in own),
                })  # fmt: skip
    return found


def spread(values: Sequence[float]) -> dict[str, float | None]:
    """Return mean, standard deviation of the sample (None of a single value), least and most."""
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.fmean(values), "deviation": deviation, "least": min(values), "most": max(values)}


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    columns = ("task", "coupling", "seeds", "agreement", "strangers", "the paper's", "its conditional GAN")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in rows:
        told = f"{row['mean']:.3f}" + ("" if row["deviation"] is None else f" ± {row['deviation']:.3f}")
        paper = [f"{known[row['task']]:.3f}" if row["coupling"] == "tied" else "" for known in (PAPER, CONDITIONAL)]
        lines.append(
            f"| {row['task']} | {row['coupling']} | {row['seeds']} | {told} | {row['strangers']:.3f} | "
            f"{paper[0]} | {paper[1]} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
