"""How a run is carried out, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a run is carried out; nothing here changes what is learnt, except for rounding.

    A resumed run takes ``data``, ``validation``, ``device`` and ``precision`` from the run folder where they
    are None or ``auto``.
    """

    output: Path
    options: Mapping[str, Any]
    """The recipe's options as the user gave them, for the card and for the check on resuming."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Values of the options that were not given, so that one spelled out equals one left out."""
    data: Path | None = None
    """Where the training set lies; None for a recipe that brings its own."""
    validation: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    """``float32``, ``bfloat16``, or ``auto``: what the device is faster in."""
    resume: bool = False
    log_every: int = 50
    validate_every: int = 500
    checkpoint_every: int = 500
    quiet: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run came to: ``weights`` is None when it was interrupted before its last step.

    ``scores`` are the last ones that this call measured: none where it found the run finished.
    """

    step: int
    scores: Mapping[str, float]
    checkpoint: Path
    weights: Path | None
