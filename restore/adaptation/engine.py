"""Adaptation: arrays in, a training run, a predictor out."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from restore import weights as store
from restore.adaptation.contract import Adapts
from restore.adaptation.inputs import as_images, as_labels, check_domains, fitted
from restore.adaptation.predictor import Adapted
from restore.contracts import Recipe
from restore.errors import UsageError
from restore.options import check
from restore.registry import registry
from restore.training import Settings, checkpoint, train
from restore.training.loop import CHECKPOINT


def adapt(
    source_images: Any,
    source_labels: Any,
    target_images: Any,
    method: str = "cogan",
    seed: int = 0,
    *,
    device: str = "auto",
    precision: str = "auto",
    folder: str | Path | None = None,
    quiet: bool = True,
    **options: Any,
) -> Adapted:
    """Learn to read images without labels from images of another domain that have some.

    Args:
        source_images: array or tensor ``(N, H, W)``, ``(N, C, H, W)``, or ``(N, H * H)`` of squares; uint8, or floats
            in [0, 1].
        source_labels: ``(N,)``: whole numbers, text or booleans.
        target_images: likewise, of the same size; what they show is to be learnt.
        method: name of a recipe that can adapt.
        seed: of all that is random.
        device: ``auto``, ``cpu``, ``cuda``.
        precision: of training: ``auto``, ``float32``, ``bfloat16``.
        folder: where the run is kept; an interrupted one goes on from there. None: nothing is kept.
        quiet: say nothing while it trains.
        options: of the recipe, such as ``steps=2000, width=0.25``.

    Raises:
        InputError: images or labels that cannot be used: of two sizes, with other channels, too few, missing.
        UsageError: a recipe that cannot adapt, options that make no sense, a folder with another run.
        UnknownNameError: there is no such method.
        KeyboardInterrupt: it was interrupted.
    """
    component = registry().find("recipe", method)
    chosen = check(component.spec.name, component.factory(), {**options, "seed": seed})
    recipe = component.build(**chosen)
    if not isinstance(recipe, Recipe) or not isinstance(recipe, Adapts):
        raise UsageError(f"{method} trains, and cannot adapt", 'method="cogan" can')
    source, target = (
        as_images(given, what, recipe.shape[0])
        for given, what in ((source_images, "source"), (target_images, "target"))
    )
    check_domains(source, target)
    classes, labels = as_labels(source_labels, len(source))
    recipe.give(_stored(source, recipe.shape), labels, _stored(target, recipe.shape))
    with ExitStack() as stack:
        place = Path(folder if folder is not None else stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings(
            output=place, options={**options, "seed": seed}, device=device, precision=precision, quiet=quiet
        )
        begun = (place / CHECKPOINT).is_file()
        if begun and checkpoint.load(place / CHECKPOINT).get("data_line") != recipe.load_data(None, _silent):
            raise UsageError(f"{place} holds a run on other images", "give the same images, or another folder")
        result = train(recipe, replace(settings, resume=begun))
        if result.weights is None:
            raise KeyboardInterrupt
        told = {
            "classes": classes.tolist(), "shape": recipe.shape, "size": tuple(source.shape[2:]),
            "view": dict(recipe.view),
        }  # fmt: skip
        state, metadata = store.read(result.weights)
        marked = result.weights.with_name("adapted.safetensors")
        store.write(marked, state, {**metadata, "adapted": json.dumps(told)}, half=True)
        return Adapted.load(marked, device)


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


def _stored(images: Tensor, shape: tuple[int, int, int]) -> Tensor:
    return fitted(images, shape).mul(255).round().to(torch.uint8)
