"""Colours for transparent pixels, so that a model meets no edge where an image only ends.

On black, or premultiplied by alpha, the rim of an object would be the strongest edge of the picture, and a model
would draw it: a dark line within, a bright one around. What a transparent pixel gets instead is the mean of what is
visible around it, near pixels first.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 4
"""Pixels that one pass looks in each direction."""
PASSES = 4
MARGIN = REACH * PASSES
"""Pixels beyond a region on which its colours depend; what is transparent and farther from the visible is black."""
TINY = torch.finfo(torch.float32).tiny


def solid(color: Tensor, alpha: Tensor) -> Tensor:
    """Return straight colours, with those of transparent pixels taken from what is visible around them.

    What a transparent pixel held has no part in it.

    Args:
        color: ``(B, C, H, W)`` in [0, 1], premultiplied.
        alpha: ``(B, 1, H, W)`` in [0, 1].

    Returns:
        ``(B, C, H, W)`` in [0, 1]; ``MARGIN`` pixels from where a region was cut, its bits are those of the whole.
    """
    straight = torch.where(alpha > 0, color / alpha.clamp(min=TINY), 0).clamp(0, 1)
    weight = alpha
    for _ in range(PASSES):
        around = _sums(weight)
        gained = (weight == 0) & (around > 0)
        mean = (_sums(color) / around.clamp(min=TINY)).clamp(0, 1)
        straight, color = torch.where(gained, mean, straight), torch.where(gained, mean, color)
        weight = torch.where(gained, 1, weight)
    return straight


def _sums(image: Tensor) -> Tensor:
    """Return the sums over squares of ``2 * REACH + 1`` pixels; nothing lies beyond the border."""
    side = 2 * REACH + 1
    for axis in (2, 3):
        length = image.shape[axis]
        pad = (0, 0, REACH, REACH) if axis == 2 else (REACH, REACH, 0, 0)
        padded = F.pad(image, pad)
        first, *rest = (padded.narrow(axis, shift, length) for shift in range(side))
        image = sum(rest, first)
    return image
