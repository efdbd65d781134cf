"""A result as a run leaves it: photographs of scikit-image, made small, enlarged in three ways, measured."""

from __future__ import annotations

import hashlib
import statistics

import numpy as np
import pytest
import skimage.data
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from restore.benchmark.protocol import hash_of

SCALE = 4
MODELS = ("bicubic", "lanczos", "sharpened")
PHOTOGRAPHS = {
    "photos": [
        *(("astronaut", y, x) for y in (0, 170, 320) for x in (20, 200)),
        ("chelsea", 20, 90), ("coffee", 90, 200),
    ],
    "rockets": [("rocket", 60, 250), ("rocket", 200, 240), ("hubble_deep_field", 300, 300)],
}  # fmt: skip


def enlarged(small: Image.Image, size: tuple[int, int]) -> dict[str, np.ndarray]:
    bicubic = np.asarray(small.resize(size, Image.Resampling.BICUBIC))
    lanczos = np.asarray(small.resize(size, Image.Resampling.LANCZOS))
    pixels = bicubic.astype(float)
    sharp = pixels + 1.6 * (pixels - gaussian_filter(pixels, (2, 2, 0)))
    return {"bicubic": bicubic, "lanczos": lanczos, "sharpened": sharp.clip(0, 255).round().astype(np.uint8)}


def measured(image: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """PSNR and SSIM as they are, and in place of LPIPS a distance of edges, which sharp images do well on."""
    edges = [np.hypot(*np.gradient(pixels.mean(axis=2))) for pixels in (image, target)]
    return {
        "psnr": float(peak_signal_noise_ratio(target, image)),
        "ssim": float(structural_similarity(target, image, channel_axis=-1)),
        "lpips": float(abs(edges[0].std() - edges[1].std()) / edges[1].std()),
    }


def build(folder, photographs=PHOTOGRAPHS, side=(208, 160)) -> dict:
    """Write the images of a run below ``folder`` and return its results."""
    scores, datasets, timing = [], [], []
    for dataset, cuts in photographs.items():
        entries = []
        for number, (name, top, left) in enumerate(cuts):
            image = f"{name}-{number}"
            target = np.ascontiguousarray(getattr(skimage.data, name)()[top : top + side[1], left : left + side[0], :3])
            height, width = (length - length % SCALE for length in target.shape[:2])
            target = target[:height, :width]
            small = Image.fromarray(target).resize((width // SCALE, height // SCALE), Image.Resampling.BICUBIC)
            states = {**enlarged(small, (width, height)), "input": np.asarray(small), "target": target}
            for state, pixels in states.items():
                path = folder / "images" / dataset / state / f"{image}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path, compress_level=1)
            digest = hashlib.sha256(target.tobytes()).hexdigest()
            entries.append({"name": image, "sha256": digest, "width": width, "height": height})
            for index, model in enumerate(MODELS):
                place = {"model": model, "dataset": dataset, "image": image}
                found = measured(states[model], target)
                scores.append(
                    {**place, "seed": number, "width": width, "height": height, "status": "ok", "error": None,
                     "metrics": found, "reasons": {}}
                )  # fmt: skip
                timing.append(
                    {**place, "seconds": 0.01 * (index + 1) + 0.0005 * number, "io_seconds": 0.002,
                     "metric_seconds": 0.01, "repeats": 3, "peak_device_bytes": None,
                     "peak_host_bytes": 400_000_000}
                )  # fmt: skip
        digest = hashlib.sha256("".join(e["name"] + e["sha256"] for e in entries).encode()).hexdigest()
        datasets.append({"name": dataset, "folder": f"data/{dataset}", "images": entries, "hash": digest})
    fields = {
        "id": "sr-x4", "task": "super-resolution", "scale": 4, "color": "y", "crop_border": "scale",
        "rounding": "uint8", "degradation": "bicubic:scale=4", "datasets": list(photographs),
        "metrics": ["psnr", "ssim", "lpips"], "seed": 0,
        "summary": "super-resolution by 4 as papers measure it: luma, 4 pixels cropped",
    }  # fmt: skip
    results = {
        "schema": 1,
        "created": "2026-01-02T03:04:05+00:00",
        "command": ["restore", "bench", "sr-x4", "-m", "lanczos", "-m", "sharpened", "-o", "out"],
        "protocol": {
            "id": "sr-x4",
            "hash": hash_of(fields),
            "fields": fields,
            "description": "levels    0..255, rounded to whole levels before measuring\nborder    4 pixels cropped",
        },
        "degradation": [
            {"name": "bicubic", "distribution": "restore-toolkit", "version": "0.1.0",
             "options": {"scale": 4, "border": "symmetric", "rounding": "none"}},
        ],
        "environment": {
            "restore": "0.1.0", "python": "3.11.7", "torch": "2.10.0", "platform": "Linux-6.1-x86_64",
            "device": "cpu", "device_name": "A processor with two cores", "threads": 2, "precision": "float32",
            "flags": {"cudnn.allow_tf32": False, "cudnn.deterministic": True},
            "versions": {"numpy": "2.4.6", "kornia": "0.8.2"}, "git_commit": "0123456789abcdef0123456789abcdef01234567",
        },
        "metrics": {
            name: {"distribution": "restore-toolkit", "version": "0.1.0", "absent": None, "description": None,
                   "label": name.upper(), "unit": unit, "digits": digits, "higher_is_better": name != "lpips"}
            for name, unit, digits in (("psnr", "dB", 2), ("ssim", "", 4), ("lpips", "", 4))
        },
        "datasets": datasets,
        "models": [
            {"name": name, "spec": name, "distribution": "restore-toolkit", "version": "0.1.0", "weights": None,
             "options": {"scale": 4}, "baseline": name == "bicubic", "precision": "float32"}
            for name in MODELS
        ],
        "scores": sorted(scores, key=lambda s: MODELS.index(s["model"])),
        "timing": timing,
    }  # fmt: skip
    results["summary"] = summary(results)
    return results


def summary(results: dict) -> list[dict]:
    rows = []
    for dataset in results["datasets"]:
        for model in MODELS:
            here = [s for s in results["scores"] if (s["dataset"], s["model"]) == (dataset["name"], model)]
            done = [s for s in here if s["status"] == "ok"]
            metrics = {
                key: statistics.fmean(float(s["metrics"][key]) for s in done)
                if done and all(s["metrics"][key] is not None for s in done)
                else None
                for key in ("psnr", "ssim", "lpips")
            }  # fmt: skip
            taken = [t["seconds"] for t in results["timing"] if (t["dataset"], t["model"]) == (dataset["name"], model)]
            median = statistics.median(taken)
            rows.append(
                {"model": model, "dataset": dataset["name"], "n": len(done), "failed": len(here) - len(done),
                 "metrics": {k: "inf" if v == float("inf") else v for k, v in metrics.items()}, "std": {},
                 "reasons": {k: w for s in done for k, w in s["reasons"].items()},
                 "seconds_median": median, "seconds_iqr": 0.001, "images_per_second": 1 / median,
                 "megapixels_per_second": 0.05 / median, "peak_device_bytes": None,
                 "peak_host_bytes": 400_000_000}
            )  # fmt: skip
    return rows


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with the images of a run, and its results; copy the results before changing them."""
    folder = tmp_path_factory.mktemp("run")
    return folder, build(folder)
