"""Rivals that take turns in one process, so that whatever else the machine does slows them alike; and their ratios."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from restore.atomic import replacing
from restore.benchmark.provenance import device_name


def in_turns(runs: Mapping[str, Callable[[], object]], rounds: int, *, warm: int = 1) -> dict[str, list[float]]:
    """Return the seconds of each run in each round; the order is reversed from round to round.

    Args:
        runs: what to time. It waits for its device itself.
        rounds: how often.
        warm: rounds before, which do not count.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(-warm, rounds):
        for name in list(runs)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            runs[name]()
            if turn >= 0:
                times[name].append(time.perf_counter() - start)
    return times


def ratio(slower: Sequence[float], faster: Sequence[float]) -> tuple[float, float, float]:
    """Return the median of the ratios of each round, the smallest and the largest of them."""
    ratios = [a / b for a, b in zip(slower, faster, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


def table(times: Mapping[str, Sequence[float]], first: str, *, unit: str = "image") -> list[dict[str, Any]]:
    """Print the median seconds of each row, and how many times faster than the first it is; return the same."""
    rows = []
    for name, seconds in times.items():
        median, low, high = ratio(times[first], seconds)
        rows.append({"row": name, "seconds": list(seconds), "faster": median, "from": low, "to": high})
        told = "" if name == first else f"{median:7.2f}x   [{low:.2f}, {high:.2f}]"
        print(f"  {name:<42}{statistics.median(seconds):9.3f} s / {unit} {told}", flush=True)
    return rows


def machine(device: torch.device) -> dict[str, Any]:
    """Return what the times depend on."""
    capable = torch.backends.cpu.get_cpu_capability()
    amx = getattr(torch.cpu, "_is_amx_tile_supported", bool)()
    return {
        "device": device_name(device),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "cpu": f"{capable}, {'with' if amx else 'without'} AMX",
    }


def keep(path: Path | None, found: Mapping[str, Any]) -> None:
    """Write results as JSON, if a file is named."""
    if path is not None:
        with replacing(path) as file:
            file.write_text(json.dumps(found, indent=2) + "\n")
