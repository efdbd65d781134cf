"""The result of a run, ``results.json``: what was measured, on what, by what, where; see results.schema.json."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from restore.atomic import replacing
from restore.benchmark.timing import quartiles
from restore.errors import InputError, UsageError

SCHEMA = 1
NAME = "results.json"
TIMES = (
    "seconds_median", "seconds_iqr", "images_per_second", "megapixels_per_second", "peak_device_bytes",
    "peak_host_bytes",
)  # fmt: skip
"""Fields of a summary that differ from run to run."""

Results = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]


def summarise(scores: Rows, timing: Rows) -> list[dict[str, Any]]:
    """Return a row for each model and data set, in the order in which they first occur.

    A score is the mean over the images that were restored. Where it is missing for one of them it is None, with
    the reason, because a mean over other images than the rest of the table would mislead.

    Args:
        scores: rows of a result.
        timing: likewise.
    """
    groups = dict.fromkeys((row["model"], row["dataset"]) for row in scores)
    return [_summary(model, dataset, scores, timing) for model, dataset in groups]


def _summary(model: str, dataset: str, scores: Rows, timing: Rows) -> dict[str, Any]:
    rows = [row for row in scores if (row["model"], row["dataset"]) == (model, dataset)]
    times = [row for row in timing if (row["model"], row["dataset"]) == (model, dataset)]
    restored = [row for row in rows if row["status"] == "ok"]
    means: dict[str, Any] = {}
    deviations: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for column in rows[0]["metrics"]:
        values = [row["metrics"][column] for row in restored]
        missing = [row for row in restored if row["metrics"][column] is None]
        if missing:
            reason = missing[0]["reasons"].get(column, "")
            reasons[column] = reason if len(missing) == len(restored) else f"{len(missing)} of {len(rows)}: {reason}"
        means[column] = None if missing or not values else _mean(values)
        deviations[column] = None if missing else _deviation(values)
    sizes = {row["image"]: row["width"] * row["height"] for row in restored}
    return {
        "model": model, "dataset": dataset, "n": len(restored), "failed": len(rows) - len(restored),
        "metrics": means, "std": deviations, "reasons": reasons, **_speed(times, sizes),
    }  # fmt: skip


def _speed(times: Rows, sizes: Mapping[str, int]) -> dict[str, Any]:
    if not times:
        return dict.fromkeys(TIMES)
    seconds = [row["seconds"] for row in times]
    low, middle, high = quartiles(seconds)
    total = max(math.fsum(seconds), 1e-9)
    peaks = {
        name: max((row[name] for row in times if row[name] is not None), default=None)
        for name in ("peak_device_bytes", "peak_host_bytes")
    }
    return {
        "seconds_median": middle,
        "seconds_iqr": high - low,
        "images_per_second": len(seconds) / total,
        "megapixels_per_second": sum(sizes[row["image"]] for row in times) / total / 1e6,
        **peaks,
    }


def _mean(values: Sequence[float | str]) -> float | str:
    mean = statistics.fmean(float(value) for value in values)
    return mean if math.isfinite(mean) else str(mean)


def _deviation(values: Sequence[float | str]) -> float | None:
    """Return the sample's standard deviation, n - 1 below; None for fewer than two or with an infinite one."""
    numbers = [float(value) for value in values]
    if len(numbers) < 2 or not all(map(math.isfinite, numbers)):
        return None
    return statistics.stdev(numbers)


def stable(results: Mapping[str, Any]) -> Results:
    """Return the part of a result that a second run gives again, bit for bit: all but times and memory."""
    kept = {name: value for name, value in results.items() if name not in ("created", "command", "timing")}
    kept["summary"] = [{k: v for k, v in row.items() if k not in TIMES} for row in results["summary"]]
    return kept


def write(results: Mapping[str, Any], path: Path) -> None:
    """Write a result; the file is there whole or not at all. Raises InputError."""
    text = json.dumps(results, indent=1, allow_nan=False) + "\n"
    try:
        with replacing(path) as partial:
            partial.write_text(text, encoding="ascii")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}", "check the folder and the disk"
        ) from error


def read(path: str | Path) -> Results:
    """Read a result.

    Args:
        path: ``results.json``, or the folder of a run.

    Raises:
        UsageError: it does not exist.
        InputError: it cannot be read, or is no result that this version reads.
    """
    file = Path(path)
    file = file / NAME if file.is_dir() else file
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{file} does not exist", "restore bench writes it when it is done") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file} is no result of restore bench: {error}", "name a results.json") from error
    parts = ("protocol", "environment", "datasets", "models", "scores", "summary")
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or not all(part in found for part in parts):
        raise InputError(
            f"{file} is no result that this version reads, schema {SCHEMA}", "name a results.json, or run it again"
        )
    return found
