"""How many images a second does a whole benchmark measure on a GPU, and how much of the time is spent on files?

    python benchmarks/speed/gpu.py --data ../shared/data/sr/test

It runs the protocol sr-x4 with all its metrics on BSD100, or on any other folder of images, into a folder that is
removed after. Without a CUDA device it says so and does nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from restore.benchmark import find_protocol, results
from restore.benchmark.datasets import find_datasets
from restore.benchmark.runner import Settings, run
from restore.scripting import errors_told

PARTS = {"seconds": "models", "metric_seconds": "metrics", "io_seconds": "files"}


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of images, or one that holds bsd100")
    parser.add_argument("-m", "--model", action="append", default=[], help="beside bicubic; repeatable")
    parser.add_argument("-n", "--limit", type=int, help="of images [all]")
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("there is no CUDA device: nothing is measured")
        return
    [dataset] = find_datasets(options.data, ["bsd100"])
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            protocol=find_protocol("sr-x4"), models=tuple(options.model), data=dataset.folder, output=Path(folder),
            device="cuda", limit=options.limit,
        )  # fmt: skip
        start = time.perf_counter()
        run(settings)
        wall = time.perf_counter() - start
        report(results.read(Path(folder)), wall)


def report(found: results.Results, wall: float) -> None:
    """Print what a run took, and what took it. Files are read and written by threads beside the device."""
    rows = found["timing"]
    print(f"{found['environment']['device_name']}, {len(rows)} results")
    print(f"  {len(rows) / wall:.1f} images a second in all, start and report included")
    for metric, told in found["metrics"].items():
        if told["absent"]:
            print(f"  without {metric}: {told['absent']}")
    sums = {told: sum(row[name] for row in rows) for name, told in PARTS.items()}
    total = sum(sums.values())
    for told, seconds in sums.items():
        print(
            f"  {told:<10}{seconds / len(rows) * 1e3:8.2f} ms an image  {seconds / total:6.1%} of what they add up to"
        )


if __name__ == "__main__":
    main()
