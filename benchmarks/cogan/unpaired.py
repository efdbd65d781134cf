"""How much is lost by not knowing the degradation? Digits restored by a CoGAN that never saw a pair.

    python benchmarks/cogan/unpaired.py --data mnist/
    python benchmarks/cogan/unpaired.py --data mnist/ --set width=0.25 --set batch_size=64 --set steps=5000 --seeds 1

For each degradation `restore train cogan-mnist-degraded` learns from clean digits and from others that are degraded,
and `cogan-mnist-restorer` from the pairs that come of it. Restored are the first of MNIST's test digits. The rows:

    input         as they are, enlarged where they have become smaller
    nlm           non-local means, which knows neither digits nor the degradation
    translation   the model `cogan`: a search in the degraded domain, decoded in the clean one
    feed-forward  the model `cogan-restorer`, in one pass
    known         the model `inversion` with the same prior's clean domain, which is told the degradation

PSNR and SSIM are those of the protocol `denoise-gray-25`. Interrupted, the script goes on where it was.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from trainings import Ledger, Row, finished, parser

import restore
from restore.contracts import Observation
from restore.runtime.policy import choose_device
from restore.scripting import errors_told
from restore.training.squares import load_digits
from restore.weights import digest, header
from restore_cogan.critic import SHAPE
from restore_cogan.degrading import Degrading, enlarged

DEGRADATIONS = ("gaussian-noise:sigma=0.2", "gaussian-blur:sigma=2", "bicubic:scale=4", "mask-random:share=0.5")
METHODS = ("input", "nlm", "translation", "feed-forward", "known")
PROTOCOL = "denoise-gray-25"
SEED = 1_000_000
"""Of what is drawn for the test digits, which no training draws from."""
Methods = Mapping[str, Callable[[], Tensor]]


@errors_told()
def main() -> None:
    """Train, measure, print and write."""
    arguments = parser(__doc__ or "", "runs/cogan-unpaired")
    arguments.add_argument("--degradation", action="append", help=f"repeatable [{', '.join(DEGRADATIONS)}]")
    arguments.add_argument("--count", type=int, default=200, help="test digits [200]")
    arguments.add_argument("--restorer-set", action="append", default=[], metavar="K=V", help="of the second recipe")
    given = arguments.parse_args()
    device = choose_device(given.device)
    digits = load_digits(given.data, "t10k")[0][: given.count] / 255.0
    head = {"options": sorted(given.pairs), "restorer": sorted(given.restorer_set), "count": len(digits)}
    ledger = Ledger(given.json or given.output / "result.json", head, device, summary)
    for seed in range(given.seeds):
        for text in given.degradation or DEGRADATIONS:
            measure(text, seed, digits, given, ledger, device)
    print(table(summary(ledger.rows)))


def measure(
    text: str, seed: int, digits: Tensor, given: argparse.Namespace, ledger: Ledger, device: torch.device
) -> None:
    """Train for a degradation and a seed, and add the rows that are not in the ledger yet."""
    folder = given.output / f"{''.join(c if c.isalnum() else '-' for c in text)}-{seed}"
    pair = finished("cogan-mnist-degraded", folder / "pair", {"degradation": text, "seed": seed}, given)
    alone = argparse.Namespace(**{**vars(given), "data": None, "pairs": given.restorer_set})
    network = finished("cogan-mnist-restorer", folder / "restorer", {"prior": pair, "seed": seed}, alone)
    if digest(pair) not in header(network).metadata["started_from"]:
        raise SystemExit(f"{network} learnt from another pair than {pair}; move it away to train it anew")
    observation = Degrading(text).observe(digits, SEED)
    for method, restored in methods(observation, pair, network, device).items():
        key = {"degradation": text, "seed": seed, "method": method}
        row = {**key, "pair": digest(pair), "restorer": digest(network)}
        if ledger.known(**row) is None:
            scores = restore.evaluate(restored(), digits, protocol=PROTOCOL)
            ledger.add({**row, "psnr": scores["psnr"], "ssim": scores["ssim"]}, **key)
            print(f"{text}, seed {seed}, {method}: {scores['psnr']:.2f} dB, {scores['ssim']:.4f}", flush=True)


def methods(observation: Observation, pair: Path, network: Path, device: torch.device) -> Methods:
    """Return what restores an observation, by the name of its row; nothing is done yet."""
    seen, where = enlarged(observation.image, SHAPE[1:]), str(device)

    def done(model: restore.Restorer, shown: Observation) -> Tensor:
        with torch.inference_mode():
            restored: Tensor = model.module(shown).clamp(0, 1).cpu()
        return restored

    def translated() -> Tensor:
        model = restore.load("cogan", weights=pair, device=where, seed=0, **{"from": "degraded"})
        return done(model, Observation(image=seen.to(device)))

    def in_one_pass() -> Tensor:
        model = restore.load("cogan-restorer", weights=network, device=where, precision="float32")
        return done(model, Observation(image=seen.to(device)))

    def told() -> Tensor:
        clean = "cogan-mnist-degraded:show=mnist"
        model = restore.load("inversion", prior=clean, weights=pair, device=where, precision="float32", seed=0)
        mask, degradation = observation.mask, observation.degradation
        assert degradation is not None
        moved = replace(
            observation,
            image=observation.image.to(device),
            mask=None if mask is None else mask.to(device),
            degradation=degradation.to(device),
        )
        return done(model, moved)

    return {
        "input": lambda: seen,
        "nlm": lambda: restore.load("nlm", device="cpu")(seen),
        "translation": translated,
        "feed-forward": in_one_pass,
        "known": told,
    }


def summary(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the means over the seeds of each degradation and method, and what is lost to ``known``."""
    found: list[dict[str, Any]] = []
    for text in dict.fromkeys(row["degradation"] for row in rows):
        for method in METHODS:
            own = [row for row in rows if (row["degradation"], row["method"]) == (text, method)]
            if own:
                means = {name: statistics.fmean(row[name] for row in own) for name in ("psnr", "ssim")}
                found.append({"degradation": text, "method": method, "seeds": len(own), **means})
    return found


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    columns = ("degradation", "method", "seeds", "PSNR / dB", "SSIM", "lost to known / dB")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    known = {row["degradation"]: row["psnr"] for row in rows if row["method"] == "known"}
    for row in rows:
        lost = f"{known[row['degradation']] - row['psnr']:.2f}" if row["degradation"] in known else ""
        lines.append(
            f"| `{row['degradation']}` | {row['method']} | {row['seeds']} | {row['psnr']:.2f} | {row['ssim']:.4f} | "
            f"{lost} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
