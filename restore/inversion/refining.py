"""A second search, among the features of the prior's decoder: they say more than a latent can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from restore.inversion.domains import Normal
from restore.inversion.prepared import Prepared
from restore.inversion.problem import Problem, Remembered, total
from restore.inversion.search import Search
from restore.inversion.settings import Settings

SLOWER = 5
"""The learning rate among features is so many times smaller, where none is given."""


def refine(
    prepared: Prepared,
    problem: Problem,
    z: Tensor,
    settings: Settings,
    *,
    deadline: float | None,
    tick: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    """Return images ``(B, C, H, W)``, and the trace ``(steps, B)``, of a search that starts from latents.

    Raises:
        UsageError: the prior has no such stage.
    """
    stage = settings.refine_stage
    staged = prepared.staged(stage)
    features = staged.decode_to(stage, z)
    origin = features.flatten(1)

    def decoded(flat: Tensor, *, exact: bool = True) -> Tensor:
        whole = flat.reshape(len(flat), *features.shape[1:])
        return prepared.computed(lambda part: staged.decode_from(stage, part), whole, exact=exact)

    remembered = Remembered(replace(problem, context=prepared.context(exact=False)))

    def objective(flat: Tensor, rows: Tensor) -> Tensor:
        away = (flat - origin[rows]).square().mean(1)
        return total(remembered(rows)(decoded(flat, exact=False))) + settings.refine_weight * away

    rate = settings.rate / SLOWER if settings.refine_rate is None else settings.refine_rate
    found = Search(
        objective=objective,
        start=origin,
        domain=Normal(),
        settings=replace(settings, steps=settings.refine_steps, learning_rate=rate),
        deadline=deadline,
        tick=tick,
    ).run()
    with torch.no_grad():
        return decoded(found.at), found.trace
