"""Objectives of a search: from text, a table or a loss, and fit for a prior."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from restore.contracts import Criticises, Loss, Prior
from restore.errors import UsageError
from restore.objective import Objective, build_objective
from restore.options import parse
from restore.plugin import LossSpec
from restore.registry import registry

Losses = str | Mapping[str, float] | Loss | None
"""A sum of losses as ``restore.objective`` reads it, a loss, or nothing: None or an empty text."""


def build(losses: Losses, prior: Prior, device: torch.device) -> Loss | None:
    """Return the loss that is meant, or None.

    Raises:
        UsageError: a loss that asks a critic, of a prior that has none; or as ``build_objective``.
    """
    if losses is None or isinstance(losses, Loss):
        return losses
    if not losses or (isinstance(losses, str) and not losses.strip()):
        return None
    objective = build_objective(losses)
    if not isinstance(prior, Criticises):
        _refuse_critics(objective, prior)
    return objective.to(device)


def _refuse_critics(objective: Objective, prior: Prior) -> None:
    for term in objective.terms:
        name, _ = parse(term.name)
        spec = registry().find("loss", name).spec
        if isinstance(spec, LossSpec) and "critic" in spec.needs:
            raise UsageError(
                f"the loss {name} asks a critic, and {type(prior).__name__} has none",
                "leave the loss out, or take a prior with a critic",
            )
