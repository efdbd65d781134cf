"""What a run leaves for others: weights in half precision, and a card that says how they came about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

import restore
from restore import weights
from restore.contracts import Recipe
from restore.training.replacing import replacing
from restore.training.settings import Settings
from restore.values import as_text


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a card tells of a run besides its recipe."""

    step: int
    settings: Settings
    device: str
    precision: str
    data: str
    """What ``Recipe.load_data`` said."""
    scores: Mapping[str, float]
    """Of the weights as the file holds them."""


@contextmanager
def rounded(network: nn.Module) -> Iterator[nn.Module]:
    """Yield a network with its floating weights rounded to float16, as ``export`` writes them; then undo it."""
    exact = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(
        {name: value.half().to(value.dtype) if value.is_floating_point() else value for name, value in exact.items()}
    )
    try:
        yield network
    finally:
        network.load_state_dict(exact)


def weights_of(folder: Path, recipe: Recipe) -> Path:
    """Return where the weights of a run are written."""
    return folder / f"{recipe.name}.safetensors"


def exported(folder: Path, recipe: Recipe, checkpoint: Path) -> Path | None:
    """Return the weights of a run whose card, which is written last, is younger than its checkpoint; or None."""
    path = weights_of(folder, recipe)
    described = path.with_suffix(".md")
    whole = path.exists() and described.exists() and described.stat().st_mtime_ns >= checkpoint.stat().st_mtime_ns
    return path if whole else None


def export(folder: Path, recipe: Recipe, network: nn.Module, account: Account) -> Path:
    """Write ``RECIPE.safetensors`` (half precision), then ``RECIPE.md``, into the folder; return the former.

    Raises:
        WeightsError: weights that float16 cannot hold, or a file that cannot be written.
        RestoreError: a card that cannot be written.
    """
    path = weights_of(folder, recipe)
    metadata = {
        "format": "restore-1",
        "model": recipe.model,
        "options": json.dumps(dict(recipe.model_options), sort_keys=True),
        "recipe": recipe.name,
        "recipe_options": json.dumps(told(account.settings.options), sort_keys=True, default=str),
        "steps": str(account.step),
        "seed": str(recipe.seed),
        **({"started_from": recipe.started_from} if recipe.started_from else {}),
        **({"data_terms": recipe.data_terms} if recipe.data_terms else {}),
    }
    weights.write(path, network.state_dict(), metadata, half=True)
    with replacing(path.with_suffix(".md")) as temporary:
        temporary.write_text(card(path, recipe, network, account), encoding="utf-8")
    return path


def told(options: Mapping[str, object]) -> dict[str, object]:
    """Return a recipe's options as others may read them: of a file or a folder its name, and not where it lay."""
    return {key: _name(value) if isinstance(value, str | Path) else value for key, value in options.items()}


def _name(value: str | Path) -> str:
    try:
        there = Path(value).expanduser().exists()
        return (there and Path(value).name) or str(value)  # no text and "." have no name: the working folder
    except (OSError, RuntimeError):  # a text that is too long for a path, or begins with ~ and names no user
        return str(value)


def card(path: Path, recipe: Recipe, network: nn.Module, account: Account) -> str:
    """Return the model card as Markdown."""
    parameters = sum(p.numel() for p in network.parameters())
    validation = account.settings.validation
    rows = {
        "Model": f"`{recipe.model}` with {_listed(recipe.model_options)}; {parameters:,} parameters",
        "Licence": recipe.licence,
        "Recipe": f"`restore train {recipe.name}` with {_listed(told(account.settings.options))}",
        "Steps": f"{account.step:,} of {recipe.steps:,}",
        "Seed": str(recipe.seed),
        "Training data": account.data,
        "Data terms": recipe.data_terms,
        "Validation set": validation.resolve().name if validation is not None and account.scores else "",
        "Measured": recipe.validation_protocol if account.scores else "",
        "Trained on": f"{account.device} in {account.precision}",
        "Toolkit": f"restore-toolkit {restore.__version__}, torch {torch.__version__}",
        "sha256": f"`{hashlib.sha256(path.read_bytes()).hexdigest()}`",
    }
    lines = [
        f"# {path.stem}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {key} | {_cell(value)} |" for key, value in rows.items() if value),
    ]
    lines += ["", "Scores of the weights in this file (float16), computed in single precision:", ""]
    lines += [f"- {name}: {value:.4f}" for name, value in account.scores.items()] or ["- none was given"]
    return "\n".join(lines) + "\n"


def _listed(options: Mapping[str, object]) -> str:
    told = {key: as_text(value) if isinstance(value, tuple | list) else value for key, value in options.items()}
    return ", ".join(f"{key}={value}" for key, value in told.items()) or "its defaults"


def _cell(text: str) -> str:
    """A bar would end the cell, a line break the table."""
    return " ".join(text.split()).replace("|", "\\|")
