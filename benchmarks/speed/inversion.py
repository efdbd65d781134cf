"""How much faster is a latent search in one batch than the usual loop?

    python benchmarks/speed/inversion.py                      # 64 images x 8 restarts, a DCGAN with random weights
    python benchmarks/speed/inversion.py --prior dcgan-mnist --device cuda

The usual loops are float32 in torch's default layout, with torch.optim.Adam: one search at a time, and one image at a
time with its restarts as a batch. Ours is `restore.inversion` with the precision that the runtime chooses. All minimise
the same error outside of the same masks, without early stops. A loop takes the same time for each image, so it is timed
on a few; the rows take turns, in several rounds, so that whatever else the machine does slows them alike.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from restore import load_prior
from restore.composition import build_degradation
from restore.contracts import Prior
from restore.inversion import Settings, invert
from restore.registry import registry
from restore.runtime.policy import choose_device, choose_precision
from restore.scripting import errors_told

RATE = 0.05


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prior", help="its name [a DCGAN of 64 channels, with random weights]")
    parser.add_argument("--weights", help="a file for it")
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--restarts", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10, help="of every search [10]")
    parser.add_argument("--rounds", type=int, default=3, help="in which the rows take turns [3]")
    parser.add_argument("--searches", type=int, default=16, help="that a loop is timed on [16]")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    device = choose_device(options.device)
    prior = load_prior(options.prior, weights=options.weights) if options.prior else untrained()
    compare(prior.to(device), device, options)


def untrained() -> Prior:
    """Return a generator of 64 x 64 faces by its architecture: what it makes has no part in its speed."""
    torch.manual_seed(0)
    prior: Prior = registry().find("prior", "dcgan-faces").build(width=64, kernel=4)
    return prior.eval().requires_grad_(False)


def compare(prior: Prior, device: torch.device, options: argparse.Namespace) -> None:
    """Time the rows in turns and print seconds a step of a search, and ratios."""
    precision = choose_precision("auto", device, ("float32", "bfloat16"))
    with torch.no_grad():
        images = prior.decode(prior.sample(options.images, torch.Generator().manual_seed(1)).to(device))
        seen = build_degradation("mask-center").observe(images, torch.Generator().manual_seed(0))
    usual, few = seen.image, max(1, options.searches // options.restarts)
    settings = Settings(
        steps=options.steps, restarts=options.restarts, learning_rate=RATE, schedule="constant", patience=None
    )
    rows: dict[str, tuple[int, Callable[[], object]]] = {
        "usual loop, a search at a time": (
            options.searches,
            lambda: [loop(prior, usual[i % len(usual)], seen.mask, 1, options.steps) for i in range(options.searches)],
        ),
        "usual loop, an image at a time": (
            few * options.restarts,
            lambda: [
                loop(prior, usual[i % len(usual)], seen.mask, options.restarts, options.steps) for i in range(few)
            ],
        ),
        f"restore.inversion, {precision}": (
            options.images * options.restarts,
            lambda: invert(prior, seen, settings=settings, precision=precision),
        ),
        "restore.inversion, float32": (
            options.images * options.restarts,
            lambda: invert(prior, seen, settings=settings),
        ),
    }
    spent: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(options.rounds):
        for name, (searches, work) in rows.items():
            spent[name].append(seconds(work, device) / searches / options.steps)
    ours = statistics.median(spent[f"restore.inversion, {precision}"])
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(
        f"{where}: {options.images} images x {options.restarts} restarts x {options.steps} steps, {prior_name(prior)}"
    )
    for name, times in spent.items():
        middle = statistics.median(times)
        print(f"  {name:<34}{middle * 1e3:9.3f} ms a step of a search   {middle / ours:5.2f} x")


def loop(prior: Prior, image: Tensor, mask: Tensor | None, restarts: int, steps: int) -> Tensor:
    """Return the best latent of an image ``(C, H, W)``, as it is usually searched for."""
    known = 1 - mask[:1] if mask is not None else torch.ones_like(image[None, :1])
    z = prior.sample(restarts, torch.Generator().manual_seed(0)).to(image.device).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=RATE)
    best, lowest = z.detach().clone(), float("inf")
    for _ in range(steps):
        optimizer.zero_grad()
        errors = ((prior.decode(z) - image) * known).square().flatten(1).mean(1)
        errors.sum().backward()
        least = errors.min().item()
        if least < lowest:
            best, lowest = z.detach()[errors.argmin()].clone(), least
        optimizer.step()
        with torch.no_grad():
            z.clamp_(-1, 1)
    return best


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return the wall time of some work."""
    begun = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begun


def prior_name(prior: Prior) -> str:
    """Return what the prior is, in a word and a number."""
    count = sum(parameter.numel() for parameter in prior.parameters())
    return f"{type(prior).__name__} of {count / 1e6:.1f} M parameters"


if __name__ == "__main__":
    main()
