"""How much faster is the Restorer than the paper's network as other toolkits run it: in float32, NCHW, by plain torch?

    python benchmarks/speed/restoring.py --data ../shared/data/sr/test

Both have the weights srresnet.psnr-x4 and restore the same arrays, from uint8 to uint8: 256 x 256 pixels to 1024 x
1024, and a photograph to 12 megapixels; with --large, one of 12 megapixels too. The rival sees small images whole and
large ones in tiles of 256 pixels with 10 more on each side. That its network computes what ours does is checked first.
The rows take turns; the brackets hold the smallest and the largest ratio of the rounds. With --data, PSNR on Set5 under
the protocol sr-x4 tells what bfloat16 costs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
import skimage.transform
import torch
from numpy.typing import NDArray
from paper import Paper, same
from torch import Tensor
from turns import in_turns, keep, machine, table

from restore import Restorer, load
from restore.benchmark import find_protocol
from restore.benchmark.cases import make_case
from restore.benchmark.datasets import find_datasets
from restore.benchmark.pair import Pair
from restore.composition import build_degradation
from restore.contracts import Model
from restore.registry import registry
from restore.runtime.policy import autocast
from restore.scripting import errors_told

Pixels = NDArray[np.uint8]
"""``(H, W, 3)``."""
PLAIN = "plain, float32, NCHW"
TILE, PAD = 256, 10
SCALE = 4
PROTOCOL = find_protocol("sr-x4")
CASES = {
    "small": ("256 x 256 to 1024 x 1024", (256, 256)),
    "output": ("1000 x 750 to 12 megapixels", (750, 1000)),
    "large": ("4000 x 3000, 12 megapixels, to 192", (3000, 4000)),
}


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds set5; none: PSNR is not measured")
    parser.add_argument("--rounds", type=int, default=5, help="of all rows [5]; one for the large photograph")
    parser.add_argument("--large", action="store_true", help="an input of 12 megapixels too, which takes long")
    parser.add_argument("--case", action="append", choices=list(CASES), help="only this; repeatable")
    parser.add_argument("--compile", action="store_true", help="the rival compiled, too")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    parser.add_argument("--threads", type=int, help="of torch on the CPU [as torch chooses]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    ours = load("srresnet.psnr-x4", device=options.device)
    rows = rivals(ours, compiled=options.compile)
    found: dict[str, Any] = {"machine": machine(ours.device), "precision": ours.precision, "cases": {}}
    print(f"{found['machine']['device']}, {torch.get_num_threads()} threads, {found['machine']['cpu']}")
    same(rows[PLAIN].network, ours.module, ours.device)
    for case in options.case or [*CASES][: 3 if options.large else 2]:
        name, size = CASES[case]
        rounds = 1 if case == "large" else options.rounds
        print(f"{name}, medians of {rounds} rounds")
        found["cases"][name] = compare(ours, rows, photograph(*size), rounds)
    if options.data is not None:
        found["psnr"] = psnr(ours, rows[PLAIN], options.data)
    keep(options.json, found)


class Plain:
    """A network on arrays, in a precision and a layout, whole or by tiles."""

    def __init__(self, network: Model, device: torch.device, precision: str, layout: torch.memory_format) -> None:
        self.network = network.to(memory_format=layout)  # type: ignore[call-overload]
        self.device, self.precision, self.layout = device, precision, layout

    def restored(self, image: Tensor) -> Tensor:
        """Return what the network makes of ``(1, 3, H, W)`` in [0, 1], on the CPU in float32."""
        placed = image.to(self.device).contiguous(memory_format=self.layout)
        with torch.no_grad(), autocast(self.device, self.precision):
            return self.network(placed).float().cpu()

    def __call__(self, pixels: Pixels) -> Pixels:
        """Return the enlarged array; tile by tile where a side exceeds 256 pixels."""
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().div(255)
        height, width = pixels.shape[:2]
        output = image.new_empty(1, 3, SCALE * height, SCALE * width)
        for (top, bottom), (left, right) in tiles(height, width):
            first_y, first_x = max(top - PAD, 0), max(left - PAD, 0)
            made = self.restored(image[..., first_y : bottom + PAD, first_x : right + PAD])
            y, x = SCALE * (top - first_y), SCALE * (left - first_x)
            inside = made[..., y : y + SCALE * (bottom - top), x : x + SCALE * (right - left)]
            output[..., SCALE * top : SCALE * bottom, SCALE * left : SCALE * right] = inside
        return output[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()


def tiles(height: int, width: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield the rows and columns of tiles."""
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield (top, min(top + TILE, height)), (left, min(left + TILE, width))


def rivals(ours: Restorer, *, compiled: bool) -> dict[str, Plain]:
    """Return the paper's network with our weights: plain, then with one after the other of what the Restorer does."""
    planar, packed = torch.contiguous_format, torch.channels_last
    rows = {
        name: Plain(Paper(ours.module), ours.device, precision, layout)
        for name, precision, layout in (
            (PLAIN, "float32", planar),
            ("plain, float32, channels_last", "float32", packed),
            (f"plain, {ours.precision}, NCHW", ours.precision, planar),
            (f"plain, {ours.precision}, channels_last", ours.precision, packed),
        )
    }
    if compiled:
        network = Plain(Paper(ours.module), ours.device, ours.precision, packed)
        network.network = torch.compile(network.network, dynamic=False)  # type: ignore[assignment]
        rows[f"plain, {ours.precision}, channels_last, compiled"] = network
    return rows


def photograph(height: int, width: int) -> Pixels:
    """Return a photograph of scikit-image in a size."""
    image = skimage.transform.resize(skimage.data.astronaut(), (height, width), order=3, anti_aliasing=True)
    return (image.clip(0, 1) * 255).round().astype(np.uint8)


def compare(ours: Restorer, rows: dict[str, Plain], pixels: Pixels, rounds: int) -> list[dict[str, Any]]:
    """Time all rows on an image that the rival sees whole, on others the plain one and ours."""
    shown = rows if max(pixels.shape) <= TILE else {PLAIN: rows[PLAIN]}
    runs: dict[str, Callable[[], object]] = {name: lambda row=row: row(pixels) for name, row in shown.items()}
    runs["Restorer"] = lambda: ours(pixels)
    return table(in_turns(runs, rounds, warm=1 if rounds > 1 else 0), PLAIN)


def psnr(ours: Restorer, rival: Plain, data: Path) -> dict[str, float]:
    """Print and return the mean PSNR on Set5 of both."""
    metric, degradation = registry().find("metric", "psnr").build(), build_degradation(PROTOCOL.degradation)
    [dataset] = find_datasets(data, ["set5"])
    scores: dict[str, list[float]] = {"plain": [], "Restorer": []}
    for case in (make_case(image, PROTOCOL, degradation) for image in dataset.images):
        shown = case.degraded.numpy()
        for name, row in (("plain", rival), ("Restorer", ours)):
            made = torch.from_numpy(np.ascontiguousarray(row(shown))).permute(2, 0, 1)[None]
            scores[name].append(Pair(made, case.target, PROTOCOL).scored_by(metric).item())
    means = {name: sum(found) / len(found) for name, found in scores.items()}
    gain = means["Restorer"] - means["plain"]
    print(f"PSNR on Set5: plain {means['plain']:.3f} dB, Restorer {means['Restorer']:.3f} dB ({gain:+.4f})")
    return means


if __name__ == "__main__":
    main()
