"""Scores of super-resolution models on folders of images, under the protocol sr-y. Prints a table.

Each image is cropped to a multiple of the scale, degraded by `bicubic`, rounded to 8 bits, restored, rounded and
measured: Y of BT.601 in studio range, as many pixels cropped on each side as the scale, mean of the images' scores.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import restore
from restore import images
from restore.runtime import Restorer
from restore.training.data import find_images


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="test sets: Set5, Set14 ...")
    parser.add_argument("-m", "--model", action="append", help="repeatable [bicubic, srresnet]")
    parser.add_argument("--scale", type=int, default=4, help="[4]")
    parser.add_argument("--precision", default="auto", help="as for restore run [auto]")
    options = parser.parse_args()
    names = options.model or ["bicubic", "srresnet"]
    models = {name: restore.load(name, scale=options.scale, precision=options.precision) for name in names}
    print(f"x{options.scale}, sr-y, PSNR / SSIM" + "".join(f"{name:>24}" for name in names))
    for folder in options.folders:
        means = measure(folder, models, options.scale)
        print(f"{folder.name:<22}" + "".join(f"{means[n]['psnr']:>15.3f} / {means[n]['ssim']:.4f}" for n in names))
    print("precision  " + ", ".join(f"{name}: {model.precision}" for name, model in models.items()))


def measure(folder: Path, models: Mapping[str, Restorer], scale: int) -> dict[str, dict[str, float]]:
    """Return the mean scores of each model on the images of a folder."""
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in models}
    paths = find_images(folder)
    for path in paths:
        whole = images.load(path).numpy()
        high = np.ascontiguousarray(whole[: whole.shape[0] // scale * scale, : whole.shape[1] // scale * scale])
        low = restore.degrade(high, f"bicubic:scale={scale}")
        for name, model in models.items():
            scores[name].append(restore.evaluate(model(low), high, protocol="sr-y", scale=scale))
    return {
        name: {key: sum(one[key] for one in own) / len(own) for key in ("psnr", "ssim")} for name, own in scores.items()
    }


if __name__ == "__main__":
    main()
