"""What a network has learnt so far: its scores, and a picture of what it makes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from restore.contracts import Recipe
from restore.training import pictures
from restore.training.data import seed_torch
from restore.training.journal import VALIDATION, Journal
from restore.training.settings import Settings


def look(recipe: Recipe, settings: Settings, journal: Journal, step: int, network: nn.Module) -> Mapping[str, float]:
    """Score the network after a step and draw what it makes; return the scores. Its weights and mode stay."""
    training = network.training
    try:
        with torch.inference_mode():
            scores = _validate(recipe, settings, journal, step, network.eval())
            if pictures.is_due(step, recipe.steps, settings.validate_every):
                _draw(recipe, settings, journal, step, network)
    finally:
        network.train(training)
    return scores


def _validate(
    recipe: Recipe, settings: Settings, journal: Journal, step: int, network: nn.Module
) -> Mapping[str, float]:
    seed_torch(recipe.seed, step)
    scores = dict(recipe.score(network))
    if settings.validation is not None:
        scores |= recipe.validate(network, settings.validation)
    if scores or settings.validation is not None:
        journal.record(step, {f"{VALIDATION}{name}": value for name, value in scores.items()}, say=True)
    return scores


def _draw(recipe: Recipe, settings: Settings, journal: Journal, step: int, network: nn.Module) -> None:
    seed_torch(recipe.seed, step)
    try:
        if images := recipe.pictures(network, settings.validation):
            drawn = pictures.sheet(images)
            pictures.write(settings.output, step, drawn)
            journal.show(step, drawn)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, a picture is not worth the run
        journal.say(f"no picture of step {step}: {type(error).__name__}: {error}")
