"""Training runs of a table: each is taken up where it was, and one that was trained otherwise is refused."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from restore import weights as store
from restore.atomic import replacing
from restore.benchmark.provenance import environment
from restore.errors import INTERRUPTED
from restore.options import check, parse_pairs, signature
from restore.registry import registry
from restore.training.loop import CHECKPOINT

Row = Mapping[str, Any]
Summary = Callable[[Sequence[Row]], list[dict[str, Any]]]


def parser(description: str, output: str) -> argparse.ArgumentParser:
    """Return a parser of what the scripts here have in common.

    Args:
        description: of the script.
        output: where its runs lie.
    """
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--data", type=Path, required=True, help="digits, as docs/cogan.md says")
    made.add_argument("--set", dest="pairs", action="append", default=[], metavar="K=V", help="options of the recipe")
    made.add_argument("--seeds", type=int, default=5, help="from 0 on [5]")
    made.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    made.add_argument("--precision", default="auto", help="of training: auto, float32, bfloat16 [auto]")
    made.add_argument("--every", type=int, default=500, help="steps that an interruption costs [500]")
    made.add_argument("-o", "--output", type=Path, default=Path(output), help=f"runs [{output}]")
    made.add_argument("--json", type=Path, help="where the result is written [OUTPUT/result.json]")
    return made


def finished(recipe: str, folder: Path, options: Mapping[str, Any], given: argparse.Namespace) -> Path:
    """Train by a recipe into a folder, unless that is done; return the weights.

    Exits where the run is interrupted, fails, or is one of other options.
    """
    chosen = {**{key: str(value) for key, value in options.items()}, **parse_pairs(given.pairs)}
    weights = folder / f"{recipe}.safetensors"
    if not weights.is_file():
        words = ["train", recipe, "-o", str(folder), "--device", given.device]
        words += [] if given.data is None else ["--data", str(given.data)]
        words += ["--precision", given.precision, "--checkpoint-every", str(given.every), "--validate-every"]
        words += [str(given.every), *(word for key, value in chosen.items() for word in ("--set", f"{key}={value}"))]
        words += ["--resume"] if (folder / CHECKPOINT).is_file() else []
        done = subprocess.run([sys.executable, "-c", "from restore.cli import main; main()", *words])
        if done.returncode == INTERRUPTED:
            raise SystemExit("interrupted; give the same command again to go on")
        if done.returncode:
            raise SystemExit(done.returncode)
    _compare(recipe, weights, chosen)
    return weights


def _compare(recipe: str, weights: Path, chosen: Mapping[str, str]) -> None:
    header = store.header(weights).metadata
    factory = registry().find("recipe", recipe).factory()
    usual = {name: option.default for name, option in signature(factory).items()}
    wanted = usual | check(recipe, factory, chosen)
    taken = usual | check(recipe, factory, json.loads(header["recipe_options"]))
    for key, option in wanted.items():
        # Of a file the header has the name alone.
        value = Path(option).name if isinstance(option, str) and Path(option).is_file() else option
        if taken[key] != value:
            raise SystemExit(
                f"{weights} was trained with {key}={taken[key]}, and this table is of {key}={value}; "
                "move it away to train it anew, or give the options that it was trained with"
            )


class Ledger:
    """Measured rows in a JSON file: written after each, and not measured again.

    Args:
        path: of the file.
        head: what the rows depend on; a file with another is refused.
        device: of the measurement, for the record.
        summarise: from the rows to what is written of them all.
    """

    def __init__(self, path: Path, head: Mapping[str, Any], device: torch.device, summarise: Summary) -> None:
        self.path, self.summarise = path, summarise
        self.head = json.loads(json.dumps(head))
        self.rows: list[dict[str, Any]] = []
        self.environment = environment(device, "float32")
        if path.is_file():
            found = json.loads(path.read_text("utf-8"))
            if found["head"] != self.head:
                raise SystemExit(f"{path} is of {found['head']}, not of {self.head}; name another file with --json")
            self.rows = found["rows"]

    def known(self, **key: Any) -> dict[str, Any] | None:
        """Return the row that has these values, or None."""
        return next((row for row in self.rows if all(row.get(name) == value for name, value in key.items())), None)

    def add(self, row: dict[str, Any], **key: Any) -> None:
        """Take in a row, in place of those that have these values, and write the file, whole or not at all."""
        self.rows = [other for other in self.rows if any(other.get(name) != value for name, value in key.items())]
        self.rows.append(row)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        told = {
            "schema": 1, "head": self.head, "environment": self.environment, "rows": self.rows,
            "summary": self.summarise(self.rows),
        }  # fmt: skip
        with replacing(self.path) as file:
            file.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
