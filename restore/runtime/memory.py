"""How large a tile may be: what small images take is measured, and extrapolated by the pixel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

CPU_BUDGET = 768 * 2**20
"""Bytes that the tensors of a tile may take on the CPU: enough that halos cost little, little enough for any
machine."""
GPU_SHARE = 0.6
"""Of the free memory of a GPU; its convolution workspaces take their part of the rest."""
LARGEST = 2048
"""Side in pixels beyond which a larger tile gains nothing."""


@dataclass(frozen=True)
class Cost:
    """Bytes that the tensors of a tile take: so many whatever its size, and so many a pixel."""

    fixed: float
    a_pixel: float

    def side(self, budget: int) -> int:
        """Return the side, in pixels, of the largest square within a budget of bytes; at least 1."""
        spare = max(0.0, budget - self.fixed)
        if self.a_pixel * LARGEST**2 <= spare:
            return LARGEST
        return max(1, math.isqrt(int(spare / self.a_pixel)))


def measure(run: Callable[[int], object], small: int, large: int) -> Cost:
    """Return the cost of a tile, measured on two square images.

    Args:
        run: restores a square image of a side.
        small: a side in pixels.
        large: a larger one.

    Raises:
        ImportError: this version of torch has no way to count.
    """
    low, high = _peak(run, small), _peak(run, large)
    a_pixel = max(0.0, (high - low) / (large**2 - small**2))
    return Cost(fixed=max(0.0, low - a_pixel * small**2), a_pixel=a_pixel)


def _peak(run: Callable[[int], object], side: int) -> int:
    from restore.runtime.peak import PeakMemory

    with PeakMemory() as memory:
        run(side)
    return memory.peak


def budget(device: torch.device) -> int:
    """Return the bytes that the tensors of one tile may take on a device."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free * GPU_SHARE)
    return CPU_BUDGET
