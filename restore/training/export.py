"""What a run leaves for others: weights in half precision, and a card that says how they came about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

import restore
from restore import weights
from restore.training.recipe import Recipe


def export(
    folder: Path,
    recipe: Recipe,
    network: nn.Module,
    *,
    step: int,
    data: str,
    scores: Mapping[str, float],
    options: Mapping[str, object],
) -> Path:
    """Write ``RECIPE.safetensors`` (half precision) and ``RECIPE.md`` into the folder; return the former."""
    path = folder / f"{recipe.name}.safetensors"
    metadata = {
        "format": "restore-1",
        "model": recipe.model,
        "options": json.dumps(dict(recipe.model_options), sort_keys=True),
        "recipe": recipe.name,
        "recipe_options": json.dumps(dict(options), sort_keys=True, default=str),
        "steps": str(step),
        "seed": str(recipe.seed),
    }
    weights.write(path, network.state_dict(), metadata, half=True)
    path.with_suffix(".md").write_text(
        card(path, recipe, network, step=step, data=data, scores=scores, options=options)
    )
    return path


def card(
    path: Path,
    recipe: Recipe,
    network: nn.Module,
    *,
    step: int,
    data: str,
    scores: Mapping[str, float],
    options: Mapping[str, object],
) -> str:
    """Return the model card as Markdown."""
    parameters = sum(p.numel() for p in network.parameters())
    rows = {
        "Model": f"`{recipe.model}` with {_listed(recipe.model_options)}; {parameters:,} parameters",
        "Recipe": f"`restore train {recipe.name}` with {_listed(options)}",
        "Steps": f"{step:,} of {recipe.steps:,}",
        "Seed": str(recipe.seed),
        "Training data": data,
        "Toolkit": f"restore-toolkit {restore.__version__}, torch {torch.__version__}",
        "sha256": f"`{hashlib.sha256(path.read_bytes()).hexdigest()}`",
    }
    lines = [
        f"# {path.stem}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in rows.items()),
    ]
    lines += ["", "Scores on the validation set at the end of the run, in single precision:", ""]
    lines += [f"- {name}: {value:.4f}" for name, value in scores.items()] or ["- none was given"]
    return "\n".join(lines) + "\n"


def _listed(options: Mapping[str, object]) -> str:
    return ", ".join(f"{key}={value}" for key, value in options.items()) or "its defaults"
