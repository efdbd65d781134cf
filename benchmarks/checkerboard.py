"""Does a model print a grid? The mean error at each phase of a period, in levels of 255, over a folder of images.

    python benchmarks/checkerboard.py --data Set5 srresnet srgan:weights=run/srgan-x4.safetensors

The phase of a pixel is its row and column modulo the period. An error that knows nothing of it has nearly the same mean
at every phase; `chance` is what would be left if the errors of pixels were independent.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

import restore
from restore import images
from restore.resize import downscale, round_to_uint8
from restore.runtime import Restorer
from restore.scripting import errors_told
from restore.training.data import find_images


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Of one image."""

    grid: float
    """Root of the mean square, over channels and phases, of what a phase's mean error differs by from the mean."""
    chance: float
    """The same of independent errors of this size."""
    psnr: float


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="of super-resolution: srresnet, srgan:weights=FILE")
    parser.add_argument("--data", type=Path, required=True, help="folder of images")
    parser.add_argument("--period", type=int, help="of the grid, in pixels [the model's scale]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    options = parser.parse_args()
    paths = find_images(options.data)
    for name in options.models:
        restorer = restore.load(name, device=options.device, precision="float32")
        period = options.period or restorer.scale
        print(f"{name}: phases of {period} x {period} pixels, levels of 255")
        found = {path.stem: measured(restorer, path, period) for path in paths}
        for stem, one in found.items():
            print(f"  {stem:<16} grid {one.grid:6.3f}  chance {one.chance:6.3f}  PSNR {one.psnr:6.2f} dB")
        grid, chance, psnr = (fmean(getattr(one, key) for one in found.values()) for key in ("grid", "chance", "psnr"))
        print(f"  {'mean':<16} grid {grid:6.3f}  chance {chance:6.3f}  PSNR {psnr:6.2f} dB")


def measured(restorer: Restorer, path: Path, period: int) -> Measured:
    """Downscale an image by the model's scale, restore it and look at the error."""
    photo = images.load(path)
    unit = math.lcm(restorer.scale, period)
    sides = (side // unit * unit for side in (photo.height, photo.width))
    original = photo.source().read(0, 0, *sides).expand(-1, 3, -1, -1)
    small = round_to_uint8(downscale(original, restorer.scale))
    error = (restorer(small).cpu() - original)[0] * 255
    by_phase = phase_means(error, period)
    pixels = error[0].numel() // period**2
    return Measured(
        grid=float((by_phase - by_phase.mean((1, 2), keepdim=True)).square().mean().sqrt()),
        chance=float(error.std() * math.sqrt((1 - period**-2) / pixels)),
        psnr=float(20 * torch.log10(255 / error.square().mean().sqrt())),
    )


def phase_means(error: Tensor, period: int) -> Tensor:
    """Return the mean of ``(C, H, W)`` at each phase, ``(C, period, period)``."""
    channels, height, width = error.shape
    return error.reshape(channels, height // period, period, width // period, period).mean((1, 3))


if __name__ == "__main__":
    main()
