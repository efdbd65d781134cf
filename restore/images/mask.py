"""Masks: which pixels are missing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from restore.errors import InputError
from restore.images.load import DEFAULT_MAX_PIXELS, load
from restore.images.photo import Photo
from restore.images.regions import PEAKS

BAND = 1 << 20
"""Pixels of a mask that are looked at at a time."""


def load_mask(source: Any, photo: Photo) -> Tensor:
    """Read a mask for a photo.

    Args:
        source: anything that ``load`` takes; white, or true, means missing. ``"alpha"`` takes the transparent
            pixels of the photo itself.
        photo: what it belongs to.

    Returns:
        ``(B, 1, H, W)`` float32 of 0 and 1, 1 = missing.

    Raises:
        InputError: a mask that cannot be read or is of another size; a photo without alpha for ``"alpha"``.
    """
    if isinstance(source, str) and source == "alpha":
        if photo.alpha is None:
            raise InputError(f"{photo.name} has no alpha to take a mask from", "give a mask image: white = missing")
        return torch.from_numpy(photo.alpha == 0)[:, None].float()
    mask = load(source, max_pixels=max(DEFAULT_MAX_PIXELS, photo.height * photo.width))
    if (mask.height, mask.width) != (photo.height, photo.width):
        raise InputError(
            f"the mask {mask.name} is {mask.width} x {mask.height}, and {photo.name} is {photo.width} x {photo.height}",
            "make the mask as large as the image",
        )
    if mask.batch not in (1, photo.batch):
        raise InputError(f"the mask {mask.name} holds {mask.batch} images, and {photo.name} {photo.batch}")
    return _missing(mask).expand(photo.batch, -1, -1, -1)


def _missing(mask: Photo) -> Tensor:
    """Return 1 where a mask is at least half white. Raises InputError."""
    result = torch.zeros(mask.batch, 1, mask.height, mask.width)
    source, rows = mask.source(), max(1, BAND // (mask.batch * mask.width))
    for top in range(0, mask.height, rows):
        height = min(rows, mask.height - top)
        gray = source.read(top, 0, height, mask.width).mean(1, keepdim=True)
        result[:, :, top : top + height] = gray >= 0.5
    dtype = mask.pixels.dtype
    if dtype.kind == "u" and int(mask.pixels.max()) == 1:
        raise InputError(
            f"the mask {mask.name} holds 0 and 1 in {dtype}, where white is {PEAKS[dtype.name]}",
            "give it as bool or float, or multiply it",
        )
    return result
