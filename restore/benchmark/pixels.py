"""Photographs as tensors that are measured: opaque, in the levels of their file."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.errors import InputError
from restore.images import Photo
from restore.images.regions import PEAKS


def refuse_transparency(photo: Photo) -> None:
    """Raise InputError where a pixel shows what lies behind it."""
    if photo.alpha is not None and (photo.alpha < PEAKS[photo.alpha.dtype.name]).any():
        raise InputError(
            f"{photo.name} has transparent pixels, whose colour no protocol defines",
            "lay the image on a background first, or leave it out",
        )


def to_tensor(photo: Photo) -> Tensor:
    """Return the pixels ``(B, C, H, W)``: bytes and floats as they are, everything else float64 in [0, 1]."""
    pixels = torch.tensor(photo.pixels.transpose(0, 3, 1, 2))
    peak = PEAKS[photo.pixels.dtype.name]
    return pixels if pixels.dtype == torch.uint8 or peak == 1 else pixels.double() / peak


def to_bytes(image: Tensor) -> Tensor:
    """Return an image in 256 levels, as a PNG holds it."""
    return image if image.dtype == torch.uint8 else image.double().mul(255).clamp(0, 255).round().byte()
