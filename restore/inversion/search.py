"""Many searches at once: steps, the best place of each so far, and those that are done leave."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from restore.inversion import descent
from restore.inversion.domains import Domain
from restore.inversion.settings import Settings, factor

EVERY = 10
"""Steps after which is looked whether a search is done or time is up: asking a GPU makes it wait."""

Objective = Callable[[Tensor, Tensor], Tensor]
"""From places ``(m, d)`` and the numbers of their searches ``(m,)`` to values ``(m,)``, differentiable."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What became of ``n`` searches."""

    at: Tensor
    """Their best places, ``(n, d)``."""
    value: Tensor
    """The objective there, ``(n,)``; infinite where it was never finite."""
    trace: Tensor
    """The objective at each step, ``(steps, n)``; NaN after a search was done."""


@dataclass
class Search:
    """Searches that are going on.

    Args:
        objective: what is minimised.
        start: ``(n, d)``.
        domain: where the places lie.
        settings: how; patience and steps are theirs.
        deadline: of ``time.monotonic``, or None.
        tick: called after each step.
    """

    objective: Objective
    start: Tensor
    domain: Domain
    settings: Settings
    deadline: float | None = None
    tick: Callable[[], None] = lambda: None

    def run(self) -> Found:
        """Search."""
        at, steps = self.domain.project(self.start), self.settings.steps
        mover = descent.make(self.settings, at, self.domain)
        best, value = at.clone(), at.new_full((len(at),), torch.inf)
        mark, stale = value.clone(), torch.zeros(len(at), dtype=torch.long, device=at.device)
        trace = at.new_full((steps, len(at)), torch.nan)
        rows = torch.arange(len(at), device=at.device)
        for step in range(steps):
            here, slope = self._slope(at, rows)
            trace[step, rows] = here
            better = here < value[rows]
            best[rows] = torch.where(better[:, None], at, best[rows])
            value[rows] = torch.where(better, here, value[rows])
            moved = here < mark - self.settings.tolerance * mark.abs().nan_to_num(posinf=0)
            mark, stale = torch.where(moved, here, mark), torch.where(moved, 0, stale + 1)
            rate = self.settings.rate * factor(self.settings.schedule, step, steps)
            at = self.domain.project(mover.step(at, here, slope, rate))
            self.tick()
            if (step + 1) % EVERY:
                continue
            if self.deadline is not None and time.monotonic() >= self.deadline:
                break
            going = self._going(stale)
            if going is not None:
                if not len(going):
                    break
                mover.keep(going)
                at, rows, mark, stale = at[going], rows[going], mark[going], stale[going]
        return Found(at=best, value=value, trace=trace)

    def _slope(self, at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            followed = at.detach().requires_grad_()
            values = self.objective(followed, rows)
            [slope] = torch.autograd.grad(values.sum(), followed)
        return values.detach(), slope

    def _going(self, stale: Tensor) -> Tensor | None:
        """Return the indices of the searches that go on, or None where all do."""
        if self.settings.patience is None:
            return None
        going = stale < self.settings.patience
        return None if bool(going.all()) else going.nonzero()[:, 0]
