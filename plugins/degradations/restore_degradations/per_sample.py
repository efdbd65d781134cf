"""The base of the degradations here: choices are drawn, recorded and applied one sample at a time.

So a batch is degraded as its samples would be, one after the other, and any of them can be replayed alone.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from restore.contracts import Degradation, Params
from restore.errors import UsageError

SEEDS = 2**48


class PerSample(Degradation):
    """A degradation described by what it draws for one image and what it does to one image."""

    @abstractmethod
    def draw_one(self, image: Tensor, generator: torch.Generator) -> dict[str, Any]:
        """Draw the choices for one image ``(1, C, H, W)``, as numbers and strings."""

    @abstractmethod
    def apply_one(self, image: Tensor, choices: Mapping[str, Any]) -> Tensor:
        """Return the degraded image ``(1, C, H', W')``."""

    def draw(self, image: Tensor, generator: torch.Generator) -> Params:
        """Draw for each sample in turn; every value is a list of one entry a sample."""
        drawn = [self.draw_one(image[i : i + 1], generator) for i in range(len(image))]
        return {key: [choices[key] for choices in drawn] for key in drawn[0]} if drawn else {}

    def forward(self, image: Tensor, params: Params) -> Tensor:
        """Return ``(B, C, H', W')`` in [0, 1]."""
        done = [self.apply_one(image[i : i + 1], choices_of(params, i)) for i in range(len(image))]
        if len(done) == 1:
            return done[0]
        return torch.cat(done) if done else image


def choices_of(params: Params, sample: int) -> dict[str, Any]:
    """Return what was drawn for one sample of a batch."""
    return {key: value[sample] if isinstance(value, list) else value for key, value in params.items()}


def without_seed(params: Params) -> dict[str, Any]:
    """Return parameters by which the noise cannot be made again."""
    return {key: value for key, value in params.items() if key != "seed"}


def draw_seed(generator: torch.Generator) -> int:
    """Draw a seed for noise, small enough for any JSON reader."""
    return int(torch.randint(SEEDS, (), generator=generator))


def draw_between(limits: tuple[float, ...], generator: torch.Generator) -> float:
    """Draw uniformly between two limits; a single value is taken as it is and costs no randomness."""
    if len(limits) == 1:
        return float(limits[0])
    low, high = limits
    share = torch.rand((), generator=generator, dtype=torch.float64).item()
    return float(low + (high - low) * share)


def seeded(seed: int) -> torch.Generator:
    """Return a CPU generator, so that noise is the same on every device."""
    return torch.Generator().manual_seed(seed)


def check_limits(component: str, option: str, limits: tuple[float, ...], low: float, high: float) -> None:
    """Check a value or a range, ``sigma=0.1`` or ``sigma=0.05+0.2``. Raises UsageError."""
    if len(limits) not in (1, 2) or list(limits) != sorted(limits):
        raise UsageError(
            f"{component}: {option} is a value or a rising range, not {limits}",
            f"write {option}={low} or {option}={low}+{high}",
        )
    if not all(low <= value <= high for value in limits):
        text = "+".join(f"{value:g}" for value in limits)
        raise UsageError(f"{component}: {option}={text} is out of range", f"{option} lies in [{low:g}, {high:g}]")
