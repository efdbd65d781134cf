"""How much memory does a very large result take? Runs `restore run` in a process of its own and prints its peak.

The peak is that of the resident set, the interpreter and its libraries included, from start to written file. What
remains after the input and the output as they are stored, three bytes a pixel, is what tiles and libraries take.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

GIB = 2**30


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=2500, help="of the square input, in pixels [2500]")
    parser.add_argument("--model", default="srresnet", help="a model that enlarges x4 [srresnet]")
    parser.add_argument("--precision", default="auto", help="as for `restore run` [auto]")
    options = parser.parse_args()
    Image.MAX_IMAGE_PIXELS = None
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.png"), Path(folder, "out.png")
        chance = np.random.default_rng(0)
        small = chance.integers(0, 256, (options.side // 50, options.side // 50, 3), dtype=np.uint8)
        Image.fromarray(small).resize((options.side, options.side), Image.Resampling.BICUBIC).save(source)
        arguments = ["run", options.model, str(source), "-o", str(target), "--precision", options.precision]
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "from restore.cli import main; main()", *arguments], check=True)
        seconds = time.perf_counter() - start
        with Image.open(target) as image:
            width, height = image.size
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    stored = 3 * (options.side**2 + width * height)
    print(
        f"{options.side} x {options.side} -> {width} x {height}, {width * height / 1e6:.0f} megapixels, {seconds:.0f} s"
    )
    print(f"peak {peak / GIB:.2f} GiB = input and output {stored / GIB:.2f} GiB + {(peak - stored) / GIB:.2f} GiB")


if __name__ == "__main__":
    main()
