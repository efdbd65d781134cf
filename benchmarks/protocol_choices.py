"""What each choice of a protocol is worth: `sr-x4` with one thing changed, bicubic as the model. Prints tables.

The folder holds Set5, Set14 and BSD100 as `set5`, `set14` and `bsd100`; those that are absent are left out.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch
from PIL import Image
from skimage.metrics import structural_similarity
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from restore import images
from restore.benchmark import Protocol, find_protocol, psnr, ssim
from restore.benchmark.color import full_luma
from restore.composition import build_degradation
from restore.resize import round_to_uint8, upscale
from restore.scripting import errors_told
from restore.training.data import find_images

SCALE = 4
BASE = find_protocol("sr-x4")
Measured = tuple[float, float]
"""PSNR and SSIM."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to make, restore and measure an image; each default is what sr-x4 does."""

    protocol: Protocol = BASE
    shrink: Callable[[Tensor], Tensor] | None = None
    """``(1, C, H, W)`` in [0, 1] -> the same, four times smaller; None: the protocol's degradation."""
    enlarge: Callable[[Tensor], Tensor] = lambda image: upscale(image, SCALE)
    measured: Callable[[Tensor], Tensor] = lambda levels: levels
    """What the prepared image becomes before it is measured."""
    similarity: Callable[[Tensor, Tensor], float] = lambda a, b: float(ssim(a, b, peak=255))

    def __call__(self, file: Tensor) -> Measured:
        """Return the scores of a file ``(1, C, H, W)`` uint8."""
        original = self.protocol.original(file)
        high = original.double() / 255
        if self.shrink is not None:
            low = self.shrink(high)
        else:
            generator = torch.Generator().manual_seed(0)
            low = build_degradation(self.protocol.degradation).observe(high, generator).image
        if self.protocol.degraded_rounding == "uint8":
            low = round_to_uint8(low)
        pair = (self.enlarge(low), original)
        prediction, target = (self.measured(self.protocol.prepare(image)) for image in pair)
        return float(psnr(prediction, target, peak=255)), self.similarity(prediction, target)


@errors_told()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    sets = {name: options.folder / name for name in BASE.datasets if (options.folder / name).is_dir()}
    files = {name: [as_bytes(path) for path in find_images(folder)] for name, folder in sets.items()}
    base = {name: [Way()(file) for file in own] for name, own in files.items()}
    print("| choice |" + "".join(f" {name} |" for name in files))
    print("|---|" + "---|" * len(files))
    print("| `sr-x4` |" + "".join(f" {mean(own, 0):.3f} / {mean(own, 1):.4f} |" for own in base.values()))
    for label, way in WAYS.items():
        cells = ""
        for name, own in files.items():
            scores = [way(file) for file in own]
            gains = (mean(scores, i) - mean(base[name], i) for i in (0, 1))
            cells += " {:+.3f} / {:+.4f} |".format(*gains)
        print(f"| {label} |{cells}", flush=True)
    pooled = "".join(f" {pooled_psnr(own) - mean(own, 0):+.3f} |" for own in base.values())
    print(f"| PSNR of the mean MSE instead of the mean PSNR |{pooled}\n")
    print_noise({name: own for name, own in files.items() if name != "set5"})


def print_noise(files: dict[str, list[Tensor]]) -> None:
    """Print the PSNR of noisy images, clamped as here and unclamped as in the literature."""
    print("| noise |" + "".join(f" {name} clamped | {name} unclamped |" for name in files))
    print("|---|" + "---|---|" * len(files))
    for level in (15, 25, 50):
        protocol = find_protocol(f"denoise-gray-{level}")
        cells = ""
        for own in files.values():
            clamped, free = [], []
            for number, file in enumerate(own):
                clean = protocol.original(file).double() / 255
                noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(number)).double()
                noisy = clean + noise * level / 255
                clamped.append(float(psnr(noisy.clamp(0, 1), clean)))
                free.append(float(psnr(noisy, clean)))
            cells += f" {fmean(clamped):.2f} | {fmean(free):.2f} |"
        print(f"| `{protocol.id}` |{cells}")


def as_bytes(path: Path) -> Tensor:
    """Return the pixels of a file, ``(1, C, H, W)`` uint8."""
    return torch.from_numpy(images.load(path).pixels.transpose(0, 3, 1, 2).copy())


def mean(scores: list[Measured], index: int) -> float:
    """Return the mean over images of one of the scores."""
    return fmean(score[index] for score in scores)


def pooled_psnr(scores: list[Measured]) -> float:
    """Return the PSNR of the mean of the images' mean square errors."""
    return -10 * math.log10(fmean(10 ** (-score / 10) for score, _ in scores))


def with_array(resize: Callable[[np.ndarray, int, int], np.ndarray]) -> Callable[[Tensor], Tensor]:
    """Make a downscaler of bytes ``(H, W, C)`` one of tensors."""

    def shrink(image: Tensor) -> Tensor:
        pixels = (image[0].permute(1, 2, 0) * 255).round().byte().numpy()
        small = resize(pixels, pixels.shape[0] // SCALE, pixels.shape[1] // SCALE)
        return torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)[None].double() / 255

    return shrink


def pillow(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shrink as Pillow does: antialiased, a = -0.5, weights normalised at the border."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def opencv(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shrink as OpenCV does: a = -0.75, nothing against aliasing."""
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)


def torch_bicubic(image: Tensor, factor: float, *, antialias: bool = False) -> Tensor:
    """Resize as torch does: a = -0.75, or with ``antialias`` a = -0.5."""
    return interpolate(image, scale_factor=factor, mode="bicubic", antialias=antialias)


def uniform_ssim(a: Tensor, b: Tensor) -> float:
    """Return scikit-image's default: 7 x 7 mean filter, sample covariance."""
    return fmean(structural_similarity(x, y, data_range=255) for x, y in zip(a[0].numpy(), b[0].numpy(), strict=True))


def padded_ssim(a: Tensor, b: Tensor) -> float:
    """Return SSIM with the image mirrored at the border, as torchmetrics and kornia do by default."""
    padded = (torch.nn.functional.pad(image.double(), (5,) * 4, mode="reflect") for image in (a, b))
    return float(ssim(*padded, peak=255))


def downsampled_ssim(a: Tensor, b: Tensor) -> float:
    """Return SSIM of the images shrunk to some 256 pixels first, as ssim.m and piq do."""
    factor = max(1, round(min(a.shape[-2:]) / 256))
    return float(ssim(*(avg_pool2d(image.double(), factor) for image in (a, b)), peak=255))


def rounded(levels: Tensor) -> Tensor:
    """Round luma to bytes, as MATLAB's rgb2ycbcr does for uint8."""
    return levels.double().round()


def in_full_range(levels: Tensor) -> Tensor:
    """Return luma in full range, as kornia, OpenCV and Pillow have it."""
    return full_luma(levels) if levels.shape[1] == 3 else levels.double()


RGB = replace(BASE, color="rgb")
WAYS: dict[str, Way] = {
    "all channels (`sr-x4-rgb`)": Way(protocol=RGB),
    "luma in full range (kornia, OpenCV, Pillow)": Way(protocol=RGB, measured=in_full_range),
    "luma rounded to bytes (MATLAB's rgb2ycbcr)": Way(measured=rounded),
    "luma alone is the image (`sr-x4-matlab`)": Way(protocol=find_protocol("sr-x4-matlab")),
    "luma alone, shrunk in bytes (MATLAB's imresize of uint8)": Way(
        protocol=replace(find_protocol("sr-x4-matlab"), degradation="bicubic:scale=4,rounding=uint8")
    ),
    "gray files as they are": Way(protocol=replace(BASE, image="as-is")),
    "no border cropped": Way(protocol=replace(BASE, crop_border=0)),
    "10 pixels cropped (NTIRE: 6 + scale)": Way(protocol=replace(BASE, crop_border=10)),
    "results not rounded": Way(protocol=replace(BASE, rounding="none")),
    "inputs not rounded": Way(protocol=replace(BASE, degraded_rounding="none")),
    "border replicated when shrinking (old MATLAB)": Way(
        protocol=replace(BASE, degradation="bicubic:scale=4,border=replicate")
    ),
    "shrunk by Pillow's BICUBIC": Way(shrink=with_array(pillow)),
    "shrunk by torch, antialias=True": Way(shrink=lambda image: torch_bicubic(image, 1 / SCALE, antialias=True)),
    "shrunk by torch, antialias=False": Way(shrink=lambda image: torch_bicubic(image, 1 / SCALE)),
    "shrunk by OpenCV's INTER_CUBIC": Way(shrink=with_array(opencv)),
    "enlarged by torch's bicubic (a = -0.75)": Way(enlarge=lambda image: torch_bicubic(image, SCALE)),
    "SSIM: scikit-image's defaults (7 x 7, uniform)": Way(similarity=uniform_ssim),
    "SSIM: mirrored border (torchmetrics, kornia)": Way(similarity=padded_ssim),
    "SSIM: shrunk first (ssim.m, piq)": Way(similarity=downsampled_ssim),
}
"""What is changed, and how."""


if __name__ == "__main__":
    main()
