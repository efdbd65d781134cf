"""L-BFGS for many searches at once: each row has a history, a step length and a line search of its own."""

from __future__ import annotations

import torch
from torch import Tensor

HISTORY = 10
ENOUGH = 1e-4
"""Share of the promised descent that a step has to bring (Armijo)."""
CURVED = 1e-8
"""Least cosine between a step and the change of the gradient for them to enter the history."""
TRIES = 10
"""Shortenings of a step after which a search starts again with the steepest descent."""


class LBFGS:
    """Nocedal's two loops (Mathematics of Computation, 1980), one evaluation of all rows a step.

    An evaluation either accepts a row's candidate, which gets a new direction, or shortens its step. So rows need not
    agree on when a line search is over, and what becomes of one does not depend on another.

    Args:
        start: ``(n, d)``.
        limit: what numbers are clipped to, or None; directions that lead out of there are left out.
    """

    def __init__(self, start: Tensor, *, limit: float | None = None) -> None:
        n = len(start)
        self.limit = limit
        self.at, self.slope, self.way = start.clone(), torch.zeros_like(start), torch.zeros_like(start)
        self.value = start.new_full((n,), torch.inf)
        self.length = start.new_ones(n)
        self.tries = torch.zeros(n, dtype=torch.long, device=start.device)
        self.moves = start.new_zeros(n, HISTORY, start.shape[1])
        self.bends = torch.zeros_like(self.moves)
        self.weights = start.new_zeros(n, HISTORY)
        """1 / (move . bend), 0 where there is no entry."""

    def step(self, at: Tensor, value: Tensor, slope: Tensor, rate: float) -> Tensor:
        """Return the next candidates. The rate is the length of a first step, and has no part in later ones."""
        slope = self._inside(at, slope)
        first = self.value.isinf()
        descent = _dot(self.slope, at - self.at)
        enough = value <= self.value + ENOUGH * descent.clamp(max=0)
        accepted = (first | (enough & (at != self.at).any(1))) & value.isfinite()
        self._remember(at - self.at, slope - self.slope, accepted & ~first)
        self.at = torch.where(accepted[:, None], at, self.at)
        self.slope = torch.where(accepted[:, None], slope, self.slope)
        self.tries = torch.where(accepted, 0, self.tries + 1)
        stuck = self.tries >= TRIES
        self.weights = torch.where(stuck[:, None], 0, self.weights)
        self.tries = torch.where(stuck, 0, self.tries)
        self._shorten(value, descent, accepted)
        self.value = torch.where(accepted, value, self.value)
        self._turn(accepted | stuck, rate)
        return self.at + self.length[:, None] * self.way

    def keep(self, rows: Tensor) -> None:
        """Forget all searches but those of these indices."""
        for name in ("at", "slope", "way", "value", "length", "tries", "moves", "bends", "weights"):
            setattr(self, name, getattr(self, name)[rows])

    def _inside(self, at: Tensor, slope: Tensor) -> Tensor:
        """Return the gradient without what pushes against the limits."""
        if self.limit is None:
            return slope
        outward = ((at >= self.limit) & (slope < 0)) | ((at <= -self.limit) & (slope > 0))
        return torch.where(outward, 0, slope)

    def _remember(self, move: Tensor, bend: Tensor, accepted: Tensor) -> None:
        """Put a pair in front of the history of the rows that took a step along which the gradient rises."""
        product = _dot(move, bend)
        curved = accepted & (product > CURVED * move.norm(dim=1) * bend.norm(dim=1)) & product.isfinite()
        new = curved[:, None, None]
        self.moves = torch.where(new, torch.cat([move[:, None], self.moves[:, :-1]], 1), self.moves)
        self.bends = torch.where(new, torch.cat([bend[:, None], self.bends[:, :-1]], 1), self.bends)
        weight = torch.where(curved, 1 / product, 0)[:, None]
        self.weights = torch.where(curved[:, None], torch.cat([weight, self.weights[:, :-1]], 1), self.weights)

    def _shorten(self, value: Tensor, descent: Tensor, accepted: Tensor) -> None:
        """Step back to the minimum of the parabola through what is known, within a tenth and a half."""
        bottom = -descent / (2 * (value - self.value - descent))
        share = torch.where(bottom.isfinite(), bottom, 0.1).clamp(0.1, 0.5)
        self.length = torch.where(accepted, self.length, self.length * share)

    def _turn(self, rows: Tensor, rate: float) -> None:
        """Give rows a new direction, and the step that goes with it."""
        known = self.weights[:, 0] > 0
        way = self._two_loops()
        steep = _dot(way, self.slope) < 0
        way = torch.where(steep[:, None], way, -self.slope)
        size = self.slope.abs().sum(1).clamp(min=torch.finfo(way.dtype).tiny)
        length = torch.where(known & steep, 1.0, rate * (1 / size).clamp(max=1e6))
        self.way = torch.where(rows[:, None], way, self.way)
        self.length = torch.where(rows, length, self.length)

    def _two_loops(self) -> Tensor:
        way, shares = -self.slope, []
        for age in range(HISTORY):
            share = self.weights[:, age] * _dot(self.moves[:, age], way)
            way = way - share[:, None] * self.bends[:, age]
            shares.append(share)
        square = _dot(self.bends[:, 0], self.bends[:, 0])
        scale = torch.where(self.weights[:, 0] > 0, 1 / (self.weights[:, 0] * square), 1)
        way = scale[:, None] * way
        for age in reversed(range(HISTORY)):
            back = self.weights[:, age] * _dot(self.bends[:, age], way)
            way = way + (shares[age] - back)[:, None] * self.moves[:, age]
        return way


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(1)
