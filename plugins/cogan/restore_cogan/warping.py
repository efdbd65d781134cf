"""Random affine transforms of training images: what a small set does not show of how digits are written."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

TURN, SHEAR, SCALE, SHIFT = 15.0, 15.0, 0.15, 2.0
"""The most that a strength of 1 does: degrees, degrees, share of the size in each direction, pixels."""


def warped(images: Tensor, strength: float, rng: np.random.Generator) -> Tensor:
    """Return images that were turned, sheared, scaled and moved at random, each in its own way.

    Args:
        images: ``(n, c, s, s)`` on black, which is what comes in from outside.
        strength: 0: not at all; 1: up to 15 degrees of turn and of shear, 15 % of size, 2 pixels.
        rng: where the draws come from.
    """
    matrices = torch.from_numpy(drawn(len(images), images.shape[-1], strength, rng)).to(images)
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def drawn(count: int, side: int, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return matrices ``(count, 2, 3)``: where each pixel comes from, in coordinates from -1 to 1 across an image."""
    turn, shear = (math.radians(most) * strength * rng.uniform(-1, 1, count) for most in (TURN, SHEAR))
    wide, high = np.exp(strength * math.log1p(SCALE) * rng.uniform(-1, 1, (2, count)))
    right, down = 2 * SHIFT / side * strength * rng.uniform(-1, 1, (2, count))
    cos, sin, slant = np.cos(turn), np.sin(turn), np.tan(shear)
    rows = [[cos * wide, (slant * cos - sin) * high, right], [sin * wide, (slant * sin + cos) * high, down]]
    return np.stack([np.stack(row, -1) for row in rows], 1)
