"""Learning-rate schedules: pure functions from a step to a factor on the initial rate."""

from __future__ import annotations

import math
from collections.abc import Sequence


def cosine(step: int, steps: int, *, warmup: int = 0, floor: float = 0.0) -> float:
    """Rise linearly over ``warmup`` steps, then fall to ``floor`` along half a cosine (Loshchilov, 2017)."""
    if step < warmup:
        return (step + 1) / warmup
    share = (step - warmup) / max(1, steps - warmup)
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(1.0, share))) / 2


def stepwise(step: int, milestones: Sequence[int], *, factor: float = 0.1) -> float:
    """Multiply by ``factor`` at each milestone that has been reached."""
    return factor ** sum(step >= milestone for milestone in milestones)
