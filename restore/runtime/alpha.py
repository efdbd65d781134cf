"""Alpha, which no model sees: enlarged with the image, opened where a hole in it was filled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from restore import resize
from restore.images import Photo
from restore.images.regions import PEAKS
from restore.runtime.tiling import Box

MARGIN = 2
"""Pixels beyond a region on which its bicubically enlarged pixels depend."""


def enlarged(photo: Photo, box: Box, scale: int) -> Tensor | None:
    """Return the alpha of a box, ``(B, 1, scale*h, scale*w)`` in [0, 1]; the bits do not depend on the box.

    None for a photo without alpha, and at scale 1, where alpha stays as it is.
    """
    if photo.alpha is None or scale == 1:
        return None
    (top, bottom), (left, right) = (
        (max(span.start - MARGIN, 0), min(span.stop + MARGIN, length))
        for span, length in zip(box, (photo.height, photo.width), strict=True)
    )
    alpha = photo.source().read_alpha(top, left, bottom - top, right - left)
    assert alpha is not None
    rows, columns = (
        slice((span.start - first) * scale, (span.stop - first) * scale)
        for span, first in zip(box, (top, left), strict=True)
    )
    return resize.upscale(alpha, scale)[..., rows, columns]


def is_alpha(mask: Any) -> bool:
    """Whether a mask means the transparent pixels of the photo itself."""
    return isinstance(mask, str) and mask == "alpha"


def bare(photo: Photo) -> Photo:
    """Return a photo without its alpha."""
    return replace(photo, alpha=None)


def opened(restored: Photo, photo: Photo, hole: Tensor) -> Photo:
    """Return a restored photo with the alpha that it had, opaque where ``(B, 1, H, W)`` was missing."""
    assert photo.alpha is not None
    alpha = photo.alpha.copy()
    alpha[hole[:, 0].numpy()] = PEAKS[alpha.dtype.name]
    return replace(restored, alpha=alpha)
