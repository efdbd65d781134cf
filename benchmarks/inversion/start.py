"""How much sooner does a latent search end that starts from the prior's encoder?

    python benchmarks/inversion/start.py --data celeba/                              # dcgan-faces as it is installed
    python benchmarks/inversion/start.py --data celeba/ --weights FILE --images 8 -o runs/start.json

Images that the prior was not trained on lose pixels by four masks, and `semantic-inpainting` searches for them with its
preset `ours`: the same objective, schedule and patience for all, from random starts and from the encoder's guess. What
is followed is the mean over the images of the best objective so far, and where random starts end is what the others
are to reach. A schedule ends with its search, so a search that is given 50 steps is not the beginning of one that is
given 500: searches from the encoder are run with several numbers of steps, and random ones with a tenth too. Both are
run with L-BFGS in Adam's place as well, which has no schedule, so that what the encoder is worth and what the optimiser
is worth can be told apart.

Written are start.json beside this script and the section of docs/inversion.md; docs/draw_start.py draws the curves.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import restore
from restore import weights
from restore.composition import build_degradation
from restore.contracts import Encodes, Observation
from restore.errors import UsageError
from restore.registry import registry
from restore.runtime.policy import autocast, choose_device, choose_precision
from restore.scripting import errors_told
from restore.training.squares import load_squares

ROOT = Path(__file__).resolve().parents[2]
RESULT = Path(__file__).resolve().with_suffix(".json")
PAGE = ROOT / "docs" / "inversion.md"
BEGIN, END = "<!-- starts -->", "<!-- end of starts -->"
BEFORE = "## A prior of one's own gets all this\n"
"""Heading that the section comes before, where the page has none yet."""
MASKS: Mapping[str, str] = {
    "centre": "mask-center", "half": "mask-half", "random 80 %": "mask-random", "pattern": "mask-pattern",
}  # fmt: skip
STEPS, TENTH, BUDGETS, QUICK = 500, 50, (25, 50, 100, 500), 100
"""Of a search that is given time; a tenth; those that the encoder is tried with; and those of L-BFGS."""
DIGITS = 5
"""That are kept of a value."""


@errors_told()
def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder or zip of images")
    parser.add_argument("--prior", default="dcgan-faces", help="its name [dcgan-faces]")
    parser.add_argument("--weights", type=Path, help="a file for it")
    parser.add_argument("--trained-on", type=int, default=9000, help="images before those that are searched for [9000]")
    parser.add_argument("--images", type=int, default=64, help="how many are [64]")
    parser.add_argument("--restarts", type=int, default=8, help="random ones, of each image [8]")
    parser.add_argument("--device", default="auto")
    parser.add_argument("-o", "--output", type=Path, default=RESULT, help="[start.json beside this script]")
    options = parser.parse_args()
    result = measure(options)
    options.output.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print("\n" + section(result))
    if options.output == RESULT:
        PAGE.write_text(with_section(PAGE.read_text("utf-8"), section(result)), "utf-8")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the curves by mask, and what they are of."""
    device = choose_device(options.device)
    prior = restore.load_prior(options.prior, device="cpu", weights=options.weights)
    if not isinstance(prior, Encodes):
        raise UsageError(
            f"{options.prior} has no encoder to start from", f"--weights FILE: restore train {options.prior}-encoder"
        )
    with torch.no_grad():
        channels, side = prior.decode(prior.sample(1, torch.Generator().manual_seed(0))).shape[1:3]
    squares, _ = load_squares(
        options.data, side, lambda *_: None, colors="rgb" if channels == 3 else "gray",
        first=options.trained_on + options.images,
    )  # fmt: skip
    images = squares[options.trained_on :] / 255.0
    if len(images) < options.images:
        raise UsageError(
            f"{options.data} holds {len(squares)} images, not {options.images} beyond the first {options.trained_on}",
            "choose --trained-on and --images",
        )
    found = {}
    for name, mask in MASKS.items():
        seen = build_degradation(mask).observe(images, torch.Generator().manual_seed(0))
        found[name] = curves(seen, options, device)
        print(f"{name}: {summary(found[name])}", flush=True)
    return {
        "prior": options.prior,
        "sha256": sha256(options.prior, options.weights),
        "toolkit": restore.__version__,
        "images": options.images,
        "trained_on": options.trained_on,
        "restarts": options.restarts,
        "masks": found,
    }


def curves(seen: Observation, options: argparse.Namespace, device: torch.device) -> dict[str, Any]:
    """Return the best objective so far at each step, by start and number of steps; the mean over the images."""
    drawn = {
        steps: searched(seen, options, device, start="random", steps=steps, restarts=options.restarts)
        for steps in (TENTH, STEPS)
    }
    guessed = {steps: searched(seen, options, device, start="encoder", steps=steps, restarts=1) for steps in BUDGETS}
    quick = {
        start: searched(seen, options, device, start=start, steps=QUICK, restarts=restarts, optimizer="lbfgs")
        for start, restarts in (("random", options.restarts), ("encoder", 1))
    }
    return {
        "random": {str(steps): kept(best.mean((1, 2))) for steps, best in drawn.items()},
        "best random": {str(steps): kept(best.amin(2).mean(1)) for steps, best in drawn.items()},
        "encoder": {str(steps): kept(best.mean((1, 2))) for steps, best in guessed.items()},
        **{f"{start}, L-BFGS": {str(QUICK): kept(best.mean((1, 2)))} for start, best in quick.items()},
    }


def searched(seen: Observation, options: argparse.Namespace, device: torch.device, **search: Any) -> Tensor:
    """Return the best objective so far, ``(steps, B, R)``, of searches with the preset ``ours``."""
    model: Any = restore.load(
        "semantic-inpainting", device=str(device), prior=options.prior, weights=options.weights, preset="ours",
        blend="copy", seed=0, **search,
    ).module  # fmt: skip
    placed = Observation(image=seen.image.to(device), mask=None if seen.mask is None else seen.mask.to(device))
    with autocast(device, choose_precision("auto", device, ("float32", "bfloat16"))):
        trace: Tensor = model.candidates(placed).found.trace
    return best_so_far(trace.float().cpu())


def best_so_far(trace: Tensor) -> Tensor:
    """Return the smallest value up to each step, along the first axis; a search that is done, NaN, stays there."""
    return trace.nan_to_num(nan=torch.inf).cummin(0).values


def kept(curve: Tensor) -> list[float]:
    """Return numbers with as many digits as are of interest."""
    return [float(f"{value:.{DIGITS}g}") for value in curve.tolist()]


def needed(curve: Sequence[float], target: float) -> int | None:
    """Return how many steps a curve takes to the target, or None where it does not get there."""
    return next((step for step, value in enumerate(curve, 1) if value <= target), None)


def fewest(found: Mapping[str, Any]) -> int | None:
    """Return the smallest number of steps with which Adam from the encoder ends as low as it does from random starts.

    None: with none of those that were tried.
    """
    return next((steps for steps in BUDGETS if found["encoder"][str(steps)][-1] <= target(found)), None)


def target(found: Mapping[str, Any]) -> float:
    """Return where searches from random starts end."""
    value: float = found["random"][str(STEPS)][-1]
    return value


def reached(found: Mapping[str, Any]) -> list[str]:
    """Return the steps to get there: of Adam from the encoder, of L-BFGS from there and from random starts."""
    enough = fewest(found)
    told = ["not reached" if enough is None else str(enough)]
    for start in ("encoder", "random"):
        steps = needed(found[f"{start}, L-BFGS"][str(QUICK)], target(found))
        told.append(f"over {QUICK}" if steps is None else str(steps))
    return told


def summary(found: Mapping[str, Any]) -> str:
    """Return the outcome of a mask in a line."""
    adam, quick, drawn = reached(found)
    return (
        f"random starts end at {target(found):.4f}; steps to get there: from the encoder {adam}, "
        f"with L-BFGS {quick}, with L-BFGS from random starts {drawn}"
    )


def section(result: Mapping[str, Any]) -> str:
    """Return the section of the page, Markdown."""
    ends = ["mask", f"Adam, random, {STEPS}", f"best of {result['restarts']}, {STEPS}", f"random, {TENTH}"]
    ends += ["the guess itself", *(f"encoder, {steps}" for steps in BUDGETS)]
    ends += [f"L-BFGS, random, {TENTH}", f"L-BFGS, encoder, {TENTH}"]
    steps = ["mask", "Adam, encoder", "L-BFGS, encoder", "L-BFGS, random"]
    values, needs = [], []
    for name, found in result["masks"].items():
        guessed = found["encoder"]
        row = [target(found), found["best random"][str(STEPS)][-1], found["random"][str(TENTH)][-1]]
        row += [guessed[str(BUDGETS[0])][0], *(guessed[str(steps)][-1] for steps in BUDGETS)]
        row += [found[f"{start}, L-BFGS"][str(QUICK)][TENTH - 1] for start in ("random", "encoder")]
        values.append([name, *(f"{value:.4f}" for value in row)])
        needs.append([name, *reached(found)])
    return "\n".join(
        [
            BEGIN,
            "## Where a search starts",
            "",
            "The objective of `semantic-inpainting` with `preset=ours` where searches of so many steps end: from",
            f"random starts, and from the encoder of `{result['prior']}`. Means over {result['images']} images that",
            "the prior was not trained on.",
            "",
            *table(ends, values),
            "",
            f"Steps that a search needs to end as low as Adam does from random starts with {STEPS}:",
            "",
            *table(steps, needs),
            "",
            "![The objective against the steps of the search, for four masks](pictures/start.svg)",
            "",
            "`python benchmarks/inversion/start.py --data celeba/` measures it, `python docs/draw_start.py` draws it.",
            END,
        ]
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]


def with_section(page: str, text: str) -> str:
    """Return a page with this section in the place of its older self, or before the heading that it belongs to."""
    if BEGIN not in page:
        before, heading, after = page.partition(BEFORE)
        return f"{before}{text}\n\n{heading}{after}"
    before, _, rest = page.partition(BEGIN)
    return before + text + rest.partition(END)[2]


def sha256(prior: str, file: Path | None) -> str:
    """Return the hash of the prior's weights."""
    if file is not None:
        return weights.digest(file)
    _, installed = registry().find_weighted("prior", prior)
    assert installed is not None, "a prior that could be loaded has weights"
    return installed.sha256


if __name__ == "__main__":
    main()
