"""How much faster is SRResNet in bfloat16 and channels_last than in float32 and NCHW? Prints ratios.

All variants run in turns in one process, so that whatever else the machine does slows them alike.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from restore.contracts import Model
from restore.registry import registry
from restore.runtime.policy import DTYPES, choose_device

VARIANTS = (
    ("float32", torch.contiguous_format),
    ("float32", torch.channels_last),
    ("bfloat16", torch.contiguous_format),
    ("bfloat16", torch.channels_last),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=192, help="of the square input, in pixels [192]")
    parser.add_argument("--rounds", type=int, default=7, help="of all variants [7]")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    options = parser.parse_args()
    device = choose_device(options.device)
    model = registry().find("model", "srresnet").build(norm="none", skip="bilinear")
    image = torch.rand(1, 3, options.side, options.side, generator=torch.Generator().manual_seed(0))
    passes = [prepared(model, image, device, *variant) for variant in VARIANTS]
    for run in passes:
        run()
    times = [[run() for run in passes] for _ in range(options.rounds)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    print(f"SRResNet x4, {options.side} x {options.side} input, {device}, {torch.get_num_threads()} threads")
    for (precision, layout), median in zip(VARIANTS, medians, strict=True):
        name = "NCHW" if layout == torch.contiguous_format else "channels_last"
        print(f"{precision:>9} {name:<14}{median * 1e3:9.1f} ms {medians[0] / median:6.2f}x")


def prepared(
    model: Model, image: torch.Tensor, device: torch.device, precision: str, layout: torch.memory_format
) -> Callable[[], float]:
    """Return a timed pass of a copy of the model; a later variant must not change the layout of an earlier one."""
    own = registry().find("model", "srresnet").build(norm="none", skip="bilinear")
    own.load_state_dict(model.state_dict())
    own = own.to(device).to(memory_format=layout).eval().requires_grad_(False)
    placed = image.to(device).contiguous(memory_format=layout)

    def run() -> float:
        start = time.perf_counter()
        with torch.no_grad(), torch.autocast(device.type, DTYPES[precision], enabled=precision != "float32"):
            own(placed)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    return run


if __name__ == "__main__":
    main()
