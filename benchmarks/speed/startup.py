"""What a light command costs: wall time of fresh processes, as a ratio to what no design could avoid.

The floor is an interpreter that imports what discovery cannot do without. Rounds are interleaved, so that a
machine that is busy for a while slows all rows alike; the ratios of one run are what to compare.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

FLOOR = "python -c 'import importlib.metadata, pluggy, click'"
BUDGET_MS = 150


def commands(restore: str) -> dict[str, list[str]]:
    """Return what is timed, by the label of its row."""
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        FLOOR: [sys.executable, "-c", "import importlib.metadata, pluggy, click"],
        "restore --help": [restore, "--help"],
        "restore list": [restore, "list"],
    }


def seconds(command: Sequence[str]) -> float:
    """Run a command in a fresh process and return its wall time."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print the table."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("-n", "--rounds", type=int, default=15, help="processes a row (default: %(default)s)")
    rounds = parser.parse_args().rounds
    restore = shutil.which("restore", path=os.path.dirname(sys.executable)) or shutil.which("restore")  # noqa: PTH120
    if restore is None:
        sys.exit("restore is not installed beside this interpreter: pip install .")
    rows = commands(restore)
    for command in rows.values():  # the first run writes bytecode and warms the disk's cache
        seconds(command)
    times: dict[str, list[float]] = {label: [] for label in rows}
    for _ in range(rounds):
        for label, command in rows.items():
            times[label].append(seconds(command))
    floor = statistics.median(times[FLOOR])
    width = max(map(len, rows))
    print(f"{'':{width}}   median      min   / floor")
    for label, taken in times.items():
        median = statistics.median(taken)
        print(f"{label:{width}}  {median * 1e3:4.0f} ms  {min(taken) * 1e3:4.0f} ms   {median / floor:5.2f}")
    verdict = "within" if statistics.median(times["restore list"]) * 1e3 <= BUDGET_MS else "above"
    print(f"\n{rounds} processes a row; `restore list` is {verdict} its budget of {BUDGET_MS} ms here")


if __name__ == "__main__":
    main()
