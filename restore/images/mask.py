"""Masks: which pixels are missing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from restore.errors import InputError
from restore.images.load import DEFAULT_MAX_PIXELS, load
from restore.images.photo import Photo
from restore.images.regions import PEAKS

BAND = 1 << 20
"""Pixels of a mask that are looked at at a time."""
BLACK, WHITE = 0.1, 0.9
"""What is between is gray: further from black and white than what JPEG makes of them."""


class Mask(NamedTuple):
    """What a mask says."""

    missing: Tensor
    """``(B, 1, H, W)`` float32 of 0 and 1, 1 = missing."""
    doubt: str = ""
    """Why it may have been meant otherwise, with the cure; empty: it is black and white."""


def load_mask(source: Any, photo: Photo) -> Tensor:
    """Return the missing pixels ``(B, 1, H, W)`` that a mask tells of a photo. As ``read_mask``."""
    return read_mask(source, photo).missing


def read_mask(source: Any, photo: Photo) -> Mask:
    """Read a mask for a photo.

    Args:
        source: anything that ``load`` takes, and a tensor (H, W); white, or true, means missing. ``"alpha"`` takes
            the transparent pixels of the photo itself.
        photo: what it belongs to.

    Raises:
        InputError: a mask that cannot be read or is of another size; a photo without alpha for ``"alpha"``.
    """
    if isinstance(source, str) and source == "alpha":
        if photo.alpha is None:
            raise InputError(f"{photo.name} has no alpha to take a mask from", "give a mask image: white = missing")
        return Mask(torch.from_numpy(photo.alpha == 0)[:, None].float())
    if isinstance(source, str | os.PathLike) and not Path(os.fsdecode(source)).exists():
        raise InputError(
            f"the mask {os.fsdecode(source)} does not exist",
            'give a file or an image, white = missing, or "alpha"; what a degradation takes away is '
            'restore.composition.observe(image, "mask-center").mask',
        )
    mask = _loaded(source, max(DEFAULT_MAX_PIXELS, photo.height * photo.width))
    if (mask.height, mask.width) != (photo.height, photo.width):
        raise InputError(
            f"the mask {mask.name} is {mask.width} x {mask.height}, and {photo.name} is {photo.width} x {photo.height}",
            "make the mask as large as the image",
        )
    if mask.batch not in (1, photo.batch):
        raise InputError(f"the mask {mask.name} holds {mask.batch} images, and {photo.name} {photo.batch}")
    missing, doubt = _missing(mask)
    return Mask(missing.expand(photo.batch, -1, -1, -1), doubt)


def _loaded(source: Any, max_pixels: int) -> Photo:
    """Load a mask. Raises InputError, which says that it is the mask that cannot be used."""
    flat = isinstance(source, Tensor) and source.ndim == 2
    try:
        return load(source[None] if flat else source, max_pixels=max_pixels)
    except InputError as error:
        of_file = isinstance(source, str | os.PathLike)
        form = "" if of_file else "; a mask is bool or float, (H, W), true or 1 = missing"
        raise InputError(f"the mask cannot be used: {error.message}", f"{error.cure}{form}") from error


def _missing(mask: Photo) -> Mask:
    """Return 1 where a mask is at least half white. Raises InputError."""
    between = white = 0
    result = torch.zeros(mask.batch, 1, mask.height, mask.width)
    source, rows = mask.source(), max(1, BAND // (mask.batch * mask.width))
    for top in range(0, mask.height, rows):
        height = min(rows, mask.height - top)
        gray = source.read(top, 0, height, mask.width).mean(1, keepdim=True)
        result[:, :, top : top + height] = gray >= 0.5
        white += int((gray >= WHITE).sum())
        between += int(((gray > BLACK) & (gray < WHITE)).sum())
    dtype = mask.pixels.dtype
    if dtype.kind == "u" and int(mask.pixels.max()) == 1:
        raise InputError(
            f"the mask {mask.name} holds 0 and 1 in {dtype}, where white is {PEAKS[dtype.name]}",
            "give it as bool or float, or multiply it",
        )
    if between <= white:  # the soft rims of white areas are what is usual
        return Mask(result)
    return Mask(
        result,
        f"the mask {mask.name} is not black and white: {between / result.numel():.1%} of it is gray, of which what is "
        f"darker than half white is taken for known; make what is missing white, and the rest black",
    )
