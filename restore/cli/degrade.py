"""``restore degrade``: harm images on purpose."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore.atomic import replacing
from restore.cli.batch import Done, Ticker, finish, run_batch
from restore.cli.console import SCHEMA
from restore.cli.files import MASK, expand
from restore.cli.outputs import LOSSLESS, Job, plan
from restore.errors import InputError, UsageError
from restore.seeds import SEEDS

MASKING = ("mask", "observe")
"""The methods by which a degradation can yield a mask."""

if TYPE_CHECKING:
    from restore.contracts import Degradation

EXAMPLES = """
\b
Examples:
  restore degrade bicubic:scale=4 photo.png -o small.png
  restore degrade 'bicubic:scale=2|jpeg:quality=40' photos/ -o bad/
  restore degrade mask-strokes photos/ -o holes/ --seed 7 --sidecar

A degradation that takes pixels away writes NAME.mask.png (white = missing)
beside NAME, as `restore run --mask` reads it. Results in a folder are PNG, or
TIFF for TIFF, so that no other harm is done; --format decides otherwise.

Into a file, the seed is S itself, as in restore.degrade(..., seed=S). Into a
folder, each image has its own, made of S and its path below the input folder:
whichever order or selection is run, an image gets the same harm. --json and
--sidecar tell the seed and what was drawn.
"""


@click.command(epilog=EXAMPLES)
@click.argument("spec")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUT", help="File or folder.")
@click.option("--seed", type=click.IntRange(0, SEEDS - 1), default=0, metavar="S", help="Of all draws.  [0]")
@click.option("--sidecar", is_flag=True, help="Write OUT.json beside OUT: seed and draws.")
@click.option("--suffix", default="", metavar="TEXT", help="Put after the names of results in a folder.")
@click.option("--format", "extension", metavar="EXT", help="Of results in a folder: png, jpg, tif ...")
@click.option("--recursive", is_flag=True, help="Search the folders in a folder.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option("--max-pixels", type=click.IntRange(min=1), metavar="N", help="Refuse larger inputs.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def degrade(
    spec: str,
    inputs: tuple[str, ...],
    output: str,
    seed: int,
    sidecar: bool,
    suffix: str,
    extension: str | None,
    recursive: bool,
    overwrite: bool,
    max_pixels: int | None,
    as_json: bool,
) -> None:
    """Degrade INPUT as SPEC says and write the results to OUT.

    SPEC is a degradation, or several joined by |, each with its options.
    """
    from restore.composition import build_degradation

    found = expand(inputs, recursive=recursive, leave_out=Path(output))
    degradation = build_degradation(spec)
    masks = may_mask(degradation)

    def beside(result: Path) -> list[Path]:
        return [mask_path(result)] * masks + [sidecar_path(result)] * sidecar

    chosen = plan(found, output, suffix=suffix, extension=extension, keep=LOSSLESS, overwrite=overwrite, beside=beside)

    def work(job: Job, _: Ticker) -> Done:
        own_seed = seed_of(seed, job.relative) if chosen.into_folder else seed
        return degrade_one(
            degradation, spec, job, seed=own_seed, sidecar=sidecar, overwrite=overwrite, max_pixels=max_pixels
        )

    results = run_batch(chosen, work, by=spec, verb="degraded", overwrite=overwrite)
    about = {"command": "degrade", "spec": spec, "seed": seed}
    finish(results, about, verb="degraded", as_json=as_json)


def seed_of(seed: int, relative: Path) -> int:
    """Return the seed of an image in a folder: the first 48 bits of SHA-256 of ``SEED/relative/path.png``."""
    digest = hashlib.sha256(f"{seed}/{relative.as_posix()}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big")


def may_mask(degradation: Degradation) -> bool:
    """Whether a degradation, or one of its parts, has a mask of its own: its class says it, no plugin need tell."""
    from restore.composition import Pipeline
    from restore.contracts import Degradation

    parts = degradation.parts if isinstance(degradation, Pipeline) else [degradation]
    return any(getattr(type(part), method) is not getattr(Degradation, method) for part in parts for method in MASKING)


def mask_path(result: Path) -> Path:
    """Return the file of the mask beside a result."""
    return result.with_name(f"{result.stem}{MASK}.png")


def sidecar_path(result: Path) -> Path:
    """Return the file that tells the seed and the draws beside a result."""
    return result.with_name(f"{result.name}.json")


def degrade_one(
    degradation: Degradation,
    spec: str,
    job: Job,
    *,
    seed: int,
    sidecar: bool,
    overwrite: bool,
    max_pixels: int | None,
) -> Done:
    """Degrade one image; write the mask and the sidecar first, so that a result is complete when it appears.

    Raises:
        RestoreError: an image that cannot be read, degraded or written.
    """
    from restore import images
    from restore.composition import observe
    from restore.images.save import check_writable, encode

    photo = images.load(job.source, max_pixels=max_pixels or images.DEFAULT_MAX_PIXELS)
    check_writable(photo, job.output)
    degraded = observe(photo, degradation, seed=seed)
    facts: dict[str, Any] = {"spec": spec, "seed": seed, "mask": None, "params": dict(degraded.params)}
    remark = f"{degraded.photo.width} x {degraded.photo.height}"
    if degraded.mask is not None:
        place = mask_path(job.output)
        _write(place, encode(degraded.mask, ".png"), overwrite)
        facts["mask"] = str(place)
        remark += f", {degraded.mask.pixels.astype(bool).mean():.1%} missing"
    if sidecar:
        record = json.dumps({"schema": SCHEMA, "input": str(job.source), **facts}, indent=2)
        _write(sidecar_path(job.output), record.encode() + b"\n", overwrite)
    images.save(degraded.photo, job.output, overwrite=overwrite)
    return Done(facts=facts, remark=remark)


def _write(path: Path, data: bytes, overwrite: bool) -> None:
    """Write a file whole or not at all. One that is there with the same bytes is what an interrupted run left.

    Raises:
        UsageError: another is there, and may not be replaced.
        InputError: the disk refuses.
    """
    try:
        if not overwrite and os.path.lexists(path):
            if path.is_file() and path.read_bytes() == data:
                return
            raise UsageError(f"{path} exists already", "choose another name, or add --overwrite")
        with replacing(path, overwrite=overwrite) as temporary:
            temporary.write_bytes(data)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror or error}", "check the folder and the disk"
        ) from error
