"""First-order descent of many searches at once; each row is a search and none sees another."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from restore.inversion.domains import Domain
from restore.inversion.lbfgs import LBFGS
from restore.inversion.settings import Settings


class Descent(Protocol):
    """What moves the searches. Made of their starts ``(n, d)``, it is asked for one step after the other."""

    def step(self, at: Tensor, value: Tensor, slope: Tensor, rate: float) -> Tensor:
        """Return where to go next, ``(n, d)``.

        Args:
            at: where the objective was computed, ``(n, d)``.
            value: the objective there, ``(n,)``.
            slope: its gradient there, ``(n, d)``.
            rate: the learning rate.
        """
        ...

    def keep(self, rows: Tensor) -> None:
        """Forget all searches but those of these indices."""
        ...


def make(settings: Settings, start: Tensor, domain: Domain) -> Descent:
    """Return what the settings ask for."""
    if settings.optimizer == "lbfgs":
        return LBFGS(start, limit=domain.limit)
    return Nesterov(start, settings.momentum) if settings.optimizer == "nesterov" else Adam(start)


class Adam:
    """Kingma and Ba, ICLR 2015, algorithm 1, with 0.9 and 0.999."""

    FIRST, SECOND, LEAST = 0.9, 0.999, 1e-12

    def __init__(self, start: Tensor) -> None:
        self.mean, self.square = torch.zeros_like(start), torch.zeros_like(start)
        self.count = 0

    def step(self, at: Tensor, value: Tensor, slope: Tensor, rate: float) -> Tensor:
        """Return the next places."""
        self.count += 1
        self.mean.lerp_(slope, 1 - self.FIRST)
        self.square.lerp_(slope.square(), 1 - self.SECOND)
        mean = self.mean / (1 - self.FIRST**self.count)
        size = (self.square / (1 - self.SECOND**self.count)).sqrt()
        return at - rate * mean / (size + self.LEAST)

    def keep(self, rows: Tensor) -> None:
        """Forget the others."""
        self.mean, self.square = self.mean[rows], self.square[rows]


class Nesterov:
    """``v' = m v - r g``, ``z' = z - m v + (1 + m) v'``: momentum that looks ahead, as the authors wrote it."""

    def __init__(self, start: Tensor, momentum: float) -> None:
        self.speed, self.momentum = torch.zeros_like(start), momentum

    def step(self, at: Tensor, value: Tensor, slope: Tensor, rate: float) -> Tensor:
        """Return the next places."""
        before = self.speed
        self.speed = self.momentum * before - rate * slope
        return at - self.momentum * before + (1 + self.momentum) * self.speed

    def keep(self, rows: Tensor) -> None:
        """Forget the others."""
        self.speed = self.speed[rows]
