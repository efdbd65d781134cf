"""What a network and its losses see of a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from restore.contracts import Batch, Degradation, Observation


def sample(harm: Degradation, side: int, *, draws: bool) -> tuple[Observation, Tensor]:
    """Return what ``observed`` will show of one image of that side, and the image, ``(1, 3, side, side)``."""
    generator = torch.Generator().manual_seed(0)
    original = torch.rand(1, 3, side, side, generator=generator)
    degraded = harm.observe(original, generator).image
    return observed(harm, {"degraded": degraded, "original": original}, draws=draws), original


def observed(harm: Degradation, batch: Batch, *, draws: bool) -> Observation:
    """Return the degraded images; how they came about is told unless the degradation draws anew for each patch."""
    if draws:
        return Observation(image=batch["degraded"])
    params = harm.draw(batch["original"], torch.Generator().manual_seed(0))
    return Observation(image=batch["degraded"], degradation=harm, params=params)
