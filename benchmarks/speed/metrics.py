"""How much faster are PSNR-Y, SSIM-Y and LPIPS than scikit-image and lpips in a loop, and than torchmetrics?

    python benchmarks/speed/metrics.py --data ../shared/data/sr/test

The pairs are BSD100's images and what bicubic makes of them under the protocol sr-x4, or those of any other folder.
The rows take turns pair by pair in one process, in an order that alternates, so that whatever else the machine does
slows them alike. Files are read and degraded before; what is timed is from uint8 to scores. `off by` is the largest
difference of a score from ours: torchmetrics mirrors the border for SSIM and works in float32.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import rivals
import torch

from restore import load
from restore.benchmark import find_protocol
from restore.benchmark.cases import make_case
from restore.benchmark.datasets import find_datasets
from restore.benchmark.pair import Pair
from restore.benchmark.pixels import to_tensor
from restore.composition import build_degradation
from restore.registry import registry
from restore.scripting import errors_told

METRICS = ("psnr", "ssim", "lpips")
SETS = (METRICS, *((name,) for name in METRICS))
"""What is timed: all of them as a benchmark computes them, and each alone."""
PROTOCOL = find_protocol("sr-x4")


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of images, or one that holds bsd100")
    parser.add_argument("-n", "--pairs", type=int, default=20, help="of images, the first of the folder [20]")
    parser.add_argument("--rounds", type=int, default=5, help="of all pairs [5]")
    parser.add_argument("--threads", type=int, default=2, help="of torch [2]")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pairs = restored(options.data, options.pairs)
    rows: dict[str, rivals.Row] = {"restore": Ours(pairs)}
    for name, make in rivals.RIVALS.items():
        try:
            rows[name] = make(pairs)
        except rivals.Absent as absent:
            print(f"{name}: n/a: {absent}")
    print(f"{len(pairs)} pairs, {options.threads} threads, medians of {options.rounds} rounds")
    for metrics in SETS:
        report(metrics, rows, len(pairs), options.rounds)


class Ours:
    """The toolkit's metrics, as ``restore bench`` runs them."""

    def __init__(self, pairs: Sequence[rivals.Images]) -> None:
        self.pairs = pairs
        self.metrics = {name: registry().find("metric", name).build() for name in METRICS}
        self(METRICS, 0)  # weights that are not here are told before anything is timed

    def __call__(self, metrics: Sequence[str], index: int) -> list[float]:
        """Return the scores of a pair."""
        pair = Pair(*self.pairs[index], PROTOCOL)
        scores: list[float] = torch.cat([pair.scored_by(self.metrics[name]) for name in metrics]).tolist()
        return scores


def restored(data: Path, count: int) -> list[rivals.Images]:
    """Return what bicubic makes of images under the protocol, and the originals. Raises RestoreError."""
    model, degradation = load("bicubic", scale=PROTOCOL.scale, device="cpu"), build_degradation(PROTOCOL.degradation)
    [dataset] = find_datasets(data, ["bsd100"], limit=count)
    cases = [make_case(image, PROTOCOL, degradation) for image in dataset.images]
    photos = [model.restore(case.degraded).photo for case in cases]
    return [(to_tensor(photo), case.target) for photo, case in zip(photos, cases, strict=True) if photo is not None]


def report(metrics: Sequence[str], rows: dict[str, rivals.Row], count: int, rounds: int) -> None:
    """Time the rows in turns; print what a pair takes, how many times ours, and how far off it is."""
    times: dict[str, list[float]] = {name: [] for name in rows}
    gaps = {name: dict.fromkeys(metrics, 0.0) for name in rows}
    for turn in range(rounds + 1):
        for index in range(count):
            scores: dict[str, list[float]] = {}
            for name in list(rows)[:: 1 if (turn + index) % 2 else -1]:
                start = time.perf_counter()
                scores[name] = rows[name](metrics, index)
                if turn:  # the first warms up
                    times[name].append(time.perf_counter() - start)
            for name in rows:
                for metric, own, other in zip(metrics, scores["restore"], scores[name], strict=True):
                    gaps[name][metric] = max(gaps[name][metric], abs(own - other))
    own_time = statistics.median(times["restore"])
    print("\n" + " + ".join(metrics))
    for name in rows:
        median = statistics.median(times[name])
        apart = ", ".join(f"{metric} {gap:.0e}" for metric, gap in gaps[name].items())
        told = "" if name == "restore" else f"{median / own_time:6.2f} times ours   off by {apart}"
        print(f"  {name:<22}{median * 1e3:8.2f} ms a pair {told}")


if __name__ == "__main__":
    main()
