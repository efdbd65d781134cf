"""Are inpainted digits still read? The accuracy of a reader on MNIST's test digits whose holes were filled.

    python benchmarks/digits.py --data mnist/ --json digits.json
    python benchmarks/digits.py --data mnist/ -n 500 telea semantic-inpainting:prior=dcgan-mnist,weights=own.safetensors
    python benchmarks/digits.py --table digits.json

Holes are those of the protocols inpaint-*, of another place for each digit where chance decides it, and the same for
all models. The reader (`restore_gan.digits`) was trained on whole digits of MNIST's training set, as the priors were.
Beside the models stand digits that nothing has filled. Times are those of this machine, models one after the other;
a search from the encoder takes some 0.3 s a digit on a core, the 8 of a prior that has none more.
"""

from __future__ import annotations

import argparse
import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import restore
from restore.benchmark.protocols import find_protocol
from restore.benchmark.provenance import environment
from restore.composition import build_degradation
from restore.options import parse
from restore.parts import parts_of
from restore.runtime import Restorer
from restore.runtime.policy import choose_device
from restore.scripting import errors_told
from restore.training.squares import load_digits
from restore_gan.digits import SHA256, DigitReader, load_reader

MASKS = ("center", "half", "pattern", "random80")
"""Of protocols, ``inpaint-`` before them."""
SEARCHED = "semantic-inpainting:prior="
MODELS = (
    "telea", "navier-stokes", "biharmonic", f"{SEARCHED}gan-mnist,restarts=4,steps=100,seed=0",
    f"{SEARCHED}dcgan-mnist,seed=0",
)  # fmt: skip
NOTHING = "nothing"
"""Fills no hole: it stays as black as the ground."""
PORTION = 100
"""Digits that a model is given at once."""


@dataclass(frozen=True, kw_only=True)
class Holed:
    """Digits with holes."""

    images: Tensor
    """uint8 ``(N, 1, 28, 28)``."""
    mask: Tensor
    """``(N, 1, 28, 28)``, 1 = missing."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What became of one model's digits, by mask."""

    model: str
    weights: Mapping[str, str | None]
    """Prior -> SHA-256 of the file that it was filled with."""
    accuracy: Mapping[str, float]
    seconds: Mapping[str, float]
    """For all digits."""


@errors_told()
def main() -> None:
    """Measure, or print the table of what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"that fill holes [{' '.join(MODELS)}]")
    parser.add_argument("--data", type=Path, help="folder with MNIST")
    parser.add_argument("-n", "--count", type=int, default=1000, help="how many of the test digits, the first [1000]")
    parser.add_argument("--seed", type=int, default=0, help="of the holes and the searches [0]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    parser.add_argument("--table", type=Path, metavar="RESULT", help="only print the table of a result in Markdown")
    options = parser.parse_args()
    if options.table:
        print(table(json.loads(options.table.read_text("utf-8"))))
        return
    digits, labels = (values[: options.count] for values in load_digits(options.data, "t10k"))
    if not 0 < options.count <= len(digits):
        parser.error(f"there are {len(digits)} test digits: choose --count")
    warnings.simplefilter("ignore", restore.RestoreWarning)  # of digits unlike all that a prior makes
    result = measured(options.models or MODELS, digits, labels, options.seed, options.device)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(f"\n{table(result)}")


def measured(models: Sequence[str], digits: Tensor, labels: Tensor, seed: int, device: str) -> dict[str, Any]:
    """Return the accuracy of every model on every mask, and of digits untouched and with their holes.

    Args:
        models: that fill holes, ``NAME:key=value``.
        digits: uint8 ``(N, 1, 28, 28)``.
        labels: ``(N,)``.
        seed: of the holes and the searches.
        device: ``auto``, ``cpu``, ``cuda``.

    Raises:
        RestoreError: a model cannot be loaded, or makes no use of digits.
    """
    reader, restorers = load_reader(device=device), {model: loaded(model, seed, device) for model in models}
    specs = {mask: find_protocol(f"inpaint-{mask}").degradation for mask in MASKS}
    holed = {mask: with_holes(digits, spec, seed) for mask, spec in specs.items()}
    untouched = accuracy(reader, digits, labels)
    print(f"untouched {untouched:.3f}")
    rows = []
    for model in (NOTHING, *models):
        restorer = restorers.get(model)
        right, seconds = {}, {}
        for mask, seen in holed.items():
            start = time.perf_counter()
            filled = seen.images if restorer is None else filled_by(restorer, seen)
            seconds[mask] = round(time.perf_counter() - start, 2)
            right[mask] = accuracy(reader, filled, labels)
            print(f"{shown(model)} {mask} {right[mask]:.3f} in {seconds[mask]:.1f} s", flush=True)
        parts = () if restorer is None else parts_of(restorer.module)
        files = {part.name: part.sha256 for part in parts}
        rows.append(asdict(Row(model=shown(model), weights=files, accuracy=right, seconds=seconds)))
    about = {"digits": len(digits), "seed": seed, "masks": specs, "reader": SHA256, "untouched": untouched}
    return {**about, "environment": environment(choose_device(device), "auto"), "rows": rows}


def with_holes(digits: Tensor, spec: str, seed: int) -> Holed:
    """Return digits with holes; the first ones have the same, however many there are."""
    seen = build_degradation(spec).observe(digits / 255, torch.Generator().manual_seed(seed))
    assert seen.mask is not None, "the protocols of inpainting make holes"
    return Holed(images=seen.image.mul(255).round().byte(), mask=seen.mask)


def loaded(model: str, seed: int, device: str) -> Restorer:
    """Return a model; one that searches starts where the seed says. Raises RestoreError."""
    seeded: dict[str, Any] = {"seed": seed} if "prior" in parse(model)[1] else {}
    return restore.load(model, device=device, **seeded)


def filled_by(restorer: Restorer, seen: Holed) -> Tensor:
    """Return digits uint8 ``(N, 1, 28, 28)`` without holes. Raises RestoreError."""
    portions = zip(torch.split(seen.images, PORTION), torch.split(seen.mask, PORTION), strict=True)
    return torch.cat([restorer(images, mask=mask) for images, mask in portions])


def shown(model: str) -> str:
    """Return a model as it was given, less the folder of its weights."""
    file = parse(model)[1].get("weights")
    return model if file is None else model.replace(file, Path(file).name)


@torch.inference_mode()
def accuracy(reader: DigitReader, digits: Tensor, labels: Tensor) -> float:
    """Return the share of digits uint8 ``(N, 1, 28, 28)`` that are read as labelled."""
    device = next(reader.parameters()).device
    read = torch.cat([reader(part.to(device) / 255.0).argmax(1).cpu() for part in torch.split(digits, PORTION)])
    return float((read == labels).double().mean())


def table(result: Mapping[str, Any]) -> str:
    """Return a result in Markdown: percent, the best of each column bold, and seconds a digit."""
    masks = list(result["masks"])
    best = {mask: max(row["accuracy"][mask] for row in result["rows"]) for mask in masks}
    lines = [f"| filled by | {' | '.join(masks)} | s a digit |", f"|---|{'---|' * (len(masks) + 1)}"]
    for row in result["rows"]:
        cells = []
        for mask in masks:
            share = f"{100 * row['accuracy'][mask]:.1f}"
            cells.append(f"**{share}**" if row["accuracy"][mask] == best[mask] else share)
        each = sum(row["seconds"].values()) / len(masks) / result["digits"]
        name, spent = (NOTHING, "") if row["model"] == NOTHING else (f"`{row['model']}`", f"{each:.2g}")
        lines.append(f"| {name} | {' | '.join(cells)} | {spent} |")
    chance = 100 * math.sqrt(0.25 / result["digits"])
    told = f"Percent of {result['digits']} test digits that are read as labelled; of untouched ones"
    lines += ["", f"{told} {100 * result['untouched']:.1f}. One standard error is at most {chance:.1f}."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
