"""What a network and its losses see of a batch."""

from __future__ import annotations

import torch

from restore.contracts import Batch, Degradation, Observation
from restore.training.patches import is_random


def observed(harm: Degradation, batch: Batch) -> Observation:
    """Return the degraded images; how they came about is told where that is the same for every patch."""
    if is_random(harm):
        return Observation(image=batch["degraded"])
    params = harm.draw(batch["original"], torch.Generator().manual_seed(0))
    return Observation(image=batch["degraded"], degradation=harm, params=params)
