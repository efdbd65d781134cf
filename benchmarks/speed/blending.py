"""How much faster is Poisson blending through coarser grids than by a direct solution?

    python benchmarks/speed/blending.py
    python benchmarks/speed/blending.py --fills 8 --alone 0

Square holes, from the mask to the filled image, of three channels of random numbers. The direct solution is that of
SciPy, SuperLU, with the ordering that fills in least, of the same equations, all channels and fills at once. The rows
take turns; the brackets hold the smallest and the largest ratio of the rounds. First a hole of a million pixels is
blended without a rival, and told by how much the memory of the process grew.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse.linalg import splu
from torch import Tensor
from turns import in_turns, keep, machine, table

from restore.scripting import errors_told
from restore_inpainting.poisson import Poisson, left_side, right_side

DIRECT = "direct"


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, action="append", help="of a hole; repeatable [300 and 600]")
    parser.add_argument("--alone", type=int, default=1000, help="side of the hole without a rival; 0: none [1000]")
    parser.add_argument("--fills", type=int, default=1, help="of each hole [1]")
    parser.add_argument("--rounds", type=int, default=3, help="in which the rows take turns [3]")
    parser.add_argument("--threads", type=int, default=1, help="of torch [1]; SciPy has one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    found: dict[str, Any] = {"machine": machine(torch.device("cpu")), "cases": {}}
    print(f"{found['machine']['device']}, {options.threads} threads, {found['machine']['cpu']}")
    if options.alone:
        found["alone"] = alone(options.alone, options.fills)
    for side in options.side or (300, 600):
        found["cases"][side] = compare(side, options.fills, options.rounds)
    keep(options.json, found)


def case(side: int, fills: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return what is missing, an image and fills: a hole with two known pixels around it."""
    missing = torch.zeros(side + 4, side + 4, dtype=torch.bool)
    missing[2:-2, 2:-2] = True
    random = torch.rand(1 + fills, 3, side + 4, side + 4, generator=torch.Generator().manual_seed(0))
    return missing, random[0], random[1:]


def blended(missing: Tensor, image: Tensor, fills: Tensor) -> Tensor:
    """Return the images as the plugin fills them."""
    return Poisson(missing).blend(image, fills)


def directly(missing: Tensor, image: Tensor, fills: Tensor) -> Tensor:
    """Return the images filled by factors of the matrix."""
    holes = missing.numpy()
    difference = torch.where(missing, 0, image - fills).double().flatten(0, 1).numpy()
    symmetric = {"SymmetricMode": True}
    matrix = left_side(holes).tocsc()
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)
    correction = factors.solve(np.stack([right_side(holes, channel) for channel in difference], axis=1))
    done = torch.where(missing, fills, image)
    done.flatten(0, 1)[:, missing] += torch.from_numpy(correction.T).float()
    return done


def alone(side: int, fills: int) -> dict[str, float]:
    """Blend once, and print and return seconds of the processor and megabytes."""
    given = case(side, fills)
    before, start = peak(), time.process_time()
    blended(*given)
    taken = {"side": side, "seconds": time.process_time() - start, "megabytes": peak() - before}
    print(f"{fills} x 3 x {side} x {side}: {taken['seconds']:.1f} s of the processor, {taken['megabytes']:.0f} MB")
    return taken


def peak() -> float:
    """Return the largest resident set so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def compare(side: int, fills: int, rounds: int) -> list[dict[str, Any]]:
    """Check that both give the same, time them, print and return the rows."""
    given = case(side, fills)
    away = (blended(*given) - directly(*given)).abs().max().item()
    print(f"{fills} x 3 x {side} x {side}, medians of {rounds} rounds; they differ by {away:.0e} at most")
    runs = {DIRECT: lambda: directly(*given), "multigrid": lambda: blended(*given)}
    return table(in_turns(runs, rounds, warm=0), DIRECT, unit="hole")


if __name__ == "__main__":
    main()
