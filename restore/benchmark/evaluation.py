"""Scores of a prediction against a target, for images of any kind."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from restore import images
from restore.benchmark.metrics import psnr, ssim
from restore.benchmark.protocol import PEAK, Protocol, find_protocol
from restore.errors import InputError
from restore.images.regions import PEAKS


def evaluate(
    prediction: Any, target: Any, *, protocol: str | Protocol = "rgb", scale: int | None = None
) -> dict[str, float]:
    """Measure an image against the one it should be.

    Args:
        prediction: path, bytes, PIL image, array or tensor.
        target: the same size and number of channels; its kind and dtype may differ.
        protocol: ``rgb``, ``y``, ``sr-rgb``, ``sr-y``, or a Protocol.
        scale: of the degradation; ``sr-*`` crop as many pixels on each side.

    Returns:
        ``{"psnr": dB, "ssim": 1 for identical images}``; of a batch, the mean of its images' scores.

    Raises:
        InputError: images that cannot be read, differ in size or channels, have transparent pixels, or are
            too small.
        UsageError: the protocol needs a scale.
        UnknownNameError: no such protocol.
    """
    chosen = find_protocol(protocol) if isinstance(protocol, str) else protocol
    chosen.border(scale)
    first, second = images.load(prediction), images.load(target)
    _check(first, second)
    a, b = (chosen.prepare(_levels(photo), scale=scale) for photo in (first, second))
    similarity = ssim(
        a, b, peak=PEAK, window=chosen.ssim_window, sigma=chosen.ssim_sigma,
        k1=chosen.ssim_k1, k2=chosen.ssim_k2,
    )  # fmt: skip
    return {"psnr": float(psnr(a, b, peak=PEAK).mean()), "ssim": float(similarity.mean())}


def _levels(photo: images.Photo) -> Tensor:
    """Return the pixels ``(B, C, H, W)``: bytes as they are, everything else float64 in [0, 1]."""
    pixels = photo.pixels.transpose(0, 3, 1, 2)
    if pixels.dtype.name == "uint8":
        return torch.tensor(pixels)
    return torch.tensor(pixels, dtype=torch.float64) / PEAKS[pixels.dtype.name]


def _check(first: images.Photo, second: images.Photo) -> None:
    for photo in (first, second):
        if photo.alpha is not None and (photo.alpha < PEAKS[photo.alpha.dtype.name]).any():
            raise InputError(
                f"{photo.name} has transparent pixels, whose colour no protocol defines",
                "compare images without alpha",
            )
    if (first.height, first.width) != (second.height, second.width):
        raise InputError(
            f"{first.name} is {first.width} x {first.height}, and {second.name} is {second.width} x {second.height}",
            "a score needs images of one size; crop the target as the degradation did",
        )
    if first.channels != second.channels:
        kind = {1: "gray", 3: "RGB"}
        raise InputError(
            f"{first.name} is {kind[first.channels]}, and {second.name} is {kind[second.channels]}",
            "convert one of them",
        )
    if first.batch != second.batch:
        raise InputError(
            f"{first.name} holds {first.batch} images, and {second.name} holds {second.batch}",
            "give batches of one size",
        )
