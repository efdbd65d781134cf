"""Photographs that scikit-image carries, made small and large again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restore.benchmark import evaluate
from restore.composition import degrade
from restore.runtime import load

Pixels = NDArray[np.uint8]
"""(H, W, 3)."""

SCALE = 4
METHODS: Mapping[str, Mapping[str, Any]] = {"bicubic": {"scale": SCALE}, "srresnet": {}}
"""Models and their options."""
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee")
"""Names in ``skimage.data`` whose files are in its wheel, so that nothing is downloaded."""
PROTOCOL = "sr-y"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A photograph, what was made of it, and how near that came."""

    name: str
    original: Pixels
    low: Pixels
    restored: Mapping[str, Pixels]
    """By model."""
    scores: Mapping[str, Mapping[str, float]]
    """By model, then metric."""
    seconds: Mapping[str, float]
    """By model."""


def photograph(name: str) -> Pixels:
    """Return a photograph of scikit-image ``(H, W, 3)``, cropped to sides that are multiples of the scale."""
    import skimage.data

    image: Pixels = getattr(skimage.data, name)()
    height, width = (side // SCALE * SCALE for side in image.shape[:2])
    return np.ascontiguousarray(image[:height, :width])


def trials(names: Sequence[str] = PHOTOGRAPHS, methods: Mapping[str, Mapping[str, Any]] = METHODS) -> Iterator[Trial]:
    """Degrade, restore and measure photographs, one after the other.

    Args:
        names: of photographs in ``skimage.data``.
        methods: super-resolution models of the demo's scale, with their options.

    Raises:
        RestoreError: a model or its weights are missing.
    """
    models = {name: load(name, **options) for name, options in methods.items()}
    for name in names:
        original = photograph(name)
        low = degrade(original, f"bicubic:scale={SCALE}")
        restored, seconds = {}, {}
        for method, model in models.items():
            start = time.perf_counter()
            restored[method] = model(low)
            seconds[method] = time.perf_counter() - start
        scores = {
            method: evaluate(image, original, protocol=PROTOCOL, scale=SCALE) for method, image in restored.items()
        }
        yield Trial(name=name, original=original, low=low, restored=restored, scores=scores, seconds=seconds)
