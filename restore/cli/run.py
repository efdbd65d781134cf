"""``restore run``: restore images."""

from __future__ import annotations

import functools
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from restore.cli import labels
from restore.cli.batch import Done, Ticker, finish, run_batch
from restore.cli.files import expand
from restore.cli.given import checked
from restore.cli.masks import find_masks, mask_of
from restore.cli.outputs import Job, plan
from restore.errors import RestoreError, UsageError
from restore.plugin import ModelSpec

if TYPE_CHECKING:
    from restore.images import Photo
    from restore.runtime import Restorer
    from restore.runtime.restorer import TileSize

EXAMPLES = """
\b
Examples:
  restore run srresnet photo.jpg -o large.png
  restore run bicubic:scale=2 photos/ -o large/ --recursive
  restore run srresnet 'photos/*.jpg' -o large/ --suffix -x4 --format png
  restore run telea holes/ -o filled/ --mask holes/
  restore run telea photo.png -o filled.png --mask mask-center:size=0.2
  restore run srresnet --weights my.safetensors photo.png -o large.png
  restore run cogan-digits --weights my.safetensors digits/ -o labels.csv

INPUT are files, folders and patterns, OUT a file for one image, or a folder,
in which the tree of the inputs is kept. Results that are in the folder already
are left alone: a run that was interrupted continues when it is started again.
A bad file is told and passed over. In a folder, NAME.mask.png is the mask of
NAME and no image of its own. See `restore list models` and `restore info`.
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="OUT", help="File or folder.")
@click.option("--mask", metavar="M", help="White = missing: a file, a folder paired by name, alpha, a degradation.")
@click.option("--set", "pairs", multiple=True, metavar="K=V", help="An option of the model; repeatable.")
@click.option("--weights", metavar="FILE", help="Weights of your own; also MODEL:weights=FILE.")
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, cuda, mps.")
@click.option("--precision", default="auto", show_default=True, metavar="P", help="auto, float32, bfloat16, float16.")
@click.option("--tile", default="auto", show_default=True, metavar="N", help="Side of a tile, auto, or off.")
@click.option("--seed", type=int, metavar="S", help="Of random draws; the same for each image.")
@click.option("--suffix", default="", metavar="TEXT", help="Put after the names of results in a folder.")
@click.option("--format", "extension", metavar="EXT", help="Of results in a folder.  [as the input]")
@click.option("--recursive", is_flag=True, help="Search the folders in a folder.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option("--max-pixels", type=click.IntRange(min=1), metavar="N", help="Refuse larger inputs.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def run(
    model: str,
    inputs: tuple[str, ...],
    output: str,
    mask: str | None,
    pairs: tuple[str, ...],
    weights: str | None,
    device: str,
    precision: str,
    tile: str,
    seed: int | None,
    suffix: str,
    extension: str | None,
    recursive: bool,
    overwrite: bool,
    max_pixels: int | None,
    as_json: bool,
) -> None:
    """Restore INPUT with MODEL and write the results to OUT.

    Or read it: where OUT is a .csv file, MODEL is a prior that classifies, and
    each image gets a line with its label.
    """
    from restore.benchmark.source import told_of_part
    from restore.options import parse, parse_pairs
    from restore.parts import parts_of
    from restore.registry import registry
    from restore.runtime.fitting import check_mask
    from restore.runtime.loading import assemble

    name, options = parse(model)
    options |= parse_pairs(pairs)
    for key in ("device", "precision", "tile"):
        if key in options:
            raise UsageError(f"{key} is no option of a model", f"write --{key} {options[key]}")
    if Path(output).suffix.lower() == ".csv":
        labels.refuse(
            mask=mask, suffix=suffix, format=extension, tile=tile != "auto", precision=precision != "auto",
            seed=seed is not None,
        )  # fmt: skip
        labels.write(
            name, options, inputs, Path(output), weights=Path(weights) if weights else None, device=device,
            recursive=recursive, overwrite=overwrite, max_pixels=max_pixels, as_json=as_json,
        )  # fmt: skip
        return
    found = expand(inputs, recursive=recursive, leave_out=Path(output))
    chosen = plan(found, output, suffix=suffix, extension=extension, overwrite=overwrite)
    masks = find_masks(mask)
    component, _ = registry().find_weighted("model", name)
    side = read_tile(tile)
    values = checked(component, options)
    if isinstance(component.spec, ModelSpec):
        check_mask(masks is not None, component.spec, inputs[0])
    file = component.take_weights(options, weights and Path(weights))
    read = functools.partial(read_one, masks=masks, seed=seed, max_pixels=max_pixels)
    waiting: dict[Job, Read] = {}
    if len(chosen.jobs) == 1 and not as_json:  # what is wrong with the only image is told before a model is loaded
        waiting = {job: read(job) for job in chosen.jobs if overwrite or not job.output.exists()}
    restorer = assemble(name, options, device=device, precision=precision, tile=side, weights=file)

    def work(job: Job, tick: Ticker) -> Done:
        given = waiting.pop(job, None) or read(job)
        return restore_one(restorer, given, job.output, tick, seed=seed, overwrite=overwrite)

    results = run_batch(chosen, work, by=restorer.spec.name, verb="restored", overwrite=overwrite)
    about = {
        "command": "run", "model": model, "options": dict(options), "weights": restorer.weights,
        "parts": [told_of_part(part) for part in parts_of(restorer.module)], "device": str(restorer.device),
        "precision": restorer.precision, "seed": seed if values.get("seed") is None else values["seed"],
    }  # fmt: skip
    finish(results, about, verb="restored", as_json=as_json)


class Read(NamedTuple):
    """What a model is given."""

    photo: Photo
    mask: Any


def read_one(job: Job, *, masks: Any, seed: int | None, max_pixels: int | None) -> Read:
    """Read an image and its mask. Raises RestoreError, also where the result could not be written."""
    from restore import images
    from restore.images.save import check_writable

    limit = max_pixels or images.DEFAULT_MAX_PIXELS
    photo = images.load(job.source, max_pixels=limit)
    check_writable(photo, job.output)
    mask = mask_of(photo, job, masks, seed=seed, max_pixels=limit)
    if mask is not None:
        images.load_mask(mask, photo)
    return Read(photo, mask)


def restore_one(
    restorer: Restorer, given: Read, output: Path, tick: Ticker, *, seed: int | None, overwrite: bool
) -> Done:
    """Restore one image and write it. Raises RestoreError."""
    from restore import images

    outcome = restorer.restore(given.photo, mask=given.mask, seed=seed, progress=tick)
    if outcome.error is not None:
        raise outcome.error
    if outcome.photo is None:
        raise RestoreError(f"{given.photo.name} gave no result")
    images.save(outcome.photo, output, overwrite=overwrite)
    report = outcome.report
    remarks = [f"{outcome.photo.width} x {outcome.photo.height}", f"{report.seconds:.1f} s"]
    if report.missing_share is not None:
        remarks.append(f"{report.missing_share:.1%} missing")
    if report.redone_in_float32:
        remarks.append(f"{report.redone_in_float32} of {report.tiles} tiles redone in float32")
    return Done(facts={"report": asdict(report)}, remark=", ".join(remarks), warnings=report.warnings)


def read_tile(text: str) -> TileSize:
    """Return ``auto``, ``off``, or a number of pixels. Raises UsageError."""
    if text == "auto":
        return "auto"
    if text == "off":
        return "off"
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise UsageError(f"--tile {text}", "give a number of pixels, auto, or off")
