"""How many steps a second does training take, and how many a plain loop in float32 and NCHW of the same recipe?

    python benchmarks/speed/training.py --data ../shared/data/sr/train
    python benchmarks/speed/training.py --recipe srgan-x4 --steps 10

Both have the recipe's batches, objectives, optimisers, clipping and moving average; the plain network is the paper's,
whose last convolution follows the pixel shuffle. A step of the plain loop is taken between every two of `restore
train`'s loop, so that whatever else the machine does slows both alike. A step is timed from batch to batch, its data
included; the first two do not count, nor does the end of the run. Without --data, three photographs of scikit-image
are trained on. The brackets hold the smallest and the largest ratio of a step.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import skimage
import torch
from paper import Paper, same
from torch import nn
from turns import keep, machine, table

from restore.contracts import Batch, Phase
from restore.registry import registry
from restore.runtime.policy import choose_device, choose_precision
from restore.scripting import errors_told
from restore.training import Settings, Supervised, train

PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png")
WARM = 2


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="srresnet-x4", help="srresnet-x4, srgan-x4 [srresnet-x4]")
    parser.add_argument("--data", type=Path, help="folder of images [photographs of scikit-image]")
    parser.add_argument("--steps", type=int, default=20, help="that count [20]")
    parser.add_argument("--batch", type=int, help="patches a step [the recipe's]")
    parser.add_argument("--compile", action="store_true", help="a plain loop with its generator compiled, too")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda [auto]")
    parser.add_argument("--threads", type=int, help="of torch on the CPU [as torch chooses]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options, Path(folder))
    keep(options.json, found)


def measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Train in a folder, plain loops between the steps; print and return the times."""
    device = choose_device(options.device)
    given: dict[str, Any] = {
        "steps": options.steps + WARM + 1,
        **({"batch_size": options.batch} if options.batch else {}),
    }
    found = {"machine": machine(device), "precision": choose_precision("auto", device, ("bfloat16",)), **vars(options)}
    print(f"{options.recipe} on {found['machine']['device']}, {torch.get_num_threads()} threads, "
          f"{found['machine']['cpu']}; `restore train` in {found['precision']}")  # fmt: skip
    data = options.data if options.data is not None else photographs(folder / "photographs")
    recipe = registry().find("recipe", options.recipe).build(**given)
    assert isinstance(recipe, Supervised)
    kinds = {"plain loop, float32, NCHW": False, **({"plain loop, compiled": True} if options.compile else {})}
    rivals = {name: PlainLoop(recipe, device, compiled=compiled) for name, compiled in kinds.items()}
    times = timed(recipe, {name: rival.step for name, rival in rivals.items()}, device)
    train(recipe, Settings(output=folder / "run", options=given, data=data, device=options.device, quiet=True))
    steps = {name: seconds[WARM : WARM + options.steps] for name, seconds in times.items()}
    found["rows"] = table(steps, next(iter(kinds)), unit="step")
    return {name: value for name, value in found.items() if name not in ("json", "data")}


class PlainLoop:
    """What one writes by hand: every phase of a recipe in float32 and NCHW, with the paper's network."""

    def __init__(self, recipe: Supervised, device: torch.device, *, compiled: bool) -> None:
        network = recipe.network().to(device)
        paper = Paper(network)
        same(paper, network, device)
        try:
            recipe.network = lambda: paper  # type: ignore[method-assign]
            torch.manual_seed(recipe.seed)
            self.phases = recipe.build()
        finally:
            del recipe.network
        self.network = self.phases[-1].network
        self.average = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        if compiled:
            paper.compile(dynamic=False)
        for phase in self.phases:
            phase.network.to(device)
        self.recipe, self.device = recipe, device

    def step(self, batch: Batch) -> None:
        """Take one step."""
        placed = {name: value.to(self.device) for name, value in batch.items()}
        for phase in self.phases:
            self.turn(phase, placed)
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                self.average[name].lerp_(value, 1 - self.recipe.ema)

    def turn(self, phase: Phase, batch: Batch) -> None:
        """Take one phase's turn."""
        phase.network.train()
        phase.optimizer.zero_grad()
        loss, _ = phase.objective(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.recipe.clip is not None:
            nn.utils.clip_grad_norm_(phase.network.parameters(), self.recipe.clip)
        phase.optimizer.step()
        loss.item()


def timed(
    recipe: Supervised, rivals: Mapping[str, Callable[[Batch], None]], device: torch.device
) -> dict[str, list[float]]:
    """Let rivals take their steps whenever the loop asks for a batch; return the seconds of all, as they come."""
    times: dict[str, list[float]] = {name: [] for name in (*rivals, "restore train")}
    draw = recipe.batch
    resumed = 0.0

    def batch(step: int) -> Batch:
        nonlocal resumed
        if resumed:
            times["restore train"].append(clock(device) - resumed)
        for name, take in rivals.items():
            start = clock(device)
            take(draw(step))
            times[name].append(clock(device) - start)
        resumed = clock(device)
        return draw(step)

    recipe.batch = batch  # type: ignore[method-assign]
    return times


def clock(device: torch.device) -> float:
    """Return the time at which a device has done its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def photographs(folder: Path) -> Path:
    """Return a folder of photographs."""
    folder.mkdir()
    for name in PHOTOGRAPHS:
        shutil.copy(Path(skimage.__file__).parent / "data" / name, folder)
    return folder


if __name__ == "__main__":
    main()
