"""How much faster are PSNR-Y, SSIM-Y and LPIPS than scikit-image and lpips in a loop, and than torchmetrics?

The pairs have the size of BSD100's images, 481 x 321. All rows run in turns in one process, so that whatever else the
machine does slows them alike; a pair is measured as super-resolution papers do: Y of BT.601, 4 pixels cropped.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import statistics
import time
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import skimage.color
import skimage.data
import skimage.metrics
import torch

from restore.benchmark import Protocol
from restore.errors import WeightsError
from restore.registry import registry

Pairs = Sequence[tuple[np.ndarray, np.ndarray]]
Row = Callable[[], object]

PROTOCOL = Protocol(id="bsd100", color="y", crop_border=4, rounding="uint8")
SCENES = ("astronaut", "chelsea", "coffee", "rocket")
HEIGHT, WIDTH, CROP = 321, 481, 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--pairs", type=int, default=8, help="of images [8]")
    parser.add_argument("--rounds", type=int, default=7, help="of all rows [7]")
    parser.add_argument("--threads", type=int, default=2, help="of torch [2]")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pairs = photographs(options.pairs)
    for heading, rows in (("PSNR-Y and SSIM-Y", structure(pairs)), ("LPIPS-alex", perception(pairs))):
        report(f"{heading}, {len(pairs)} pairs of {WIDTH} x {HEIGHT}, {options.threads} threads", rows, options)


def photographs(count: int) -> Pairs:
    """Return photographs and what a blur and noise make of them, ``(H, W, 3)`` uint8."""
    chance = np.random.default_rng(0)
    pairs = []
    for number in range(count):
        scene = getattr(skimage.data, SCENES[number % len(SCENES)])()
        scene = np.resize(scene, (HEIGHT, WIDTH, 3)) if min(scene.shape[:2]) < HEIGHT else scene
        photo = np.pad(scene, ((0, HEIGHT), (0, WIDTH), (0, 0)), mode="reflect")[:HEIGHT, :WIDTH]
        soft = (photo.astype(float) + np.roll(photo, 1, 0) + np.roll(photo, 1, 1)) / 3
        harmed = np.clip(soft + chance.normal(0, 4, soft.shape), 0, 255).round().astype(np.uint8)
        pairs.append((harmed, np.ascontiguousarray(photo)))
    return pairs


def structure(pairs: Pairs) -> dict[str, Row | str]:
    """Return the rows of PSNR and SSIM; a text says why one is missing."""
    psnr, ssim = (registry().find("metric", name).build() for name in ("psnr", "ssim"))

    def ours() -> list[list[float]]:
        scores = []
        for prediction, target in pairs:
            images = tensor(prediction), tensor(target)
            scores.append([metric(*images, PROTOCOL).item() for metric in (psnr, ssim)])
        return scores

    def scikit_image() -> list[list[float]]:
        scores = []
        for prediction, target in pairs:
            a, b = (skimage.color.rgb2ycbcr(image)[CROP:-CROP, CROP:-CROP, 0] for image in (prediction, target))
            scores.append(
                [
                    skimage.metrics.peak_signal_noise_ratio(b, a, data_range=255),
                    skimage.metrics.structural_similarity(
                        b, a, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
                    ),
                ]
            )
        return scores

    difference = np.abs(np.array(ours()) - np.array(scikit_image())).max()
    print(f"ours and scikit-image differ by {difference:.1e} at most\n")
    return {"ours": ours, "scikit-image loop": scikit_image, "torchmetrics": torchmetrics_structure(pairs)}


def torchmetrics_structure(pairs: Pairs) -> Row | str:
    """Return torchmetrics' row: float32, reflected borders, what its functions do."""
    if importlib.util.find_spec("torchmetrics") is None:
        return "n/a: torchmetrics is not installed"
    from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

    weights = torch.tensor([65.481, 128.553, 24.966])[:, None, None] / 255

    def row() -> list[float]:
        scores = []
        for pair in pairs:
            a, b = (
                ((tensor(image).float() * weights).sum(1, keepdim=True) + 16)[..., CROP:-CROP, CROP:-CROP]
                for image in pair
            )
            scores.append(float(peak_signal_noise_ratio(a, b, data_range=255.0)))
            scores.append(float(structural_similarity_index_measure(a, b, data_range=255.0)))
        return scores

    return row


def perception(pairs: Pairs) -> dict[str, Row | str]:
    """Return the rows of LPIPS."""
    metric = registry().find("metric", "lpips").build()
    images = [(tensor(a), tensor(b)) for a, b in pairs]

    def ours() -> list[float]:
        return [metric(a, b, PROTOCOL).item() for a, b in images]

    first: Row | str = ours
    try:
        ours()
    except WeightsError as error:
        first = f"n/a: {error.message}; {error.cure}"
    return {"ours": first, "lpips loop": lpips_loop(pairs)}


def lpips_loop(pairs: Pairs) -> Row | str:
    """Return the row of the authors' package, with a random trunk: what is timed needs no download."""
    if any(importlib.util.find_spec(name) is None for name in ("lpips", "torchvision")):
        return "n/a: lpips and torchvision are not both installed"
    try:
        import lpips

        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            network = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    except Exception as error:  # noqa: BLE001 - a torchvision that does not match torch fails in many ways
        return f"n/a: {type(error).__name__}: {error}"

    def row() -> list[float]:
        with torch.no_grad():
            return [network(*(tensor(image).float() / 127.5 - 1 for image in pair)).item() for pair in pairs]

    return row


def tensor(image: np.ndarray) -> torch.Tensor:
    """Return ``(1, 3, H, W)`` of an ``(H, W, 3)`` array."""
    return torch.from_numpy(image).permute(2, 0, 1)[None]


def report(heading: str, rows: dict[str, Row | str], options: argparse.Namespace) -> None:
    """Time the rows in turns and print their medians, and how many times as long as ours each takes."""
    runs = {name: row for name, row in rows.items() if callable(row)}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(options.rounds + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if turn:  # the first warms up
                times[name].append((time.perf_counter() - start) / options.pairs)
    print(heading)
    for name, row in rows.items():
        if isinstance(row, str):
            print(f"  {name:<20}{row}")
            continue
        median, own = statistics.median(times[name]), statistics.median(times.get("ours", times[name]))
        print(f"  {name:<20}{median * 1e3:8.2f} ms a pair {median / own:6.2f}x ours")
    print()


if __name__ == "__main__":
    main()
