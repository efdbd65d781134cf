"""Learning-rate schedules: pure functions from the steps already taken to a factor on the initial rate.

A recipe's ``learning_rate(step)`` counts from 1, so it asks for ``step - 1``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def cosine(taken: int, steps: int, *, warmup: int = 0, floor: float = 0.0) -> float:
    """Rise linearly over ``warmup`` steps, then fall to ``floor`` along half a cosine (Loshchilov, 2017)."""
    if taken < warmup:
        return (taken + 1) / warmup
    share = (taken - warmup) / max(1, steps - warmup)
    return floor + (1 - floor) * (1 + math.cos(math.pi * min(1.0, share))) / 2


def stepwise(taken: int, milestones: Sequence[int], *, factor: float = 0.1) -> float:
    """Multiply by ``factor`` at each milestone that has been reached."""
    return factor ** sum(taken >= milestone for milestone in milestones)


def late(taken: int, steps: int) -> float:
    """Stay for half of the steps, then fall linearly to nothing, as iGAN's authors train (ECCV 2016)."""
    return min(1.0, 2 * (steps - taken) / steps)
