"""How a search goes: all that is a number or a word."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from restore.errors import UsageError
from restore.seeds import RANGE, SEEDS

Optimizer = Literal["adam", "nesterov", "lbfgs"]
Schedule = Literal["constant", "cosine", "stairs"]
Domain = Literal["auto", "normal", "uniform", "tanh"]

RATES: Mapping[Optimizer, float] = {"adam": 0.1, "nesterov": 20.0, "lbfgs": 1.0}
"""Learning rates of the optimisers, where none is given."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A search.

    Raises:
        UsageError: a number that makes no sense.
    """

    steps: int = 500
    """Evaluations of the objective and its gradient, at most."""
    restarts: int = 4
    """Searches for each image, from different starts, side by side; the best one wins."""
    optimizer: Optimizer = "adam"
    """``adam``; ``nesterov``, in the form of the semantic-inpainting authors; ``lbfgs``, each search with a history
    and a line search of its own."""
    learning_rate: float | None = None
    """None: 0.1 for adam; 20 for nesterov, for errors that are means over pixels (the authors' 0.01 belongs to sums).
    Of lbfgs the length of the first step, 1."""
    momentum: float = 0.9
    """Of nesterov."""
    schedule: Schedule = "cosine"
    """Of the learning rate: ``cosine`` ends at a tenth; ``stairs`` takes away 5 % every 100 steps. lbfgs has none."""
    domain: Domain = "auto"
    """Where latents stay: ``normal``, anywhere; ``uniform``, clipped to [-1, 1] after each step; ``tanh``, of numbers
    that are free; ``auto``: as the prior says."""
    latent_weight: float = 0.0
    """Weight of the mean of ``(z - z0)**2``; z0 is the anchor, or 0."""
    patience: int | None = 100
    """A search ends that has not improved by the tolerance in so many steps; None: none does."""
    tolerance: float = 1e-3
    """Share of its value by which a search has to improve."""
    seconds: float | None = None
    """Time for all steps together, of the refinement too, after which the best is taken that there is; the result then
    depends on the machine. Each search has the share of it that its steps are of all that are left, and no fewer than
    10 steps. None: no limit."""
    seed: int = 0
    """Of the starts, and nothing else is random. A start depends on this and on the number of the restart."""
    batch: int | None = None
    """Searches at a time, and what else is computed of them; None: what suits the device. Memory that does not suffice
    halves it."""
    refine_steps: int = 0
    """Steps of a second search, from the best latent, among the features of the prior's decoder."""
    refine_stage: int = 1
    """Where in the decoder: 1 is nearest to the latent."""
    refine_rate: float | None = None
    """Its learning rate; None: a fifth of the first search's."""
    refine_weight: float = 0.0
    """Weight of the mean square by which features leave those of the latent."""

    def __post_init__(self) -> None:
        words = {"optimizer": get_args(Optimizer), "schedule": get_args(Schedule), "domain": get_args(Domain)}
        for name, known in words.items():
            value = getattr(self, name)
            if value not in known:
                raise UsageError(f"a search with {name}={value} cannot be", f"{name} is {' or '.join(known)}")
        least = {"steps": 1, "restarts": 1, "patience": 1, "batch": 1, "refine_steps": 0, "refine_stage": 1, "seed": 0}
        for name, low in least.items():
            value = getattr(self, name)
            if value is not None and value < low:
                raise UsageError(f"a search with {name}={value} cannot be", f"{name} is {low} or more")
        if self.seed >= SEEDS:
            raise UsageError(f"a search with seed={self.seed} cannot be", f"seed is {RANGE}")
        for name in ("learning_rate", "seconds", "refine_rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"a search with {name}={value} cannot be", f"{name} is above 0")
        for name in ("latent_weight", "refine_weight", "tolerance"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"a search with {name}={getattr(self, name)} cannot be", f"{name} is 0 or more")
        if not 0 <= self.momentum < 1:
            raise UsageError(f"a search with momentum={self.momentum} cannot be", "momentum lies in [0, 1)")

    @property
    def rate(self) -> float:
        """The initial learning rate."""
        return RATES[self.optimizer] if self.learning_rate is None else self.learning_rate


def factor(schedule: Schedule, step: int, steps: int) -> float:
    """Return the factor on the learning rate at a step, counted from 0."""
    if schedule == "cosine":
        return 0.55 + 0.45 * math.cos(math.pi * step / steps)
    return float(0.95 ** (step // 100)) if schedule == "stairs" else 1.0
