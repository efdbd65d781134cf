"""What a search asks of a prior beyond its images, checked before there is one to search for."""

from __future__ import annotations

from restore.contracts import DecodesInStages, Encodes, Prior
from restore.errors import UsageError
from restore.inversion import Settings


def check_abilities(prior: Prior, name: str, start: str, settings: Settings) -> None:
    """Raise UsageError for a start or a refinement that a prior, by its name, cannot give."""
    if start == "encoder" and not isinstance(prior, Encodes):
        raise UsageError(f"{name} has no encoder to start from", "start=random")
    if not settings.refine_steps:
        return
    if not isinstance(prior, DecodesInStages):
        raise UsageError(f"{name} has no stages to refine a result in", "leave refine_steps out")
    if settings.refine_stage > prior.stages:
        raise UsageError(f"{name} has no stage {settings.refine_stage}", f"refine_stage is 1 to {prior.stages}")
