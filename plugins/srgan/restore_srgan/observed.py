"""What a network and its losses see of a batch."""

from __future__ import annotations

import torch

from restore.contracts import Batch, Degradation, Observation


def observed(harm: Degradation, batch: Batch, *, draws: bool) -> Observation:
    """Return the degraded images; how they came about is told unless the degradation draws anew for each patch."""
    if draws:
        return Observation(image=batch["degraded"])
    params = harm.draw(batch["original"], torch.Generator().manual_seed(0))
    return Observation(image=batch["degraded"], degradation=harm, params=params)
