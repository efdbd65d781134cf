"""What every loss asks of its images."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.errors import InputError, UsageError


def pair(name: str, prediction: Tensor, target: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return both images in float32, or as they are in float64; no gradient reaches the target.

    Raises:
        UsageError: no target.
        InputError: shapes that differ, or are not ``(B, C, H, W)``.
    """
    if target is None:
        raise UsageError(f"{name} compares with a target, and there is none")
    if prediction.ndim != 4 or prediction.shape != target.shape:
        raise InputError(
            f"{name} compares images (B, C, H, W) of one shape, not {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    return precise(prediction), precise(target.detach())


def precise(values: Tensor) -> Tensor:
    """Return values in float32, or as they are in float64."""
    return values if values.dtype == torch.float64 else values.float()


def per_sample(values: Tensor) -> Tensor:
    """Return the mean of each sample, ``(B,)``."""
    return values.flatten(1).mean(1)
