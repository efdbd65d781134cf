"""``restore sample``: draw images from a prior."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from restore.cli.console import console, emit, say
from restore.cli.outputs import WRITTEN
from restore.errors import InputError, UsageError
from restore.seeds import SEEDS

if TYPE_CHECKING:
    from torch import Tensor

    from restore.contracts import Prior

EXAMPLES = """
\b
Examples:
  restore sample dcgan-faces -o grid.png
  restore sample dcgan-faces -n 16 --seed 3 -o grid.png --overwrite
  restore sample dcgan-mnist -n 100 -o digits/
  restore sample dcgan-faces --weights mine.safetensors -o mine.png

OUT is a file, for all images in one grid, or a folder (one that exists, or a
name that ends in /), for a file each: 0000.png, 0001.png ... The seed decides
the latents. `restore list priors` shows what there is; a prior without weights
is trained first (`restore list recipes`) or given some with --weights.
"""
BATCH = 64
"""Images that are decoded at once."""


@click.command(epilog=EXAMPLES)
@click.argument("prior")
@click.option(
    "-n", "--count", type=click.IntRange(1, 100_000), default=64, show_default=True, metavar="N", help="How many."
)
@click.option("-o", "--output", default="samples.png", show_default=True, metavar="OUT", help="File or folder.")
@click.option("--set", "pairs", multiple=True, metavar="K=V", help="An option of the prior; repeatable.")
@click.option("--weights", metavar="FILE", help="Weights of your own; also PRIOR:weights=FILE.")
@click.option("--device", default="auto", show_default=True, metavar="D", help="auto, cpu, cuda, mps.")
@click.option(
    "--seed", type=click.IntRange(0, SEEDS - 1), default=0, show_default=True, metavar="S", help="Of the latents."
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def sample(
    prior: str,
    count: int,
    output: str,
    pairs: tuple[str, ...],
    weights: str | None,
    device: str,
    seed: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Draw images from PRIOR and write them to OUT."""
    from restore.options import parse, parse_pairs
    from restore.priors import assemble
    from restore.registry import registry

    name, options = parse(prior)
    options |= parse_pairs(pairs)
    if "device" in options:
        raise UsageError("device is no option of a prior", f"write --device {options['device']}")
    paths = places(output, count, overwrite)
    component, _ = registry().find_weighted("prior", name)
    file = component.take_weights(options, weights and Path(weights))
    made, filled_with = assemble(name, options, device=device, weights=file)
    shape = write(draw(made, count, seed), paths, overwrite)
    say(f"{count} images of {shape[2]} x {shape[1]} in {output}")
    if as_json:
        told = {"prior": prior, "options": dict(options), "weights": filled_with, "seed": seed, "count": count}
        emit({"command": "sample", **told, "shape": shape, "outputs": [str(path) for path in paths]})


def places(output: str, count: int, overwrite: bool) -> list[Path]:
    """Return the file of a grid, or those of a folder. Raises UsageError before anything is drawn."""
    target = Path(output)
    if target.is_dir() or output.endswith("/"):
        digits = max(4, len(str(count - 1)))
        paths = [target / f"{number:0{digits}d}.png" for number in range(count)]
    elif target.suffix.lower() in WRITTEN:
        paths = [target]
    else:
        raise UsageError(
            f"{output}: images cannot be written as {target.suffix or 'a file without suffix'}",
            f"use {', '.join(WRITTEN)}, or end the name of a folder with /",
        )
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise UsageError(f"{there[0]} exists already", "choose another name, or add --overwrite")
    return paths


def draw(prior: Prior, count: int, seed: int) -> Iterator[Tensor]:
    """Yield images ``(n, C, H, W)`` of latents that the seed decides, a portion at a time. Raises InputError."""
    import torch
    from rich.progress import track

    latents = prior.sample(count, torch.Generator().manual_seed(seed))
    where = next((tensor.device for tensor in (*prior.parameters(), *prior.buffers())), latents.device)
    portions = torch.split(latents, BATCH)
    hidden = not console().is_terminal or len(portions) == 1
    for portion in track(portions, "drawing", console=console(), transient=True, disable=hidden):
        with torch.inference_mode():
            images = prior.decode(portion.to(where)).float().cpu()
        if not images.isfinite().all():
            raise InputError("the prior made images that are not finite", "restore weights verify, or other weights")
        yield images


def write(portions: Iterator[Tensor], paths: list[Path], overwrite: bool) -> list[int]:
    """Write a grid into one file, or each image into its own; return the shape of an image. Raises InputError."""
    import torch

    from restore.images.arrays import from_torch
    from restore.images.save import save
    from restore.training.pictures import sheet

    if len(paths) == 1:
        images = torch.cat([*portions])
        save(from_torch(sheet({"samples": images})), paths[0], overwrite=overwrite)
        return list(images.shape[1:])
    shape: list[int] = []
    waiting = iter(paths)
    for images in portions:
        shape = list(images.shape[1:])
        for image, path in zip(images.clamp(0, 1).mul(255).round().byte(), waiting, strict=False):
            save(from_torch(image), path, overwrite=overwrite)
    return shape
