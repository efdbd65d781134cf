"""RGB -> luma as the literature measures it, and files -> the originals of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from restore.errors import InputError

LUMA = (65.481, 128.553, 24.966)
"""BT.601 weights of R, G, B in [0, 1] that span 219 levels."""
BLACK = 16.0
"""BT.601 level of black."""
FULL_RANGE = (0.299, 0.587, 0.114)
"""BT.601 weights of R, G, B for luma that spans all levels."""


def studio_luma(rgb: Tensor, peak: float = 1.0) -> Tensor:
    """Return Y of BT.601 in studio range: ``16 + 65.481 R + 128.553 G + 24.966 B`` of 255, never rounded.

    It is computed element by element in float64: a matrix product may be done in TF32 on a GPU, which is
    worth 0.003 dB.

    Args:
        rgb: ``(B, 3, H, W)`` in ``[0, peak]``.
        peak: what white is.

    Returns:
        ``(B, 1, H, W)`` float64 in ``[16 / 255 peak, 235 / 255 peak]``.

    Raises:
        InputError: not three channels.
    """
    return _weighted(rgb, [weight / 255 for weight in LUMA], BLACK / 255 * peak)


def full_luma(rgb: Tensor) -> Tensor:
    """Return Y of BT.601 in full range, ``0.299 R + 0.587 G + 0.114 B``, never rounded.

    Args:
        rgb: ``(B, 3, H, W)``.

    Returns:
        ``(B, 1, H, W)`` float64 in the range of its input.

    Raises:
        InputError: not three channels.
    """
    return _weighted(rgb, FULL_RANGE, 0.0)


def as_original(image: Tensor, mode: str) -> Tensor:
    """Return an image as the originals of a protocol are.

    Args:
        image: ``(B, C, H, W)`` uint8, or float in ``[0, 1]``; C is 1 or 3.
        mode: ``as-is``; ``rgb``: gray is replicated; ``gray``: luma in full range; ``luma``: luma in studio
            range. Luma is rounded to 256 levels; gray files are no luma of anything and stay as they are.

    Returns:
        ``(B, C', H, W)`` of the same dtype.
    """
    gray = image.shape[1] == 1
    if mode == "rgb" and gray:
        return image.expand(-1, 3, -1, -1)
    if mode in ("as-is", "rgb") or gray:
        return image
    peak = 255.0 if image.dtype == torch.uint8 else 1.0
    luma = full_luma(image) if mode == "gray" else studio_luma(image, peak)
    levels = (luma * (255 / peak)).round()
    return levels.byte() if image.dtype == torch.uint8 else (levels / 255).to(image.dtype)


def _weighted(rgb: Tensor, weights: Sequence[float], black: float) -> Tensor:
    """Return the weighted sum of the channels, ``(B, 1, H, W)`` float64. Raises InputError for other than three."""
    if rgb.ndim != 4 or rgb.shape[1] != 3:
        raise InputError(f"luma needs an RGB image (B, 3, H, W), not {tuple(rgb.shape)}")
    red, green, blue = (weight * rgb[:, i].double() for i, weight in enumerate(weights))
    return (red + green + blue + black)[:, None]
